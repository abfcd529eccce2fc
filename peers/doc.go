// Package peers holds what the servers that other people wrote have in common
// here: how they are registered, what the paths of the http app answer, the listener
// as package net wants it, with its drain, and a plain scan of HTTP/1.1 for libraries
// that bring an event loop and no parser.
//
//	nethttp, fasthttp:  library's parser --> library's router or a switch --+
//	                                                                       +--> this package: bodies
//	evio, gnet:         library's loop ----> Site: plain scan, heads ------+
//
// A peer is set up as its own users and benchmarks set it up, so that it can be
// compared with the models of this project: see docs/models/peers.md. Its answers
// have the same fields as those of models/app, byte for byte of the same size.
//
// A peer knows neither the stages nor the board of this project, and nothing is
// counted there but the flag of a drain.
package peers

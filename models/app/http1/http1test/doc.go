// Package http1test has what a test of an HTTP server, or of any pipeline, is made
// of: a driver that runs a pipeline without sockets, ways to lay the same bytes
// out in memory, requests that must be refused (Hostile) and requests that must be
// understood (Valid).
//
// The tables are data: the suite that every model passes sends them over real
// connections, the parser's own tests feed them in every layout.
package http1test

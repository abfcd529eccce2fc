// Package models says what a server model is: the plain data that configures
// one, the traits that tell what to expect of it, the environment it runs in,
// and the registry that the command and the experiments choose from.
//
// A model decides three things and nothing else: who accepts, who serves, and
// how they wait. The bytes (models/buf), the protocol (models/stage, models/app),
// the reading and writing (models/conn) and the bookkeeping (models/board) are
// the same for all, so that two models that differ in a measurement differ for
// the reason that their sources show.
//
//	Config --> Listen --> Env{Config, Listener, Board} --> Model.New --> Server
//	                                                                      |
//	                            Serve returns <-- drained <-- Env.Drain <-+
package models

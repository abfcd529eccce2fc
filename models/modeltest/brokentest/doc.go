// Package brokentest proves that the conformance suite catches what it is there
// for. It holds a small server model of its own, a thread per connection, which
// passes every check as variant "none". Each other variant has one flaw, at one
// marked place of its source, and is named after the one check that must fail:
// "Head", or "NoLeaks-block" for the second flaw that NoLeaks must find.
//
// The flaws are what goes wrong in real servers, cut down until only one check can
// see them: which is what makes a proof that each check looks at something that
// no other does.
//
//	accept --> thread per connection: run stages, flush, fill --> close
//	  |                                            |       |
//	ManyConns, Shed                 StreamDown, BasicIO ..  StreamUp, Head ...
package brokentest

// Package http1 is an HTTP/1.1 server as a pipeline of stages: routes and handlers
// in, a stage.Pipeline out. It never sees a descriptor and never waits, so it runs
// under every model.
//
// A handler answers with one of Reply, ReplyChain, ReplyN and Refuse, or says what
// comes first with Read, Wait or Offload:
//
//	func hello(x *http1.Exchange) stage.Next {
//		return x.Reply(200, "text/plain", []byte("Hello, "+string(x.Rest())))
//	}
//
//	routes := []http1.Route{{Method: "GET", Path: "/hello/", Handler: hello}}
//
// # Stages
//
// A connection goes through these; an arrow with a word in brackets waits for it.
//
//	 begin --[input]--> woken --> readHead <---------------------------+
//	                      ^        |    ^  [input]                     |
//	                      |        |    +-- waitHead                   |
//	                      |        v                                   |
//	                      |     dispatch --> readBody <-[input]- waitBody
//	                      |        |            |                      |
//	                      |        v            v                      |
//	                      |     handler: Reply, ReplyN, Wait ...       |
//	                      |        |      pump [room]  [timer]         | more
//	                      |        v                                   | input
//	                      +-[in.]- rest <----- finish -----------------+
//	                                              |
//	whatever is refused ------------------------->+--> done
//
// # Memory
//
// A request is parsed where it was received. Its head is looked at once, whatever
// pieces it comes in; it is copied only if it crosses the end of a block
// (buf.Chain.Contiguous). Fields are offsets into it. A body is moved: to the
// handler's chain, and from there to the output. Answers are written straight into
// the output's memory. Nothing is allocated per request; an idle connection holds
// nothing at all.
//
// # Rules
//
// RFC 9110 and RFC 9112, read strictly: whatever two parsers could understand in
// two ways is refused (refusal.go lists it all). Decisions that the RFCs leave
// open: LF alone does not end a line; equal Content-Length fields are refused as
// different ones are; CONNECT is 501, since this is no proxy, and TRACE is 405; a
// request line without a version (HTTP/0.9) is 400; an empty Host passes; an error
// answer always closes the connection; a 1xx is sent only as 100 Continue.
//
// Sizes: request line 8 KiB, head 16 KiB, 100 fields, a chunk's size line 256
// bytes, trailer section 8 KiB; a body that a handler ignores is read up to
// 256 KiB.
package http1

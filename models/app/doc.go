// Package app holds what c10kit serves: pipelines that run unchanged under every
// model, found by name.
//
//	http   HTTP/1.1 with paths that each stress one thing (http.go)
//	echo   sends back what it receives
//	unp    the protocol of Stevens's client: a number and a newline in, that many
//	       bytes out
//
// A program adds its own with Register, from an init function:
//
//	func init() {
//		app.Register("hello", func(*stage.Worker) (stage.Pipeline, error) {
//			return http1.New([]http1.Route{{Method: "GET", Path: "/", Handler: hello}})
//		})
//	}
//
// Package http1 is the HTTP/1.1 server that http is made with, and that a
// handler of one's own is written for.
package app

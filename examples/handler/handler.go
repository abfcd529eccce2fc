package main

import (
	"bytes"
	"strconv"

	"github.com/c10kit/c10kit/models/app"
	"github.com/c10kit/c10kit/models/app/http1"
	"github.com/c10kit/c10kit/models/stage"
)

// The name under which models find the app: --app there, Config.App here.
const name = "greeter"

func init() {
	app.Register(name, func(*stage.Worker) (stage.Pipeline, error) {
		return http1.New([]http1.Route{
			{Method: "GET", Path: "/greet/", Handler: greet},
			{Method: "POST", Path: "/lines", Body: http1.Buffered, Handler: lines},
		})
	})
}

// greet answers GET /greet/NAME in the language that the client would like.
func greet(x *http1.Exchange) stage.Next {
	if len(x.Rest()) == 0 {
		return x.Refuse(400, "/greet/NAME: whom?")
	}
	greeting := "Hello, "
	if bytes.HasPrefix(x.Field("accept-language"), []byte("de")) {
		greeting = "Guten Tag, "
	}
	return x.Reply(200, "text/plain; charset=utf-8", append([]byte(greeting), x.Rest()...))
}

// lines answers POST /lines with the number of lines of the body, which it reads
// where it was received: a list of windows, not one slice.
func lines(x *http1.Exchange) stage.Next {
	n := 0
	for b := x.Body().Front(); b != nil; b = b.Next() {
		n += bytes.Count(b.Bytes(), []byte("\n"))
	}
	return x.Reply(200, "text/plain", strconv.AppendInt(nil, int64(n), 10))
}

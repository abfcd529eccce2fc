package http1test

import (
	"fmt"
	"strings"

	"github.com/c10kit/c10kit/models/app/http1"
	"github.com/c10kit/c10kit/models/stage"
)

// Mirror returns a pipeline that answers every request with what it was understood
// to be, in the form of Case.Mirrored, so that a test sees from outside whether a
// request means to the server what it means to the table. For tests: it allocates.
func Mirror() (stage.Pipeline, error) {
	routes := []http1.Route{{Method: "OPTIONS", Path: "*", Body: http1.Buffered, Handler: mirror}}
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"} {
		routes = append(routes, http1.Route{Method: method, Path: "/", Body: http1.Buffered, Handler: mirror})
	}
	return http1.New(routes)
}

func mirror(x *http1.Exchange) stage.Next {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\n", x.Method(), x.Target(), x.Host())
	for name, value := range x.Fields {
		fmt.Fprintf(&b, "%s: %s\n", name, value)
	}
	fmt.Fprintf(&b, "\n%s", x.Body().Bytes())
	return x.Reply(200, "text/plain", []byte(b.String()))
}

// Mirrored returns the body of Mirror's answer to a valid case (for HEAD: what it
// would be).
func (c *Case) Mirrored() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\n", c.Method, c.Target, c.Host)
	for _, f := range c.Fields {
		fmt.Fprintf(&b, "%s: %s\n", f[0], f[1])
	}
	fmt.Fprintf(&b, "\n%s", c.Body)
	return b.String()
}

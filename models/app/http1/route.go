package http1

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/c10kit/c10kit/models/stage"
)

// Handler answers a request: it returns what one of the answering or waiting
// methods of x returns. It runs on the connection's worker and must not block it.
type Handler func(x *Exchange) stage.Next

// Body is what a route does with the body of a request.
type Body uint8

const (
	// Ignored bodies are read and thrown away before the handler is called, if they
	// are small; otherwise the answer says Connection: close.
	Ignored Body = iota
	// Buffered bodies are complete, and Exchange.Body holds them, when the handler is
	// called. More than Limits.MaxBody is refused with 413.
	Buffered
	// Streamed bodies are read by Exchange.Read, which the handler returns. One that
	// answers without it closes the connection.
	Streamed
)

// Route says who answers which requests.
type Route struct {
	// Method is a method of RFC 9110 or PATCH. GET answers HEAD as well; OPTIONS is
	// answered for every path. CONNECT is not for servers.
	Method string
	// Path starts with a slash. One that ends with a slash stands for everything
	// below it, the longest one counts; any other for itself. "*" with OPTIONS is the
	// server as a whole.
	Path    string
	Body    Body
	Handler Handler
}

// resource is all the routes of one path.
type resource struct {
	path   string
	routes [methods]*Route
	allow  string // the value of Allow
}

// table finds resources by path.
type table struct {
	exact   map[string]*resource
	below   []*resource // the longest path first
	star    resource    // of OPTIONS *
	last    *resource   // what find found last and whole: the next request mostly wants it, too
	routes  []Route
	options Route // answers OPTIONS where no route does
}

func newTable(routes []Route) (*table, error) {
	t := &table{exact: map[string]*resource{}, routes: slices.Clone(routes)}
	t.options.Handler = func(x *Exchange) stage.Next { return x.Reply(204, "", nil) }
	var every [methods]bool
	for i := range t.routes {
		r := &t.routes[i]
		m := methodOf([]byte(r.Method))
		switch {
		case m == mUnknown || m == mConnect:
			return nil, fmt.Errorf("http1: route %s %s: the method is not one of %s",
				r.Method, r.Path, strings.Join(methodNames[mGet:mConnect], ", "))
		case !strings.HasPrefix(r.Path, "/") && (r.Path != "*" || m != mOptions):
			return nil, fmt.Errorf("http1: route %s %q: a path starts with a slash, or is the * of OPTIONS", r.Method, r.Path)
		case r.Handler == nil:
			return nil, fmt.Errorf("http1: route %s %s has no handler", r.Method, r.Path)
		}
		res := t.resource(r.Path)
		if res.routes[m] != nil {
			return nil, fmt.Errorf("http1: route %s %s is there twice", r.Method, r.Path)
		}
		res.routes[m] = r
		every[m] = true
	}
	for _, res := range t.exact {
		res.complete()
	}
	for _, res := range t.below {
		res.complete()
	}
	slices.SortFunc(t.below, func(a, b *resource) int { return cmp.Compare(len(b.path), len(a.path)) })
	every[mHead] = every[mHead] || every[mGet]
	every[mOptions] = true
	t.star.allow = allow(func(m method) bool { return every[m] })
	return t, nil
}

// resource returns the resource of path, a new one if there is none.
func (t *table) resource(path string) *resource {
	if path == "*" {
		return &t.star
	}
	if !strings.HasSuffix(path, "/") {
		if t.exact[path] == nil {
			t.exact[path] = &resource{path: path}
		}
		return t.exact[path]
	}
	for _, res := range t.below {
		if res.path == path {
			return res
		}
	}
	res := &resource{path: path}
	t.below = append(t.below, res)
	return res
}

// complete adds what follows from the routes that there are.
func (res *resource) complete() {
	if res.routes[mHead] == nil {
		res.routes[mHead] = res.routes[mGet]
	}
	res.allow = allow(func(m method) bool { return res.routes[m] != nil || m == mOptions })
}

func allow(has func(method) bool) string {
	var names []string
	for m := mGet; m < methods; m++ {
		if has(m) {
			names = append(names, methodNames[m])
		}
	}
	return strings.Join(names, ", ")
}

// find returns the resource of a path, nil if there is none, and how much of the
// path its prefix is.
func (t *table) find(path []byte) (*resource, int) {
	if t.last != nil && string(path) == t.last.path {
		return t.last, len(path)
	}
	if res := t.exact[string(path)]; res != nil {
		t.last = res
		return res, len(path)
	}
	for _, res := range t.below {
		if n := len(res.path); len(path) >= n && string(path[:n]) == res.path {
			return res, n
		}
	}
	return nil, 0
}

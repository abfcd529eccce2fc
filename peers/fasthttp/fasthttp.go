// Package fasthttp is github.com/valyala/fasthttp as a peer: a goroutine out of a
// pool for each connection over the runtime's poller, and requests and answers that
// are used again.
//
//	accept --> worker of a pool: read, parse, handler, write --+
//	                             ^   (sleeps in the runtime's  |
//	                             +---  epoll) -----------------+
//
// It is set up as its entry in the TechEmpower benchmarks (frameworks/Go/fasthttp):
// a name, names of fields left as they are, a switch on the path. So it has no time
// limits. Beyond that, bodies are streamed (for /sink), and Concurrency and
// CloseOnShutdown are set, which cost a request nothing.
package fasthttp

import (
	"bytes"
	"io"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/peers"
)

func init() {
	traits := peers.Goroutines("server", map[string]string{
		"Shed": "over its Concurrency it answers 503 and closes without having read, which is a reset",

		"Valid/empty Host":               "the library refuses it",
		"Valid/the longest request line": "a head of more than 4 KiB wants a larger ReadBufferSize",
		"Valid/the largest head":         "a head of more than 4 KiB wants a larger ReadBufferSize",
	})
	peers.Register("fasthttp", "valyala/fasthttp, a goroutine of a pool for each connection", traits, func(env *models.Env) models.Server {
		return &server{env: env, config: env.Config}
	})
}

type server struct {
	env    *models.Env
	config models.Config
}

// Serve implements models.Server.
func (s *server) Serve() error {
	srv := &fasthttp.Server{
		Name:                          peers.Server,
		Handler:                       s.handle,
		DisableHeaderNamesNormalizing: true,
		Concurrency:                   s.config.MaxConns,
		MaxRequestBodySize:            int(s.config.MaxBody),
		StreamRequestBody:             true,
		CloseOnShutdown:               true,
	}
	return peers.Serve(s.env, srv.Serve, srv.ShutdownWithContext)
}

func (s *server) handle(ctx *fasthttp.RequestCtx) {
	switch path := string(ctx.Path()); path {
	case "/plaintext":
		get(ctx, peers.Text, peers.Hello)
	case "/json":
		get(ctx, peers.JSON, peers.HelloJSON)
	case "/echo":
		s.echo(ctx)
	case "/sink":
		sink(ctx)
	default:
		s.below(ctx, path)
	}
}

// below answers the paths that carry a value.
func (s *server) below(ctx *fasthttp.RequestCtx, path string) {
	switch {
	case strings.HasPrefix(path, "/bytes/"):
		bytesN(ctx, path[len("/bytes/"):])
	case strings.HasPrefix(path, "/hash/"):
		if sum, ok := peers.Hash(path[len("/hash/"):]); ok {
			get(ctx, peers.Text, sum)
			return
		}
		ctx.Error("N is a number of bytes, at most 1048576", fasthttp.StatusBadRequest)
	case strings.HasPrefix(path, "/wait/"):
		if d, ok := peers.Wait(path[len("/wait/"):]); ok {
			time.Sleep(d)
			get(ctx, peers.Text, peers.Waited)
			return
		}
		ctx.Error("D is a duration such as 20ms, at most 10s", fasthttp.StatusBadRequest)
	case path == "/crash" && s.config.Lab:
		peers.Crash()
	default:
		ctx.Error(fasthttp.StatusMessage(fasthttp.StatusNotFound), fasthttp.StatusNotFound)
	}
}

// allowed refuses a method that a path does not have.
func allowed(ctx *fasthttp.RequestCtx, ok bool, allow string) bool {
	if !ok {
		ctx.Error(fasthttp.StatusMessage(fasthttp.StatusMethodNotAllowed), fasthttp.StatusMethodNotAllowed)
		ctx.Response.Header.Set("Allow", allow)
	}
	return ok
}

func isGet(ctx *fasthttp.RequestCtx) bool {
	return allowed(ctx, ctx.IsGet() || ctx.IsHead(), "GET, HEAD")
}

func get(ctx *fasthttp.RequestCtx, contentType, body string) {
	if isGet(ctx) {
		ctx.SetContentType(contentType)
		ctx.SetBodyString(body)
	}
}

func bytesN(ctx *fasthttp.RequestCtx, number string) {
	n, ok := peers.Number(number, peers.MaxBytes)
	switch {
	case !ok:
		ctx.Error("N is a number of bytes, at most 1073741824", fasthttp.StatusBadRequest)
		return
	case !isGet(ctx):
		return
	case n <= peers.MaxSlice:
		ctx.Response.SetBodyRaw(peers.Slice(n))
	default:
		ctx.Response.SetBodyStream(peers.Stream(n), n)
	}
	ctx.SetContentType(peers.Octet)
}

func (s *server) echo(ctx *fasthttp.RequestCtx) {
	if !allowed(ctx, ctx.IsPost(), "POST") {
		return
	}
	// One byte more than allowed tells that there are more.
	body, err := io.ReadAll(io.LimitReader(requestBody(ctx), s.config.MaxBody+1))
	switch {
	case err != nil:
		ctx.Error(err.Error(), fasthttp.StatusBadRequest)
		return
	case int64(len(body)) > s.config.MaxBody:
		ctx.Error("the body is larger than this server buffers", fasthttp.StatusRequestEntityTooLarge)
		ctx.SetConnectionClose()
		return
	}
	contentType := ctx.Request.Header.ContentType()
	if len(contentType) == 0 {
		contentType = []byte(peers.Octet)
	}
	ctx.SetContentTypeBytes(contentType)
	ctx.Response.SetBodyRaw(body)
}

func sink(ctx *fasthttp.RequestCtx) {
	if !allowed(ctx, ctx.IsPost(), "POST") {
		return
	}
	digest, err := peers.Sink(requestBody(ctx))
	if err != nil {
		ctx.Error(err.Error(), fasthttp.StatusBadRequest)
		return
	}
	ctx.SetContentType(peers.JSON)
	ctx.SetBodyString(digest)
}

// requestBody returns the body as it comes, or all of it where the library has read
// it with the head.
func requestBody(ctx *fasthttp.RequestCtx) io.Reader {
	if r := ctx.RequestBodyStream(); r != nil {
		return r
	}
	return bytes.NewReader(ctx.PostBody())
}

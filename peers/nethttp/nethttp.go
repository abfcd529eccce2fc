// Package nethttp is the server of Go's standard library as a peer: net/http, a
// goroutine for each connection over the runtime's poller.
//
//	accept --> go: read, parse, mux, handler, write --+
//	               ^     (sleeps in the runtime's     |
//	               +----  epoll, not in a thread) ----+
//
// It is set up as http.ListenAndServe sets it up, with the mux of the library: no
// option is set but the address. So it has no time limits.
package nethttp

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/peers"
)

func init() {
	// A crash takes the connection only: the library recovers.
	traits := peers.Goroutines("connection", map[string]string{
		"Shed": "the library has no bound on connections",

		"Drain/half a request": "the library drops a request whose head is not complete once it shuts down",

		"Valid/empty lines before the request line": "the library refuses them",
		"Valid/absolute form without a path":        "the library's mux redirects it",
	})
	traits.Ignores = append(traits.Ignores, "max-conns")
	peers.Register("nethttp", "Go's net/http, a goroutine for each connection", traits, func(env *models.Env) models.Server {
		return &server{env}
	})
}

type server struct{ env *models.Env }

// Serve implements models.Server.
func (s *server) Serve() error {
	srv := &http.Server{Handler: handler(s.env.Config)}
	return peers.Serve(s.env, srv.Serve, srv.Shutdown)
}

func handler(config models.Config) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /plaintext", func(w http.ResponseWriter, _ *http.Request) { answer(w, peers.Text, peers.Hello) })
	mux.HandleFunc("GET /json", func(w http.ResponseWriter, _ *http.Request) { answer(w, peers.JSON, peers.HelloJSON) })
	mux.HandleFunc("GET /bytes/{n}", bytesN)
	mux.HandleFunc("GET /hash/{n}", hashN)
	mux.HandleFunc("GET /wait/{d}", wait)
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) { echo(w, r, config.MaxBody) })
	mux.HandleFunc("POST /sink", sink)
	if config.Lab {
		mux.HandleFunc("GET /crash", func(http.ResponseWriter, *http.Request) { peers.Crash() })
	}
	return mux
}

// head sets the fields that the library does not set by itself.
func head(w http.ResponseWriter, contentType string) {
	h := w.Header()
	h.Set("Server", peers.Server)
	h.Set("Content-Type", contentType)
}

// answer leaves Content-Length to the library, as its users do: it counts what is
// small enough for its buffer. An error means that the client has gone.
func answer(w http.ResponseWriter, contentType, body string) {
	head(w, contentType)
	_, _ = io.WriteString(w, body)
}

func bytesN(w http.ResponseWriter, r *http.Request) {
	n, ok := peers.Number(r.PathValue("n"), peers.MaxBytes)
	if !ok {
		http.Error(w, "N is a number of bytes, at most 1073741824", http.StatusBadRequest)
		return
	}
	head(w, peers.Octet)
	w.Header().Set("Content-Length", strconv.Itoa(n))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = io.Copy(w, peers.Stream(n)) // an error means that the client has gone
}

func hashN(w http.ResponseWriter, r *http.Request) {
	sum, ok := peers.Hash(r.PathValue("n"))
	if !ok {
		http.Error(w, "N is a number of bytes, at most 1048576", http.StatusBadRequest)
		return
	}
	answer(w, peers.Text, sum)
}

func wait(w http.ResponseWriter, r *http.Request) {
	d, ok := peers.Wait(r.PathValue("d"))
	if !ok {
		http.Error(w, "D is a duration such as 20ms, at most 10s", http.StatusBadRequest)
		return
	}
	time.Sleep(d)
	answer(w, peers.Text, peers.Waited)
}

func echo(w http.ResponseWriter, r *http.Request, limit int64) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		http.Error(w, "the body is larger than this server buffers", http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	contentType := r.Header.Get("Content-Type")
	if contentType == "" {
		contentType = peers.Octet
	}
	head(w, contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // an error means that the client has gone
}

func sink(w http.ResponseWriter, r *http.Request) {
	digest, err := peers.Sink(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer(w, peers.JSON, digest)
}

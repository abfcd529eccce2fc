// Package evio is github.com/tidwall/evio as a peer: event loops that all wait for
// the one listener and for the connections that each has accepted.
//
//	loop 1:  epoll_wait --> accept | read --> Data --> epoll_ctl, epoll_wait --> write
//	loop 2:  epoll_wait --> ...
//
// It is set up as its entry in the TechEmpower benchmarks (frameworks/Go/evio): a
// loop for each processor, connections shared out at random, and a plain scan for
// requests over its InputStream. It knows no time limits, and an answer is one slice
// that it copies.
package evio

import (
	"time"

	"github.com/tidwall/evio"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/peers"
)

func init() {
	peers.Register("evio", "tidwall/evio, event loops that share one listener", peers.Loops(), func(env *models.Env) models.Server {
		return &server{env: env, listening: make(chan struct{})}
	})
}

type server struct {
	env       *models.Env
	site      *peers.Site
	listening chan struct{}
}

// Listening implements models.Starter.
func (s *server) Listening() <-chan struct{} { return s.listening }

// tick is how late the server may hear of a drain: evio can be told to end only by
// what one of its events returns.
const tick = 50 * time.Millisecond

// Serve implements models.Server.
func (s *server) Serve() error {
	clock := peers.StartClock()
	defer clock.Stop()
	s.site = &peers.Site{Clock: clock, MaxBody: s.env.Config.MaxBody, Lab: s.env.Config.Lab}
	data := s.http
	if s.env.Config.App == "echo" {
		data = echo
	}
	return evio.Serve(evio.Events{
		NumLoops: s.env.Config.Workers,
		Serving: func(evio.Server) evio.Action {
			close(s.listening)
			return evio.None
		},
		Opened: func(c evio.Conn) ([]byte, evio.Options, evio.Action) {
			c.SetContext(&evio.InputStream{})
			return nil, evio.Options{}, evio.None
		},
		Data: data,
		Tick: func() (time.Duration, evio.Action) {
			if peers.Draining(s.env) {
				// The ticker outlives the loop that it wakes: it must not wake up again.
				return time.Hour, evio.Shutdown
			}
			return tick, evio.None
		},
	}, "tcp://"+s.env.Listener.Addr.String())
}

func (s *server) http(c evio.Conn, in []byte) (out []byte, action evio.Action) {
	stream := c.Context().(*evio.InputStream)
	out, rest, end := s.site.Serve(stream.Begin(in), nil, func(out, body []byte) []byte { return append(out, body...) })
	stream.End(rest)
	if end {
		action = evio.Close
	}
	return out, action
}

func echo(_ evio.Conn, in []byte) ([]byte, evio.Action) { return in, evio.None }

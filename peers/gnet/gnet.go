// Package gnet is github.com/panjf2000/gnet as a peer: a main reactor that accepts
// and hands connections to event loops.
//
//	main reactor:  epoll_wait --> accept --> round robin --+
//	loop 1:        epoll_wait --> read --> OnTraffic: scan, write <--+
//	loop 2:        ...
//
// It is set up as its entry in the TechEmpower benchmarks (frameworks/Go/gnet):
// multicore and nothing else, with a plain scan for requests. It knows no time limits
// for a connection.
package gnet

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/panjf2000/ants/v2"
	"github.com/panjf2000/gnet/v2"
	"github.com/panjf2000/gnet/v2/pkg/pool/goroutine"

	"github.com/c10kit/c10kit/internal/quiet"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/peers"
)

func init() {
	peers.Register("gnet", "panjf2000/gnet, a main reactor and event loops", peers.Loops(), func(env *models.Env) models.Server {
		return &server{env: env, listening: make(chan struct{})}
	})
	// gnet links a pool of goroutines that starts some of its own at package init, in
	// every process of the program.
	quiet.Register(func() {
		ants.Release()
		goroutine.DefaultWorkerPool.Release()
	})
}

type server struct {
	gnet.BuiltinEventEngine
	env       *models.Env
	site      *peers.Site
	engine    gnet.Engine
	listening chan struct{}
	outputs   sync.Pool // of *[]byte: one for each loop is in use at a time
}

// Listening implements models.Starter.
func (s *server) Listening() <-chan struct{} { return s.listening }

// Serve implements models.Server.
func (s *server) Serve() error {
	clock := peers.StartClock()
	defer clock.Stop()
	s.site = &peers.Site{Clock: clock, MaxBody: s.env.Config.MaxBody, Lab: s.env.Config.Lab}
	s.outputs.New = func() any { return new([]byte) }
	ended, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		select {
		case <-s.env.Draining():
			s.stop()
		case <-ended:
		}
	}()
	err := gnet.Run(s, "tcp://"+s.env.Listener.Addr.String(),
		gnet.WithMulticore(true),
		gnet.WithNumEventLoop(s.env.Config.Workers),
		gnet.WithReuseAddr(true), // beside the socket that keeps the address
		gnet.WithLogger(logger{}))
	close(ended)
	<-stopped
	return err
}

// stop ends the engine, once there is one. Stop would look every 500 ms whether the
// engine has ended; Run returns then anyway, so Stop need not wait.
func (s *server) stop() {
	<-s.listening
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = s.engine.Stop(ctx) // the error is that nobody waited
}

// OnBoot is called when the engine listens.
func (s *server) OnBoot(e gnet.Engine) gnet.Action {
	s.engine = e
	close(s.listening)
	return gnet.None
}

// OnTraffic answers the requests that have come.
func (s *server) OnTraffic(c gnet.Conn) gnet.Action {
	if s.env.Config.App == "echo" {
		return echo(c)
	}
	in, err := c.Peek(-1)
	if err != nil {
		return gnet.Close
	}
	p := s.outputs.Get().(*[]byte)
	defer s.outputs.Put(p)
	out, rest, end := s.site.Serve(in, (*p)[:0], func(out, body []byte) []byte {
		_, err = c.Writev([][]byte{out, body})
		return out[:0]
	})
	if len(out) > 0 && err == nil {
		_, err = c.Write(out)
	}
	*p = out
	if err != nil || end {
		return gnet.Close
	}
	if used := len(in) - len(rest); used > 0 { // 0 would discard everything
		_, err = c.Discard(used)
	}
	if err != nil {
		return gnet.Close
	}
	return gnet.None
}

func echo(c gnet.Conn) gnet.Action {
	in, err := c.Next(-1)
	if err == nil {
		_, err = c.Write(in)
	}
	if err != nil {
		return gnet.Close
	}
	return gnet.None
}

// logger prints errors on stderr: stdout is for data.
type logger struct{}

func (logger) Debugf(string, ...any) {}
func (logger) Infof(string, ...any)  {}
func (logger) Warnf(string, ...any)  {}

func (logger) Errorf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "gnet: "+format+"\n", args...)
}

func (l logger) Fatalf(format string, args ...any) {
	l.Errorf(format, args...)
	os.Exit(1)
}

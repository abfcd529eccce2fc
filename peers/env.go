package peers

import (
	"context"
	"net"
	"os"
	"syscall"

	"github.com/c10kit/c10kit/models"
)

// Draining reports whether the server is to end.
func Draining(env *models.Env) bool { return env.Board.Draining().Load() != 0 }

// Serve hands serve a listener on the socket of env until a drain begins, and then calls
// shutdown, which is to make serve return; it returns what shutdown says, or why serve
// ended before.
func Serve(env *models.Env, serve func(net.Listener) error, shutdown func(context.Context) error) error {
	l, err := listen(env)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- serve(l) }()
	select {
	case err = <-ended:
	case <-env.Draining():
	}
	if err != nil && !Draining(env) {
		_ = l.Close() // the library may have closed it
		return err
	}
	return shutdown(context.Background())
}

// listen returns env.Listener as a listener of package net, for a library that
// accepts by that: the same socket, by another descriptor, which the caller closes.
// Its accepted sockets inherit the time limits of a blocking read, which the runtime
// never does.
func listen(env *models.Env) (net.Listener, error) {
	fd, err := syscall.Dup(env.Listener.FD)
	if err != nil {
		return nil, os.NewSyscallError("dup", err)
	}
	syscall.CloseOnExec(fd)
	f := os.NewFile(uintptr(fd), "listener")
	defer f.Close() // FileListener has one of its own
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	return &listener{l, env}, nil
}

// listener is one that was closed once a drain has shut it down: Env.Drain wakes
// accept(2) by an error that libraries would report.
type listener struct {
	net.Listener
	env *models.Env
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil && Draining(l.env) {
		return nil, net.ErrClosed
	}
	return c, err
}

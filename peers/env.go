package peers

import (
	"net"
	"os"
	"syscall"

	"github.com/c10kit/c10kit/models"
)

// Draining reports whether the server is to end.
func Draining(env *models.Env) bool { return env.Board.Draining().Load() != 0 }

// Listen returns env.Listener as a listener of package net, for a library that
// accepts by that: the same socket, by another descriptor, which the caller closes.
// Its accepted sockets inherit the time limits of a blocking read, which the runtime
// never does.
func Listen(env *models.Env) (net.Listener, error) {
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

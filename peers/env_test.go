package peers_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/peers"
)

func newEnv(t *testing.T) *models.Env {
	t.Helper()
	l, err := models.Listen("127.0.0.1:0", 16, false)
	if err != nil {
		t.Fatal(err)
	}
	b, err := board.New(1)
	if err != nil {
		t.Fatal(err)
	}
	env := &models.Env{Listener: l, Board: b}
	t.Cleanup(func() {
		if err := env.Close(); err != nil {
			t.Error(err)
		}
	})
	return env
}

// TestServe: what a library's server says that ends by itself, and what its shutdown says
// after a drain, whatever the accept that the drain woke says.
func TestServe(t *testing.T) {
	failed, drained := errors.New("failed"), errors.New("drained")
	t.Run("ends by itself", func(t *testing.T) {
		err := peers.Serve(newEnv(t),
			func(net.Listener) error { return failed },
			func(context.Context) error { t.Error("it is shut down though it has ended"); return nil })
		if !errors.Is(err, failed) {
			t.Errorf("%v, want %v", err, failed)
		}
	})
	t.Run("is drained", func(t *testing.T) {
		env := newEnv(t)
		accepted := make(chan error, 1)
		err := peers.Serve(env,
			func(l net.Listener) error {
				c, err := net.Dial("tcp", l.Addr().String())
				if err != nil {
					return err
				}
				defer c.Close()
				first, err := l.Accept()
				if err != nil {
					return err
				}
				first.Close()
				if err := env.Drain(); err != nil {
					return err
				}
				_, err = l.Accept()
				accepted <- err
				return err
			},
			func(context.Context) error { return drained })
		if !errors.Is(err, drained) {
			t.Errorf("%v, want %v", err, drained)
		}
		if err := <-accepted; !errors.Is(err, net.ErrClosed) {
			t.Errorf("accept says %v, want %v", err, net.ErrClosed)
		}
	})
}

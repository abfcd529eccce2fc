package conn_test

import (
	"io"
	"net"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/conn"
	"github.com/c10kit/c10kit/models/stage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// app is a pipeline whose first stage is a function.
type app struct {
	first  stage.Stage
	closed atomic.Int32
}

func (a *app) Open(*stage.Conn) stage.Stage { return a.first }
func (a *app) Close(*stage.Conn)            { a.closed.Add(1) }

// tick is what these tests use instead of models.Tick: a blocking driver looks at
// the clock when a call returns.
const tick = 20 * time.Millisecond

// server runs one driver on one thread.
type server struct {
	t      *testing.T
	addr   string
	env    *models.Env
	worker *stage.Worker
	slot   *board.Slot
	app    *app
	ended  chan error
}

// driver is a name and how a server is run with it, until it has drained.
type driver struct {
	name string
	run  func(s *server, limit int) error
}

var drivers = []driver{
	{"thread", func(s *server, _ int) error {
		th := conn.NewThread(s.worker, s.app, s.slot, conn.Blocking)
		for {
			fd, ok, err := th.Accept(s.env.Listener.FD)
			if !ok {
				return err
			}
			th.Serve(fd)
		}
	}},
	{"events", func(s *server, limit int) error {
		if err := s.env.Listener.SetNonblock(); err != nil {
			return err
		}
		s.env.Config.MaxConns = limit
		e, err := conn.NewEvents(s.env, s.worker, s.app, s.slot, s.env.Listener.FD)
		if err != nil {
			return err
		}
		return e.Run()
	}},
}

// each runs f with a server of every driver.
func each(t *testing.T, limits stage.Limits, first stage.Stage, f func(t *testing.T, s *server)) {
	t.Helper()
	for _, d := range drivers {
		t.Run(d.name, func(t *testing.T) {
			s := start(t, d, limits, 100, first)
			f(t, s)
		})
	}
}

// start runs a server and stops it at the end of the test, which fails if a block
// or a connection is left.
func start(t *testing.T, d driver, limits stage.Limits, limit int, first stage.Stage) *server {
	t.Helper()
	b, err := board.New(4)
	if err != nil {
		t.Fatal(err)
	}
	l, err := models.Listen("127.0.0.1:0", 128, false)
	if err != nil {
		t.Fatal(err)
	}
	tv := unix.NsecToTimeval(int64(tick))
	for _, o := range []int{unix.SO_RCVTIMEO, unix.SO_SNDTIMEO} {
		if err := unix.SetsockoptTimeval(l.FD, unix.SOL_SOCKET, o, &tv); err != nil {
			t.Fatal(err)
		}
	}
	slot, err := b.Take(os.Getpid(), 0)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{
		t: t, addr: l.Addr.String(), env: &models.Env{Listener: l, Board: b},
		worker: stage.NewWorker(false, limits, b.Draining()), slot: slot,
		app: &app{first: first}, ended: make(chan error, 1),
	}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		s.ended <- d.run(s, limit)
	}()
	t.Cleanup(s.stop)
	return s
}

// drain begins the end.
func (s *server) drain() {
	s.t.Helper()
	if err := s.env.Drain(); err != nil {
		s.t.Error(err)
	}
}

func (s *server) stop() {
	s.drain()
	select {
	case err := <-s.ended:
		if err != nil {
			s.t.Errorf("the server ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		s.t.Fatalf("the server did not drain: %+v", s.slot.Read())
	}
	n := s.slot.Read()
	if n.Open() != 0 || uint64(s.app.closed.Load()) != n.Connections {
		s.t.Errorf("%d connections, %d closed, %d pipelines closed", n.Connections, n.Closed, s.app.closed.Load())
	}
	if live := s.worker.Pool.Live(); live != 0 {
		s.t.Errorf("%d blocks are left", live)
	}
	if err := s.env.Listener.Close(); err != nil {
		s.t.Error(err)
	}
	if err := s.env.Board.Close(); err != nil {
		s.t.Error(err)
	}
}

// dial connects a client that is closed at the end of the test and never waits for
// ever. receive, if not 0, is the size of its receive buffer.
func (s *server) dial(receive int) *net.TCPConn {
	s.t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	if receive > 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receive); err != nil {
			s.t.Fatal(err)
		}
	}
	to := &unix.SockaddrInet4{Port: int(s.env.Listener.Addr.Port()), Addr: [4]byte{127, 0, 0, 1}}
	if err := unix.Connect(fd, to); err != nil {
		s.t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "client")
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		s.t.Fatal(err)
	}
	return c.(*net.TCPConn)
}

// smallBuffers makes the server's sockets take little at a time. With the usual
// buffer of megabytes, which the kernel says has room again when a third of it is
// free, a slow client looks like one that takes nothing.
func (s *server) smallBuffers() {
	s.t.Helper()
	if err := unix.SetsockoptInt(s.env.Listener.FD, unix.SOL_SOCKET, unix.SO_SNDBUF, 64<<10); err != nil {
		s.t.Fatal(err)
	}
}

// until waits for the slot to show what is wanted.
func (s *server) until(what string, reached func(board.Counts) bool) {
	s.t.Helper()
	for end := time.Now().Add(10 * time.Second); !reached(s.slot.Read()); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("the slot never showed %s: %+v", what, s.slot.Read())
		}
	}
}

// receive fails the test unless exactly want comes, and then the end.
func receive(t *testing.T, c io.Reader, want string) {
	t.Helper()
	got, err := io.ReadAll(c)
	if err != nil || string(got) != want {
		t.Errorf("received %d bytes %.40q (%v), want %d bytes %.40q and the end", len(got), got, err, len(want), want)
	}
}

func send(t *testing.T, c io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

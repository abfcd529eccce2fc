package app_test

import (
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/c10kit/c10kit/models/app"
	"github.com/c10kit/c10kit/models/app/http1/http1test"
	"github.com/c10kit/c10kit/models/stage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func nothing(*stage.Worker) (stage.Pipeline, error) { return nil, nil }

func TestNames(t *testing.T) {
	names := app.Names()
	if !slices.IsSorted(names) {
		t.Errorf("not sorted: %v", names)
	}
	for _, name := range []string{"http", "echo", "unp"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is missing in %v", name, names)
		}
	}
}

func TestNewUnknown(t *testing.T) {
	w, _ := http1test.NewWorker(false)
	_, err := app.New("gopher", w)
	if err == nil || !strings.Contains(err.Error(), `"gopher"`) || !strings.Contains(err.Error(), strings.Join(app.Names(), ", ")) {
		t.Errorf("the error does not list what there is: %v", err)
	}
}

func TestRegister(t *testing.T) {
	app.Register("registered", nothing)
	if !slices.Contains(app.Names(), "registered") {
		t.Error("not among the names")
	}
	for name, says := range map[string]string{"": "bad name", "two words": "bad name", "a/b": "bad name", "http": "twice", "registered": "twice"} {
		func() {
			defer func() {
				if s, _ := recover().(string); !strings.HasPrefix(s, "app: Register: ") || !strings.Contains(s, says) {
					t.Errorf("Register(%q) panicked with %q", name, s)
				}
			}()
			app.Register(name, nothing)
		}()
	}
	defer func() {
		if s, _ := recover().(string); !strings.Contains(s, "no factory") {
			t.Errorf("Register without a factory panicked with %q", s)
		}
	}()
	app.Register("empty", nil)
}

// drive returns a driver for the named app.
func drive(t *testing.T, name string, copying, lab bool) *http1test.Driver {
	t.Helper()
	w, drain := http1test.NewWorker(copying)
	w.Lab = lab
	p, err := app.New(name, w)
	if err != nil {
		t.Fatal(err)
	}
	return http1test.New(w, drain, p)
}

func closing(t *testing.T, d *http1test.Driver) {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestEcho(t *testing.T) {
	data := []byte(strings.Repeat("c10kit ", 30000))
	for _, copying := range []bool{false, true} {
		d := drive(t, "echo", copying, false)
		for _, l := range []http1test.Layout{http1test.OneBlock, http1test.Foreign, http1test.Shared, http1test.SplitAt(7)} {
			d.Open(false)
			if !d.Conn.Idle || d.Conn.Deadline != d.Worker.After(http1test.Limits.Idle) {
				t.Errorf("%s: idle %v until %d", l.Name, d.Conn.Idle, d.Conn.Deadline)
			}
			d.Send(data, l)
			d.Send(data[:3], l)
			if want := string(data) + string(data[:3]); string(d.Got) != want {
				t.Errorf("%s: %d bytes instead of %d", l.Name, len(d.Got), len(want))
			}
			if d.Conn.Begun != d.Conn.Ended || d.Conn.Begun < 2 {
				t.Errorf("%s: %d begun, %d ended", l.Name, d.Conn.Begun, d.Conn.Ended)
			}
			if d.EOF(); !d.Done() {
				t.Errorf("%s: not done after EOF", l.Name)
			}
			closing(t, d)
		}
	}
}

// TestEchoMoves: an echo is the very memory that was received.
func TestEchoMoves(t *testing.T) {
	d := drive(t, "echo", false, false)
	d.Open(false)
	d.Conn.In.AppendString("hello")
	first := &d.Conn.In.First()[0]
	stage.Run(&d.Conn)
	if &d.Conn.Out.First()[0] != first {
		t.Error("it was copied")
	}
	closing(t, d)
}

// TestEchoRoom: it takes no more input as long as the peer takes no output.
func TestEchoRoom(t *testing.T) {
	d := drive(t, "echo", false, false)
	d.Open(false)
	c := &d.Conn
	c.Out.AppendString(strings.Repeat("x", stage.DefaultOutLimit))
	c.In.AppendString("y")
	if wait := stage.Run(c); wait != stage.WaitRoom || c.Deadline != 0 || c.Idle || c.In.Len() != 1 {
		t.Errorf("waits for %v, deadline %d, idle %v, %d bytes left", wait, c.Deadline, c.Idle, c.In.Len())
	}
	c.Out.TrimFront(1)
	if wait := stage.Run(c); wait != stage.WaitInput || c.Ended != 1 {
		t.Errorf("waits for %v, %d ended", wait, c.Ended)
	}
	closing(t, d)
}

// TestIdleAndDrain: echo and unp end when they have been idle for too long, when
// they are drained, at EOF and when they are shed, without a word.
func TestIdleAndDrain(t *testing.T) {
	for name, unit := range map[string]string{"echo": "x", "unp": "1\n"} {
		d := drive(t, name, false, false)
		check := func(what string, answers int) {
			t.Helper()
			if !d.Done() || len(d.Got) != answers || d.Conn.Ended != uint64(answers) {
				t.Errorf("%s, %s: done %v, %d bytes, %d ended", name, what, d.Done(), len(d.Got), d.Conn.Ended)
			}
			d.Drain.Store(0)
			closing(t, d)
		}
		d.Open(false)
		d.Pass(http1test.Limits.Idle)
		check("idle from the start", 0)
		d.Open(false)
		d.Send([]byte(unit), http1test.OneBlock)
		if !d.Conn.Idle {
			t.Errorf("%s is not idle after a request", name)
		}
		d.Pass(http1test.Limits.Idle - 1)
		d.Send([]byte(unit), http1test.OneBlock)
		d.Pass(http1test.Limits.Idle)
		check("idle after a request", 2)
		d.Drain.Store(1)
		d.Open(false)
		if d.Done() {
			t.Errorf("%s: a drain is the model's affair until something has come", name)
		}
		d.Send([]byte(unit), http1test.OneBlock)
		check("draining", 1)
		d.Open(false)
		d.EOF()
		check("EOF", 0)
		d.Open(true)
		check("shed", 0)
	}
}

func TestUNP(t *testing.T) {
	pattern := make([]byte, 16384)
	for i := range pattern {
		pattern[i] = app.Pattern(int64(i))
	}
	for _, tc := range []struct {
		raw   string
		sizes []int
		ends  bool
	}{
		{"1\n", []int{1}, false},
		{"16384\n", []int{16384}, false},
		{"00016\n", []int{16}, false},
		{"1\n2\n3\n", []int{1, 2, 3}, false},
		{strings.Repeat("16384\n", 40), slices.Repeat([]int{16384}, 40), false},
		{"16385\n", nil, true},
		{"0\n", nil, true},
		{"\n", nil, true},
		{"1\r\n", nil, true},
		{"-1\n", nil, true},
		{" 1\n", nil, true},
		{"000001\n", nil, true},
		{"1234567", nil, true},
		{"7\nx", []int{7}, true},
	} {
		for _, copying := range []bool{false, true} {
			d := drive(t, "unp", copying, false)
			for _, l := range http1test.Layouts {
				d.Open(false)
				d.Send([]byte(tc.raw), l)
				var want []byte
				for _, n := range tc.sizes {
					want = append(want, pattern[:n]...)
				}
				if string(d.Got) != string(want) || d.Done() != tc.ends || d.Conn.Ended != uint64(len(tc.sizes)) {
					t.Errorf("%q, %s: %d bytes instead of %d, done %v, %d ended", tc.raw, l.Name, len(d.Got), len(want), d.Done(), d.Conn.Ended)
				}
				closing(t, d)
			}
		}
	}
}

// TestUNPPartial: half a request has Limits.Header from its first byte on, however
// it trickles, and ends with EOF.
func TestUNPPartial(t *testing.T) {
	d := drive(t, "unp", false, false)
	d.Open(false)
	d.Send([]byte("5\n1"), http1test.OneBlock)
	by := d.Conn.Deadline
	if by != d.Worker.After(http1test.Limits.Header) || d.Conn.Idle {
		t.Errorf("deadline %d, idle %v", by, d.Conn.Idle)
	}
	d.Pass(http1test.Limits.Header / 2)
	if d.Send([]byte("2"), http1test.OneBlock); d.Conn.Deadline != by {
		t.Errorf("the deadline was moved from %d to %d", by, d.Conn.Deadline)
	}
	if d.Pass(http1test.Limits.Header / 2); !d.Done() || len(d.Got) != 5 {
		t.Errorf("done %v, %d bytes", d.Done(), len(d.Got))
	}
	closing(t, d)
	d.Open(false)
	d.Send([]byte("12"), http1test.OneBlock)
	if d.EOF(); !d.Done() || len(d.Got) != 0 {
		t.Errorf("done %v, %d bytes", d.Done(), len(d.Got))
	}
	closing(t, d)
}

// FuzzUNP: whatever is sent, each number in range is answered with so many bytes
// until something else comes, in whatever pieces.
func FuzzUNP(f *testing.F) {
	f.Fuzz(func(t *testing.T, raw []byte, split uint8) {
		if len(raw) > 4096 {
			t.Skip("each line may be answered with 16 KiB")
		}
		want, ends := 0, false
		for rest := string(raw); !ends; {
			line, after, found := strings.Cut(rest, "\n")
			n := 0
			for _, ch := range []byte(line[:min(len(line), 6)]) {
				ends = ends || ch < '0' || ch > '9'
				n = 10*n + int(ch-'0')
			}
			ends = ends || len(line) > 5 || found && (n < 1 || n > 16384)
			if !found || ends {
				break
			}
			want += n
			rest = after
		}
		d := drive(t, "unp", false, false)
		for _, l := range []http1test.Layout{http1test.OneBlock, http1test.ForeignByByte, http1test.BlockPerByte, http1test.SplitAt(int(split))} {
			d.Open(false)
			d.Send(raw, l)
			if len(d.Got) != want || d.Done() != ends {
				t.Errorf("%s: %d bytes instead of %d, done %v", l.Name, len(d.Got), want, d.Done())
			}
			closing(t, d)
		}
	})
}

package fork_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/c10kit/c10kit/models/board"

	"github.com/c10kit/c10kit/internal/pty"
)

// terminal opens a pseudo-terminal: pts(4).
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	return master, slave
}

// Ctrl-C reaches every process of the terminal's foreground group, and only drains
// the server.
func TestCtrlC(t *testing.T) {
	command := filepath.Join(t.TempDir(), "c10kit")
	build := exec.Command("go", "build", "-o", command, "../../cmd/c10kit")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	for _, model := range []string{"prefork", "ppc"} {
		t.Run(model, func(t *testing.T) { ctrlC(t, command, model) })
	}
}

func ctrlC(t *testing.T, command, model string) {
	const inFlight, idle = 8, 4
	master, slave := terminal(t)
	cmd := exec.Command(command, "serve", model, "--workers", "16", "--addr", "127.0.0.1:0")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	waited := false
	defer func() {
		if !waited {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}()
	out := bufio.NewReader(master)
	line, err := out.ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		t.Fatalf("the terminal shows %q, %v", line, err)
	}
	var conns []*client
	for range inFlight + idle {
		c, err := dialTo(addr)
		if err == nil {
			defer c.Close()
			err = c.get("/plaintext")
		}
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	b, err := board.OpenProcess(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, c := range conns[:inFlight] {
		if err := c.send("/wait/500ms"); err != nil {
			t.Fatal(err)
		}
	}
	for end := time.Now().Add(patience); b.Total().InFlight() != inFlight; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never %d in flight: %+v", inFlight, b.Total())
		}
	}
	begin := time.Now()
	if _, err := master.Write([]byte{3}); err != nil { // ^C: VINTR of termios(3)
		t.Fatal(err)
	}
	for i, c := range conns {
		if i < inFlight {
			r, err := c.receive()
			if err != nil || !r.Close {
				t.Errorf("request %d in flight: %v, answer %+v, want 200 and Connection: close", i, err, r)
			}
		}
		if err := c.fin(); err != nil {
			t.Errorf("connection %d: %v", i, err)
		}
		c.Close() // the server lingers until then
	}
	rest, _ := io.ReadAll(out) // ends (EIO) when nobody has the terminal any more
	waited = true
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended by %v: %s", err, rest)
	}
	if took := time.Since(begin); took >= 5*time.Second {
		t.Errorf("the drain took %v, the default of --drain is 5s", took)
	}
	if strings.Contains(string(rest), "ended by") {
		t.Errorf("workers died: %s", rest)
	}
}

// fin wants the end of the connection without another byte and without a reset.
func (c *client) fin() error {
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err := c.r.ReadByte()
	var timeout net.Error
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		return errors.New("a byte where the connection should have ended")
	case errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("no FIN")
	}
	return err
}

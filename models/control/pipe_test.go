package control_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/moby/sys/reexec"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/control"
)

// raw is a server whose pipes this test writes and reads itself.
type raw struct {
	cmd      *exec.Cmd
	requests *os.File
	answers  *bufio.Scanner
	stderr   *strings.Builder // valid after cmd.Wait
}

func startRaw(t *testing.T, args ...string) *raw {
	t.Helper()
	toChild, requests, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	answers, fromChild, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := reexec.Command(append([]string{control.ServerName}, args...)...)
	cmd.ExtraFiles = []*os.File{toChild, fromChild}
	stderr := new(strings.Builder)
	cmd.Stderr = stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // no PDEATHSIG: this thread may end
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	toChild.Close()
	fromChild.Close()
	t.Cleanup(func() {
		requests.Close()
		answers.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return &raw{cmd, requests, bufio.NewScanner(answers), stderr}
}

// says sends a line and returns the answer.
func (r *raw) says(t *testing.T, line string) map[string]any {
	t.Helper()
	if line != "" {
		if _, err := io.WriteString(r.requests, line+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	if !r.answers.Scan() {
		t.Fatalf("no answer to %q: %v", line, r.answers.Err())
	}
	var a map[string]any
	if err := json.Unmarshal(r.answers.Bytes(), &a); err != nil {
		t.Fatalf("the answer to %q is %q: %v", line, r.answers.Text(), err)
	}
	return a
}

// TestGarbageOnThePipe: each line is answered, nonsense with an error, and the
// server goes on; the pipe's end is a drain.
func TestGarbageOnThePipe(t *testing.T) {
	config, err := json.Marshal(models.Config{Model: "reactor", Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	r := startRaw(t, string(config), fmt.Sprint(os.Getpid()))
	if a := r.says(t, ""); a["ready"] == nil {
		t.Fatalf("the first word is %v", a)
	}
	for _, tc := range []struct{ line, want string }{
		{"garbage", "not a request: "},
		{"", "not a request: "},
		{"[1,2]", "not a request: "},
		{`{"do":7}`, "not a request: "},
		{"\x00\xff", "not a request: "},
		{`{"do":"dance"}`, `unknown request "dance"`},
		{"{}", `unknown request ""`},
		{"null", `unknown request ""`},
		{strings.Repeat("x", 60_000), "not a request: "},
	} {
		if tc.line == "" {
			if _, err := io.WriteString(r.requests, "\n"); err != nil {
				t.Fatal(err)
			}
		}
		if a := r.says(t, tc.line); !strings.HasPrefix(fmt.Sprint(a["error"]), tc.want) {
			t.Errorf("%.20q is answered with %v, want the error %q", tc.line, a, tc.want)
		}
	}
	if a := r.says(t, `{"do":"edge"}`); a["edge"] == nil {
		t.Errorf("an edge after garbage: %v", a)
	}
	r.requests.Close()
	if err := r.cmd.Wait(); err != nil {
		t.Errorf("the pipe's end is a drain with status 0: %v", err)
	}
}

// TestChildArguments: a child that was not started as it should be says so.
func TestChildArguments(t *testing.T) {
	me := fmt.Sprint(os.Getpid())
	for _, tc := range []struct {
		args []string
		want string
	}{
		{nil, "0 arguments, want a configuration and the parent's pid"},
		{[]string{"{}", "1"}, "the process that started this one (pid 1) is gone"},
		{[]string{"{", me}, "the configuration: unexpected end of JSON input"},
		{[]string{`{"model":"nix"}`, me}, `no model "nix"`},
	} {
		r := startRaw(t, tc.args...)
		if tc.args != nil && tc.args[0] == `{"model":"nix"}` {
			if a := r.says(t, ""); !strings.Contains(fmt.Sprint(a["error"]), tc.want) {
				t.Errorf("%q: %v, want %s", tc.args, a, tc.want)
			}
			continue
		}
		var exit *exec.ExitError
		if err := r.cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(r.stderr.String(), tc.want) {
			t.Errorf("%q: %v, %q; want exit status 1 and %q", tc.args, err, r.stderr, tc.want)
		}
	}
}

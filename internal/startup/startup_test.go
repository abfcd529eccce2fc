package startup_test

import (
	"bytes"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/c10kit/c10kit/internal/pty"
)

const escape = "\x1b"

// TestMute starts a program that links bubbletea on a terminal that never answers. It
// asks, unless it links startup too.
func TestMute(t *testing.T) {
	for _, tc := range []struct {
		program string
		asks    bool
	}{{"told", false}, {"untold", true}} {
		t.Run(tc.program, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), tc.program)
			if out, err := exec.Command("go", "build", "-o", program, "./testdata/"+tc.program).CombinedOutput(); err != nil {
				t.Fatalf("go build: %v: %s", err, out)
			}
			shown := onMuteTerminal(t, program)
			if asks := strings.Contains(shown, escape); asks != tc.asks {
				t.Errorf("it shows %q: asks the terminal %v, want %v", shown, asks, tc.asks)
			}
			if !tc.asks && !strings.Contains(shown, "started") {
				t.Errorf("it shows %q, want its one line", shown)
			}
		})
	}
}

// onMuteTerminal runs a program on a pseudo-terminal until it ends or sends an escape
// sequence, and returns what it showed.
func onMuteTerminal(t *testing.T, program string) string {
	t.Helper()
	master, slave := terminal(t)
	cmd := exec.Command(program)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	// termenv asks nobody in CI or on a terminal that it does not know.
	cmd.Env = append(os.Environ(), "CI=", "TERM=xterm-256color", "COLORTERM=", "COLORFGBG=")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	if err := master.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	for piece := make([]byte, 1024); !strings.Contains(shown.String(), escape); {
		n, err := master.Read(piece)
		shown.Write(piece[:n])
		if err != nil { // EIO: the program has ended
			break
		}
	}
	return shown.String()
}

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

// TestOnlyLipgloss: with one import more, startup might have to wait for a package that
// bubbletea need not wait for.
func TestOnlyLipgloss(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "startup.go", nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Imports) != 1 || f.Imports[0].Path.Value != `"github.com/charmbracelet/lipgloss"` {
		t.Errorf("startup.go has %d imports, want lipgloss alone", len(f.Imports))
	}
	sources, err := filepath.Glob("*.go")
	if err != nil || len(sources) != 2 {
		t.Errorf("the package is more than startup.go and its test: %v, %v", sources, err)
	}
}

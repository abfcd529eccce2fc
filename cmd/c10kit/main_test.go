package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/sys/reexec"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/c10kit/c10kit/models/all"
)

// commandName is argv[0] of this test binary when it is to be the command.
const commandName = "c10kit-under-test"

func init() {
	reexec.Register(commandName, func() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) })
}

func TestMain(m *testing.M) {
	if reexec.Init() { // the command, or a server that it started
		return
	}
	testscript.Main(m, map[string]func(){"c10kit": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}

// Every mistake on the command line: what is said, and the exit code.
func TestUsage(t *testing.T) {
	for _, tt := range []struct {
		args string
		code int
		say  string // on stderr
	}{
		{"serve", exitUsage, `serve needs a MODEL; "c10kit models" lists them`},
		{"serve nonesuch", exitUsage, `no model "nonesuch"; there are cmd, evio, fasthttp`},
		{"serve reactor:kqueue", exitUsage, `reactor has no variant "kqueue"; there are epoll`},
		{"serve reactor extra", exitUsage, `"extra" is one argument too many`},
		{"serve reactor --addr nowhere", exitUsage, `address "nowhere"`},
		{"serve reactor --addr example.org:80", exitUsage, "the host is not an IP address"},
		{"serve reactor --app gopher", exitUsage, `no app "gopher"; there are [echo http unp]`},
		{"serve reactor --workers 2", exitUsage, "reactor has at most 1"},
		{"serve prethread --workers -1", exitUsage, "--workers -1: at least 1 is needed"},
		{"serve reactor --workers 0", exitUsage, "--workers 0: at least 1 is needed"},
		{"serve reactor --max-body 0", exitUsage, "--max-body 0: at least 1 is needed"},
		{"serve reactor --max-conns 0", exitUsage, "--max-conns 0: at least 1 is needed"},
		{"serve reactor --backlog 0", exitUsage, "--backlog 0: at least 1 is needed"},
		{"serve reactor --header-timeout 0", exitUsage, "--header-timeout 0s: at least 1ms is needed"},
		{"serve reactor --idle-timeout 999us", exitUsage, "--idle-timeout 999\u00b5s: at least 1ms is needed"},
		{"serve reactor --drain 0s", exitUsage, "--drain 0s: at least 1ms is needed"},
		{"serve reactor --drain -1s", exitUsage, "--drain -1s"},
		{"serve reactor --cpus x", exitUsage, `CPU list "x"`},
		{"serve reactor --cpus 1000", exitMachine, "sched_setaffinity"},
		{"serve reactor --addr 203.0.113.1:80", exitMachine, "bind"},
		{"load", exitUsage, "load needs a URL"},
		{"load https://127.0.0.1/", exitUsage, "https"},
		{"load http://203.0.113.1/", exitUsage, "--i-own-this-host"},
		{"load http://127.0.0.1:1/ -c 0 -d 10ms", exitUsage, "-c 0: at least 1 is needed"},
		{"load http://127.0.0.1:1/ -n 0", exitUsage, "-n 0: at least 1 is needed"},
		{"load http://127.0.0.1:1/ -t 0", exitUsage, "-t 0: at least 1 is needed"},
		{"load http://127.0.0.1:1/ --hgrm /nonexistent/x", exitMachine, "open /nonexistent/x: no such file or directory"},
		{"load 127.0.0.1:1", exitUsage, "write http://127.0.0.1:1"},
		{"compare reactor --rounds 0", exitUsage, "--rounds 0: at least 1 is needed"},
		{"load http://127.0.0.1:1/ --closer both", exitUsage, "closer"},
		{"load http://127.0.0.1:1/ --sources 10.0.0.1", exitUsage, "127.0.0.0/8"},
		{"load http://127.0.0.1:1/ --body nofile", exitUsage, "neither a size (64KiB) nor a file"},
		{"load http://127.0.0.1:1/ -H nocolon", exitUsage, "nocolon"},
		{"load http://127.0.0.1:1/ -n 3 -c 1", exitFailed, "no request was answered"},
		{"compare nonesuch", exitUsage, `no model "nonesuch"`},
		{"compare reactor --close --keepalive", exitUsage, "leave out both"},
		{"compare -c 0", exitUsage, "-c 0"},
		{"compare --placement left", exitUsage, `--placement "left"`},
		{"compare --path plaintext", exitUsage, "slash"},
		{"compare reactor --out /proc/none", exitMachine, "/proc/none"},
		{"dashboard nonesuch", exitUsage, `no model "nonesuch"`},
		{"dashboard --fps 0", exitUsage, "--fps 0: a number from 1 to 30"},
		{"dashboard -d 1ms", exitUsage, "-d 1ms: a window of"},
		{"dashboard --pipeline 4 --close", exitUsage, "leave out --close"},
		{"dashboard --placement left", exitUsage, `--placement "left"`},
		{"dashboard reactor --out /proc/none", exitMachine, "/proc/none"},
		{"replay", exitUsage, "replay needs a RUN"},
		{"replay a b c", exitUsage, `"c" is one argument too many`},
		{"replay nonesuch", exitUsage, `"nonesuch" is no run folder`},
		{"replay nonesuch --json", exitUsage, `"nonesuch" is no run folder`},
		{"replay a b --json", exitUsage, "--json prints one RUN"},
		{"replay a --speed 33", exitUsage, "--speed 33: a number from 1 to 32"},
		{"models extra", exitUsage, "one argument too many"},
		{"nonesuch", exitUsage, `c10kit has no command "nonesuch": "c10kit --help" lists`},
		{"serv", exitUsage, "is it serve?"},
		{"nonesuch --help", exitUsage, `no command "nonesuch"`},
		{"help nonesuch", exitUsage, `no command "nonesuch"`},
		{"help completion nonesuch", exitUsage, `c10kit completion has no command "nonesuch"`},
		{"completion nonesuch", exitUsage, `c10kit completion has no command "nonesuch"`},
		{"completion bash extra", exitUsage, "extra"},
		{"--nonesuch", exitUsage, "unknown flag"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			code, _, stderr := command(t, strings.Fields(tt.args)...)
			if code != tt.code || !strings.Contains(stderr, tt.say) {
				t.Errorf("exit %d, want %d; stderr %q should say %q", code, tt.code, stderr, tt.say)
			}
			if strings.Contains(stderr, "panic") || strings.Contains(stderr, "goroutine") {
				t.Errorf("a panic reached the user: %s", stderr)
			}
		})
	}
}

// start runs the command in a process of its own.
func start(t *testing.T, args ...string) (cmd *exec.Cmd, stdout io.Reader, stderr *bytes.Buffer) {
	t.Helper()
	cmd = exec.Command(reexec.Self())
	cmd.Args = append([]string{commandName}, args...)
	return begin(t, cmd)
}

// byShell is a command of sh, which finds the command under its name.
func byShell(t *testing.T, line string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, commandName)); err != nil {
		t.Fatal(err)
	}
	return exec.Command("sh", "-c", "PATH=$0:$PATH; "+line, bin)
}

// begin starts a command in a folder and a process group of its own.
func begin(t *testing.T, cmd *exec.Cmd) (_ *exec.Cmd, stdout io.Reader, stderr *bytes.Buffer) {
	t.Helper()
	cmd.Dir = t.TempDir()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stderr = new(bytes.Buffer)
	cmd.Stderr = stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, stdout, stderr
}

// command runs the command to its end.
func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	cmd, out, errs := start(t, args...)
	text, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the exit code is looked at below
	return cmd.ProcessState.ExitCode(), string(text), errs.String()
}

// What cannot be written is the machine's failure, whose text it may be: the command's,
// cobra's help, the line for which the starter of a server waits.
func TestFullDisk(t *testing.T) {
	for _, args := range []string{
		"models", "models --json", "version", "version --json", "doctor", "completion bash",
		"", "--help", "help", "help serve", "serve --help", "completion", "serve reactor --addr 127.0.0.1:0",
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				t.Skip(err)
			}
			defer full.Close()
			cmd := exec.Command(reexec.Self())
			cmd.Args = append([]string{commandName}, strings.Fields(args)...)
			var stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = full, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			stuck := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
			defer stuck.Stop()
			_ = cmd.Wait() // the exit code is looked at
			if code := cmd.ProcessState.ExitCode(); code != exitMachine || !strings.Contains(stderr.String(), "no space left") {
				t.Errorf("exit %d, want %d; stderr %q", code, exitMachine, stderr.String())
			}
		})
	}
}

// serve starts `c10kit serve` and returns its address.
func serve(t *testing.T, args ...string) (*exec.Cmd, string) {
	t.Helper()
	cmd, out, stderr := start(t, append([]string{"serve", "--addr", "127.0.0.1:0"}, args...)...)
	return cmd, listening(t, out, stderr)
}

// listening reads the line of a server that is ready, and returns its address.
func listening(t *testing.T, out io.Reader, stderr *bytes.Buffer) string {
	t.Helper()
	line, err := bufio.NewReader(out).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		t.Fatalf("serve said %q (%v), stderr %q", line, err, stderr)
	}
	return addr
}

func TestServeAndLoad(t *testing.T) {
	for _, model := range all.Card() {
		for _, app := range []string{"http", "echo", "unp"} {
			t.Run(model+"/"+app, func(t *testing.T) {
				t.Parallel()
				server, addr := serve(t, model, "--app", app)
				url := map[string]string{
					"http": "http://" + addr + "/json", "echo": "tcp+echo://" + addr, "unp": "tcp+unp://" + addr + "/1000",
				}[app]
				code, out, stderr := command(t, "load", url, "-c", "1", "-n", "500", "--json")
				if code != exitOK {
					t.Fatalf("load: exit %d: %s", code, stderr)
				}
				var r loadReport
				if err := json.Unmarshal([]byte(out), &r); err != nil {
					t.Fatal(err)
				}
				if r.Requests != 500 || r.Failed != 0 || r.Total == nil || r.Total.N != 500 {
					t.Errorf("%s", out)
				}
				if err := server.Process.Signal(syscall.SIGTERM); err != nil {
					t.Fatal(err)
				}
				if err := server.Wait(); err != nil {
					t.Errorf("after SIGTERM: %v", err)
				}
			})
		}
	}
}

// Ctrl-C keeps what was measured and ends with 130, in load and in compare; no
// child is left.
func TestInterrupt(t *testing.T) {
	_, addr := serve(t, "reactor")
	for _, tt := range []struct {
		name, args string
		ready      func(dir string) bool
	}{
		{"load", "load http://" + addr + "/plaintext -c 4 -d 60s --json", func(string) bool {
			return true // it has no file to tell by; the pause below does for both
		}},
		{"compare", "compare reactor -c 4 -d 300ms --rounds 100 --json --placement shared", func(dir string) bool {
			files, _ := filepath.Glob(dir + "/runs/*/results.txt")
			if len(files) == 0 {
				return false
			}
			text, _ := os.ReadFile(files[0])
			return bytes.Contains(text, []byte("BenchmarkModels"))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mark := "C10KIT_TEST_MARK=" + t.Name() + addr
			t.Setenv(strings.SplitN(mark, "=", 2)[0], t.Name()+addr)
			cmd, out, _ := start(t, strings.Fields(tt.args)...)
			for deadline := time.Now().Add(20 * time.Second); !tt.ready(cmd.Dir); time.Sleep(5 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("nothing was measured in 20 s")
				}
			}
			time.Sleep(200 * time.Millisecond)
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(out)
			if err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
				t.Errorf("exit %d, want %d", code, exitInterrupted)
			}
			if !json.Valid(text) || len(text) < 100 {
				t.Errorf("stdout: %q", text)
			}
			if left := marked(mark); len(left) > 0 {
				t.Errorf("processes left: %v", left)
			}
		})
	}
}

// marked returns the processes that have the given entry in their environment:
// the descendants of a command that was started with it, whoever their parent is
// by now.
func marked(entry string) []string {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	var pids []string
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err == nil && slices.Contains(strings.Split(string(text), "\x00"), entry) {
			pids = append(pids, f)
		}
	}
	return pids
}

package modeltest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/c10kit/c10kit/models"
	_ "github.com/c10kit/c10kit/models/all"
	"github.com/c10kit/c10kit/models/app"
	"github.com/c10kit/c10kit/models/control"
	"github.com/c10kit/c10kit/models/modeltest"
)

func TestMain(m *testing.M) { modeltest.Main(m) }

// requests is how many each load generator sends.
const requests = 10_000

// required reports whether every client and every variant is wanted (make
// clients); otherwise what is not installed is skipped, and so is all but an event loop
// and a pool of processes.
func required() bool { return os.Getenv("C10KIT_CLIENTS") != "" }

// TestClients drives every model with clients that other people wrote. Every
// answer is 200, and the client's own count equals what the board counted
// meanwhile, where there is one.
func TestClients(t *testing.T) {
	files := newFiles(t)
	for _, m := range models.All() {
		if m.Free != nil {
			continue // any program: it has neither our paths nor anything to prove here
		}
		for i, v := range m.Variants {
			t.Run(models.Spec(m, v.Name), func(t *testing.T) {
				if !required() && (i > 0 || m.Name != "reactor" && m.Name != "prefork") {
					t.Skip("takes three seconds each: set C10KIT_CLIENTS=1 (make clients)")
				}
				s := &clients{files: files, conns: 16, tree: v.Traits.Skips["Books"] != ""}
				s.start(t, m, v)
				for _, c := range []struct {
					tool string
					run  func(*testing.T) int
				}{
					{"curl", s.curl},
					{"wrk", s.wrk},
					{"ab", s.ab},
					{"h2load", s.h2load},
					{"python3", s.python},
				} {
					t.Run(c.tool, func(t *testing.T) { s.counted(t, c.tool, c.run) })
				}
				if v.Traits.Skips["StreamUp"] == "" {
					t.Run("curl-upload", func(t *testing.T) { s.counted(t, "curl", s.upload) })
				}
				if v.Traits.Skips["StreamDown"] == "" {
					t.Run("curl-download", func(t *testing.T) { s.counted(t, "curl", s.download) })
				}
			})
		}
	}
}

// clients is one server with what the clients need to know.
type clients struct {
	*control.Process
	files
	conns int  // at the same time
	tree  bool // nobody counts but the client
}

func (s *clients) start(t *testing.T, m *models.Model, v models.Variant) {
	config := models.Config{Variant: v.Name, Addr: "127.0.0.1:0"}.WithDefaults(m)
	if n := v.Traits.Concurrency(config.Workers); n > 0 {
		s.conns = min(s.conns, n)
	}
	// Not t.Context: it ends before Cleanup, and the server would be killed.
	p, err := control.Start(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	s.Process = p
	t.Cleanup(func() {
		if err := p.Stop(config.Drain + 10*time.Second); err != nil {
			t.Errorf("the server did not end well: %v", err)
		}
	})
}

func (s *clients) url(path string) string { return "http://" + s.Addr() + path }

// counted runs a client and compares its count with the board's.
func (s *clients) counted(t *testing.T, tool string, run func(*testing.T) int) {
	if _, err := exec.LookPath(tool); err != nil {
		if required() {
			t.Fatalf("%s is not installed and C10KIT_CLIENTS is set: %v", tool, err)
		}
		t.Skipf("%s is not installed", tool)
	}
	before := s.Board.Total()
	n := run(t)
	if t.Failed() || s.tree {
		return
	}
	s.rest(t)
	if got := s.Board.Total().Requests - before.Requests; got != uint64(n) {
		t.Errorf("the client counts %d requests, the board %d", n, got)
	}
	t.Logf("%d requests, as many as on the board", n)
}

// rest waits until the server has closed the client's connections.
func (s *clients) rest(t *testing.T) {
	for end := time.Now().Add(10 * time.Second); s.Board.Total().Open() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("connections are still open: %+v", s.Board.Total())
		}
	}
}

// output runs a command and returns what it printed.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// number returns the number that the first group of pattern matches in out.
func number(t *testing.T, out, pattern string) int {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("no %q in\n%s", pattern, out)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (s *clients) curl(t *testing.T) int {
	args := []string{"-sS", "-w", "%{http_code}\n"}
	for range 10 {
		args = append(args, "-o", os.DevNull, s.url("/plaintext"))
	}
	out := output(t, "curl", args...)
	if want := strings.Repeat("200\n", 10); out != want {
		t.Errorf("curl says %q, want ten times 200", out)
	}
	return strings.Count(out, "200\n")
}

// wrk has no number of requests, only a time, and when that is up it closes its
// connections with requests in flight. It counts answers; so the board may be
// ahead by one for each connection, and not by more.
func (s *clients) wrk(t *testing.T) int {
	before := s.Board.Total()
	total := 0
	for rounds := 0; total < requests; rounds++ {
		if rounds == 20 {
			t.Fatalf("wrk made only %d requests in %d runs of a second", total, rounds)
		}
		at := s.Board.Total()
		out := output(t, "wrk", "-t1", "-c"+strconv.Itoa(s.conns), "-d1s", s.url("/plaintext"))
		if strings.Contains(out, "Socket errors") || strings.Contains(out, "Non-2xx") {
			t.Errorf("wrk saw errors:\n%s", out)
		}
		s.rest(t)
		n := number(t, out, `(\d+) requests in`)
		total += n
		if s.tree {
			continue
		}
		got := int(s.Board.Total().Requests - at.Requests)
		if got < n || got > n+s.conns {
			t.Errorf("wrk counts %d requests, the board %d; at most the %d in flight may differ", n, got, s.conns)
		}
	}
	return int(s.Board.Total().Requests - before.Requests) // judged above
}

func (s *clients) ab(t *testing.T) int {
	out := output(t, "ab", "-k", "-q", "-n", strconv.Itoa(requests), "-c", strconv.Itoa(s.conns), s.url("/plaintext"))
	if number(t, out, `Failed requests: +(\d+)`) != 0 || strings.Contains(out, "Non-2xx") {
		t.Errorf("ab saw errors:\n%s", out)
	}
	if kept := number(t, out, `Keep-Alive requests: +(\d+)`); kept != requests {
		t.Errorf("ab kept only %d of %d alive", kept, requests)
	}
	return number(t, out, `Complete requests: +(\d+)`)
}

func (s *clients) h2load(t *testing.T) int {
	out := output(t, "h2load", "--h1", "-n", strconv.Itoa(requests), "-c", strconv.Itoa(s.conns), s.url("/plaintext"))
	succeeded := number(t, out, `(\d+) succeeded`)
	if succeeded != requests || number(t, out, `(\d+) 2xx`) != requests {
		t.Errorf("h2load saw errors:\n%s", out)
	}
	return succeeded
}

const script = `
import http.client, sys
c = http.client.HTTPConnection(sys.argv[1], timeout=30)
for i in range(10):
    c.request("GET", "/plaintext") if i % 2 else c.request("POST", "/echo", body=b"Hello, World!")
    r = c.getresponse()
    assert (r.status, r.read()) == (200, b"Hello, World!"), r.status
    print("200")
`

func (s *clients) python(t *testing.T) int {
	return strings.Count(output(t, "python3", "-c", script, s.Addr()), "200\n")
}

// big is the size of what curl sends and fetches.
const big = 64 << 20

// files are what curl sends, with their digests, made once.
type files struct {
	dir, up string
	sum     [sha256.Size]byte // of up
	pattern [sha256.Size]byte // of what the server makes up
}

func newFiles(t *testing.T) files {
	f := files{dir: t.TempDir()}
	f.up = filepath.Join(f.dir, "up")
	p := make([]byte, big)
	for i := range p {
		p[i] = app.Pattern(int64(i))
	}
	f.pattern = sha256.Sum256(p)
	for i := range p {
		p[i] ^= byte(i >> 16) // no two blocks of 64 KiB are equal
	}
	f.sum = sha256.Sum256(p)
	if err := os.WriteFile(f.up, p, 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

func (s *clients) upload(t *testing.T) int {
	for _, coding := range []string{"Transfer-Encoding:", "Transfer-Encoding: chunked"} {
		out := output(t, "curl", "-sS", "-f", "-X", "POST", "-H", coding, "-T", s.up, s.url("/sink"))
		if want := fmt.Sprintf(`{"bytes":%d,"sha256":"%x"}`, big, s.sum); out != want {
			t.Errorf("64 MiB sent with %q: /sink says %s, want %s", coding, out, want)
		}
	}
	return 2
}

func (s *clients) download(t *testing.T) int {
	down := filepath.Join(t.TempDir(), "down")
	output(t, "curl", "-sS", "-f", "-o", down, s.url(fmt.Sprintf("/bytes/%d", big)))
	got, err := os.ReadFile(down)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(got); !bytes.Equal(sum[:], s.pattern[:]) {
		t.Errorf("%d bytes with SHA-256 %x, want %d with %x", len(got), sum, big, s.pattern)
	}
	return 1
}

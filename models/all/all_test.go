package all_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/all"
	"github.com/c10kit/c10kit/models/control"
	"github.com/c10kit/c10kit/models/modeltest"
)

func TestMain(m *testing.M) { modeltest.Main(m) }

// TestForkBesidePeers: where every package is linked, gnet's pool has goroutines in
// every process from init on, and the process that forks must have none but its own,
// or it refuses to start (rawfork.Prepare).
func TestForkBesidePeers(t *testing.T) {
	stacks := make([]byte, 1<<20)
	if stacks = stacks[:runtime.Stack(stacks, true)]; !bytes.Contains(stacks, []byte("panjf2000/ants")) {
		t.Errorf("no goroutine of gnet's pool: this test proves nothing any more")
	}
	i := slices.IndexFunc(modeltest.Checks(), func(c modeltest.Check) bool { return c.Name == "BasicIO" })
	for _, spec := range []string{"ppc", "prefork"} {
		t.Run(spec, func(t *testing.T) {
			t.Parallel()
			if err := modeltest.Try(t.Context(), spec, modeltest.Checks()[i]); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCard: what is compared where nothing is named has no peer in it.
func TestCard(t *testing.T) {
	for _, name := range all.Card() {
		_, v, err := models.Find(name)
		if err != nil {
			t.Error(err)
		}
		if v.Traits.Tree || len(v.Traits.Skips) > 0 {
			t.Errorf("%s is no model of ours", name)
		}
	}
}

// sameRequests are those that every model and peer serves.
var sameRequests = []string{
	"GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /json HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /bytes/0 HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /bytes/1000 HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /bytes/1048576 HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /hash/1000 HTTP/1.1\r\nHost: a\r\n\r\n",
	"HEAD /plaintext HTTP/1.1\r\nHost: a\r\n\r\n",
	"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
	"POST /sink HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
	"GET /json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", // the last one
}

// TestSameAnswers: the answers of all models and peers have the same fields and the
// same number of bytes, so that a comparison moves the same bytes.
func TestSameAnswers(t *testing.T) {
	want, err := answers(t.Context(), "reactor")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range models.All() {
		if m.Variants[0].Traits.Kind == models.Command {
			continue // whatever it is that is run
		}
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			got, err := answers(t.Context(), m.Name)
			if err != nil {
				t.Fatal(err)
			}
			for i, request := range sameRequests {
				if got[i] != want[i] {
					t.Errorf("%q is answered with\n%q, by reactor with\n%q", request, got[i], want[i])
				}
			}
		})
	}
}

// answers returns what a server says to sameRequests: the number of bytes, the fields
// in the order of their names, the body.
func answers(ctx context.Context, spec string) ([]string, error) {
	m, v, err := models.Find(spec)
	if err != nil {
		return nil, err
	}
	config := models.Config{Variant: v.Name, Addr: "127.0.0.1:0"}.WithDefaults(m)
	p, err := control.Start(ctx, config)
	if err != nil {
		return nil, err
	}
	said, err := talk(p.Addr())
	if end := p.Stop(config.Drain + 10*time.Second); err == nil {
		err = end
	}
	return said, err
}

func talk(addr string) (said []string, err error) {
	c, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return nil, err
	}
	count := &counter{r: c}
	r := bufio.NewReader(count)
	for _, request := range sameRequests {
		if _, err := io.WriteString(c, request); err != nil {
			return nil, err
		}
		before := count.n - r.Buffered()
		method, _, _ := strings.Cut(request, " ")
		a, err := http.ReadResponse(r, &http.Request{Method: method})
		if err != nil {
			return nil, fmt.Errorf("%q: %w", request, err)
		}
		body, err := io.ReadAll(a.Body)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", request, err)
		}
		_ = a.Body.Close()
		if _, err := http.ParseTime(a.Header.Get("Date")); err != nil {
			return nil, fmt.Errorf("%q: %w", request, err)
		}
		a.Header.Set("Date", "")
		said = append(said, fmt.Sprintf("%d bytes, %s, %v, close %v, %.100q",
			count.n-r.Buffered()-before, a.Status, a.Header, a.Close, body))
	}
	return said, nil
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

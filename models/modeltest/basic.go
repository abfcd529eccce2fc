package modeltest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/app"
)

// This file: checks of single requests.

// period is that of app.Pattern.
const period = 64 << 10

var onePeriod = sync.OnceValue(func() []byte {
	p := make([]byte, period)
	for i := range p {
		p[i] = app.Pattern(int64(i))
	}
	return p
})

// pattern returns n bytes of app.Pattern.
func pattern(n int) []byte {
	return bytes.Repeat(onePeriod(), (n+period-1)/period)[:n]
}

// digest is what /sink answers for a body.
func digest(body []byte) string {
	return fmt.Sprintf(`{"bytes":%d,"sha256":"%x"}`, len(body), sha256.Sum256(body))
}

// chunked codes a body in chunks of the given size.
func chunked(body string, size int) string {
	var b strings.Builder
	for len(body) > 0 {
		n := min(size, len(body))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	return b.String() + "0\r\n\r\n"
}

// exchange is a request and what its answer must be.
type exchange struct {
	method, path, body string
	status             int
	contentType        string // "" is not looked at
	want               string
}

// exchanges are one of each thing that the http app does. Their answers are
// constant.
var exchanges = sync.OnceValue(func() []exchange {
	long := string(pattern(100_000))
	return []exchange{
		{"GET", "/plaintext", "", 200, "text/plain", "Hello, World!"},
		{"GET", "/json", "", 200, "application/json", `{"message":"Hello, World!"}`},
		{"GET", "/bytes/0", "", 200, "application/octet-stream", ""},
		{"GET", "/bytes/100000", "", 200, "application/octet-stream", long},
		{"GET", "/bytes/300000", "", 200, "application/octet-stream", string(pattern(300_000))},
		{"GET", "/hash/1000", "", 200, "text/plain", fmt.Sprintf("%x", sha256.Sum256(pattern(1000)))},
		{"GET", "/wait/20ms", "", 200, "text/plain", "waited\n"},
		{"POST", "/echo", "", 200, "", ""},
		{"POST", "/echo", "a body", 200, "", "a body"},
		{"POST", "/echo", long, 200, "", long},
		{"POST", "/sink", long, 200, "application/json", digest([]byte(long))},
		{"GET", "/plaintext?query", "", 200, "text/plain", "Hello, World!"},
	}
})

// do carries e out on cl.
func (e exchange) do(cl *Client) (*Answer, error) {
	a, err := cl.Do(e.status, e.method, e.path, e.body)
	if err != nil {
		return nil, err
	}
	if string(a.Body) != e.want {
		return nil, fmt.Errorf("%s %s: wrong body: %s", e.method, e.path, difference(a.Body, []byte(e.want)))
	}
	if got := a.Header.Get("Content-Type"); e.contentType != "" && got != e.contentType {
		return nil, fmt.Errorf("%s %s: Content-Type %q, want %q", e.method, e.path, got, e.contentType)
	}
	return a, nil
}

// difference tells where got departs from want.
func difference(got, want []byte) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("byte %d is %#x instead of %#x (%d bytes, want %d)", i, got[i], want[i], len(got), len(want))
		}
	}
	return fmt.Sprintf("%d bytes, want %d", len(got), len(want))
}

// refusals are requests that are answered with an error, and basicCases their names.
var (
	basicCases = []string{"404", "405", "413"}
	refusals   = []exchange{
		{method: "GET", path: "/nothing", status: 404},
		{method: "DELETE", path: "/plaintext", status: 405},
		{method: "POST", path: "/echo", body: strings.Repeat("x", models.DefaultMaxBody+1), status: 413},
	}
)

func basicIO(ctx context.Context, s *Server) error {
	c, err := s.Start(ctx, nil)
	if err != nil {
		return err
	}
	err = c.talk(ctx, func(cl *Client) error {
		for _, e := range s.served(exchanges()) {
			a, err := e.do(cl)
			if err == nil {
				err = fieldsOf(a)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, e := range refusals {
		if !s.runs(basicCases[i]) {
			continue
		}
		if err := c.talk(ctx, func(cl *Client) error { return refused(cl, e) }); err != nil {
			return err
		}
	}
	return nil
}

// fieldsOf checks what TechEmpower asks of every answer: Server and Date.
func fieldsOf(a *Answer) error {
	if a.Header.Get("Server") == "" {
		return fmt.Errorf("no Server field in %v", a.Header)
	}
	if _, err := http.ParseTime(a.Header.Get("Date")); err != nil {
		return fmt.Errorf("the Date field of %v: %w", a.Header, err)
	}
	return nil
}

// refused checks an error answer: the status, and the end of the connection. The
// server may refuse before it has read everything, so an error of the write counts
// only if there is no answer.
func refused(cl *Client, e exchange) error {
	sent := cl.Send(request(e.method, e.path, e.body))
	a, err := cl.Receive(e.method)
	switch {
	case err != nil:
		return fmt.Errorf("%s %s: %w (sending: %v)", e.method, e.path, err, sent)
	case a.Status != e.status:
		return fmt.Errorf("%s %s: status %d, want %d", e.method, e.path, a.Status, e.status)
	case e.status == 405 && a.Header.Get("Allow") == "":
		return fmt.Errorf("%s %s: 405 without Allow", e.method, e.path)
	}
	return nil
}

func head(ctx context.Context, s *Server) error {
	c, err := s.Start(ctx, nil)
	if err != nil {
		return err
	}
	return c.talk(ctx, func(cl *Client) error {
		for _, path := range []string{"/plaintext", "/json", "/bytes/1000000", "/hash/10"} {
			get, err := cl.Get(path)
			if err != nil {
				return err
			}
			// Whatever followed this answer would be taken for the next one's head.
			a, err := cl.Do(200, "HEAD", path, "")
			if err != nil {
				return err
			}
			if a.Length != get.Length {
				return fmt.Errorf("HEAD %s says Content-Length %d, GET %d", path, a.Length, get.Length)
			}
		}
		_, err := cl.Get("/plaintext")
		return err
	})
}

func http10(ctx context.Context, s *Server) error {
	c, err := s.Start(ctx, nil)
	if err != nil {
		return err
	}
	get := func(cl *Client, fields string) (*Answer, error) {
		if err := cl.Send("GET /plaintext HTTP/1.0\r\n" + fields + "\r\n"); err != nil {
			return nil, err
		}
		a, err := cl.Receive("GET")
		if err == nil && (a.Status != 200 || string(a.Body) != "Hello, World!") {
			err = fmt.Errorf("status %d, body %q", a.Status, a.Body)
		}
		return a, err
	}
	err = c.talk(ctx, func(cl *Client) error {
		if _, err := get(cl, ""); err != nil {
			return fmt.Errorf("HTTP/1.0: %w", err)
		}
		return cl.End()
	})
	if err != nil {
		return err
	}
	return c.talk(ctx, func(cl *Client) error {
		for range 3 {
			a, err := get(cl, "Connection: keep-alive\r\n")
			if err != nil {
				return fmt.Errorf("HTTP/1.0 with keep-alive: %w", err)
			}
			if !strings.EqualFold(a.Header.Get("Connection"), "keep-alive") {
				return fmt.Errorf("HTTP/1.0 with keep-alive is answered with Connection: %q", a.Header.Get("Connection"))
			}
		}
		return nil
	})
}

func closeAfter(ctx context.Context, s *Server) error {
	c, err := s.Start(ctx, nil)
	if err != nil {
		return err
	}
	for _, e := range exchanges()[:6] {
		err := c.talk(ctx, func(cl *Client) error {
			if _, err := cl.Get("/json"); err != nil {
				return err
			}
			a, err := cl.Do(e.status, e.method, e.path, e.body, "Connection: close")
			if err != nil {
				return err
			}
			if !a.Close {
				return fmt.Errorf("the last answer does not say Connection: close: %v", a.Header)
			}
			if string(a.Body) != e.want {
				return fmt.Errorf("the last answer's body: %s", difference(a.Body, []byte(e.want)))
			}
			return cl.End()
		})
		if err != nil {
			return fmt.Errorf("%s %s with Connection: close: %w", e.method, e.path, err)
		}
	}
	return nil
}

// copies are the values of Config.Copy that the model knows.
func (s *Server) copies() []bool {
	if s.Variant.Traits.Origin != models.Own {
		return []bool{false}
	}
	return []bool{false, true}
}

func copyTwin(ctx context.Context, s *Server) error {
	if s.Variant.Traits.Origin != models.Own {
		return &NotApplicable{"foreign code has no buffer chain"}
	}
	var answers [2][]*Answer
	for i, copying := range []bool{false, true} {
		c, err := s.Start(ctx, func(config *models.Config) { config.Copy = copying })
		if err != nil {
			return err
		}
		err = c.talk(ctx, func(cl *Client) error {
			for _, e := range s.served(exchanges()) {
				a, err := e.do(cl)
				if err != nil {
					return fmt.Errorf("copy %v: %w", copying, err)
				}
				a.Header.Del("Date")
				answers[i] = append(answers[i], a)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for i, e := range s.served(exchanges()) {
		a, b := answers[0][i], answers[1][i]
		if !bytes.Equal(a.Body, b.Body) || fmt.Sprint(a.Header) != fmt.Sprint(b.Header) {
			return fmt.Errorf("%s %s: the copying twin answers %v, the chain %v", e.method, e.path, b.Header, a.Header)
		}
	}
	return nil
}

package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// What linked packages have started at their init (gnet's) is no leak.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }

// TestServe: the program, as it is started, in a model that serves on one thread.
func TestServe(t *testing.T) {
	r, w := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, w, []string{"-model", "reactor", "-addr", "127.0.0.1:0"}) }()
	line, err := bufio.NewReader(r).ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		t.Fatalf("%q, %v", line, err)
	}
	client := http.Client{Transport: &http.Transport{}}
	for _, tc := range []struct{ method, path, language, body, want string }{
		{"GET", "/greet/Ada", "", "", "Hello, Ada"},
		{"GET", "/greet/Ada", "de-DE,en", "", "Guten Tag, Ada"},
		{"GET", "/greet/", "", "", "/greet/NAME: whom?\n"},
		{"POST", "/lines", "", strings.Repeat("a line\n", 30000), "30000"},
	} {
		req, err := http.NewRequestWithContext(ctx, tc.method, "http://"+addr+tc.path, strings.NewReader(tc.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Language", tc.language)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || string(got) != tc.want {
			t.Errorf("%s %s: %q, %v", tc.method, tc.path, got, err)
		}
	}
	client.CloseIdleConnections()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestUnknownModel(t *testing.T) {
	if err := run(t.Context(), io.Discard, []string{"-model", "none"}); err == nil || !strings.Contains(err.Error(), "reactor") {
		t.Errorf("%v", err)
	}
}

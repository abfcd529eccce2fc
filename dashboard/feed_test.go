package dashboard

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/c10kit/c10kit/reports"
	"github.com/c10kit/c10kit/results"
)

// TestFeedDropsSamplesOnly: a screen that stands still for a whole run loses samples, and
// says how many.
func TestFeedDropsSamplesOnly(t *testing.T) {
	f := NewFeed()
	f.Begin(Head{Dir: "dir", Manifest: results.Manifest{Name: "x"}})
	var wg sync.WaitGroup
	const each = 700
	for range 4 {
		wg.Go(func() {
			for range each {
				f.Event(results.Event{Kind: results.EventSample})
				f.Event(results.Event{Kind: results.EventResult})
			}
		})
	}
	wg.Wait()
	got := f.take()
	count := map[results.EventKind]int{}
	for _, e := range got.events {
		count[e.Kind]++
	}
	if got.begun == nil || got.begun.Dir != "dir" || count[results.EventResult] != 4*each {
		t.Errorf("begun %v, %d results of %d", got.begun, count[results.EventResult], 4*each)
	}
	if count[results.EventSample] != feedSamples || got.lost != 4*each-feedSamples {
		t.Errorf("%d samples, %d lost", count[results.EventSample], got.lost)
	}
	if again := f.take(); again.begun != nil || len(again.events) != 0 || again.lost != got.lost {
		t.Errorf("taken twice: %+v", again)
	}

	d := newDash(&fakeRun{}, look{}, DefaultFPS)
	d.feed = f
	d.drain()
	if w := d.story.warnings(); len(w) != 1 || !strings.Contains(w[0], "1776 samples were not shown") {
		t.Errorf("the loss is not told: %q", w)
	}
}

// TestFeedFollows: what Plain reads is everything to the end, which Stop brings about.
func TestFeedFollows(t *testing.T) {
	rec := recording(t)
	run := &endlessRun{rec: rec}
	f := NewFeed()
	if err := run.Start(Choice{}, f); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	head, events := f.follow(ctx, run.Stop)
	if head.Manifest.Name != rec.Manifest.Name {
		t.Errorf("the manifest of %q", head.Manifest.Name)
	}
	n := 0
	last := results.Event{}
	for e := range events {
		if n++; n == 20 {
			cancel()
		}
		last = e
	}
	run.ended.Wait()
	if last.Kind != results.EventEnd || last.Text != "stopped" || n >= len(rec.Events) {
		t.Errorf("%d events, the last %+v", n, last)
	}
	cancel()
}

// TestPlain: a line for each step, and the table that the folder gives.
func TestPlain(t *testing.T) {
	stored := open(t)
	var want, talk, out bytes.Buffer
	if err := reports.Text(&want, stored, reports.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := Plain(&talk, &out, NewHead(stored), slices.Values(stored.Events()), reports.Options{}); err != nil {
		t.Fatal(err)
	}
	table, summary := out.String()[:min(want.Len(), out.Len())], out.String()[min(want.Len(), out.Len()):]
	if table != want.String() {
		t.Errorf("not the table of the folder:\n%s", out.String())
	}
	if of := regexp.MustCompile(`\nclose /plaintext c=64: [a-z:]+ answered\n  more than [a-z:]+, `); !of.MatchString(summary) {
		t.Errorf("no summary of two rounds in\n%s", summary)
	}
	if n := strings.Count(talk.String(), "req/s\n"); n != len(stored.Results) {
		t.Errorf("%d lines for %d results:\n%s", n, len(stored.Results), talk.String())
	}
}

func TestExport(t *testing.T) {
	d := played(t, 160, 45, 1)
	d.exports.dir = t.TempDir()
	for i := range 2 {
		msg := d.export()().(exported)
		if msg.err != nil {
			t.Fatal(msg.err)
		}
		d.Update(msg)
		if foot := find2(plainView(d), "written: "); !strings.Contains(foot, "the run is in") {
			t.Errorf("the answer is %q", foot)
		}
		text, err := os.ReadFile(msg.files[0])
		if err != nil || !strings.Contains(string(text), "prefork:accept") {
			t.Errorf("%v in\n%s", err, text)
		}
		svg, err := os.ReadFile(msg.files[1])
		if err != nil || !bytes.HasPrefix(svg, []byte("<svg")) && !bytes.HasPrefix(svg, []byte("<?xml")) {
			t.Errorf("%v: %.40q", err, svg)
		}
		if i == 1 && filepath.Base(msg.files[0]) != "c10kit-screen-2.txt" {
			t.Errorf("the second export is %s", msg.files[0])
		}
	}
	d.exports.dir = filepath.Join(d.exports.dir, "not there")
	d.Update(d.export()())
	if !strings.HasPrefix(d.status, "not written: ") {
		t.Errorf("an export that failed is answered by %q", d.status)
	}
}

func find2(text, part string) string {
	for line := range strings.SplitSeq(text, "\n") {
		if strings.Contains(line, part) {
			return line
		}
	}
	return ""
}

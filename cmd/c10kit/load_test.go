package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/c10kit/c10kit/loadgen"
	"github.com/c10kit/c10kit/results"
)

// Numbers that are too large are refused before anything is allocated for them, and
// what the machine refuses is not the command line's fault.
func TestLoadLimits(t *testing.T) {
	big := filepath.Join(t.TempDir(), "big")
	write(t, big, "")
	if err := os.Truncate(big, loadgen.MaxBody+1); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args string
		code int
		say  string
	}{
		{"-t 1000000 -c 1000000", exitUsage, "threads must be in 1..1024"},
		{"-t 2 -c 1", exitUsage, "2 threads have nothing to do with 1 connections"},
		{"-c 1000000000", exitUsage, "connections must be in 1..1048576"},
		{"--pipeline 1000000000", exitUsage, "pipeline depth must be in"},
		{"--timeout 2562047h", exitUsage, "timeout must be in 1ms..24h0m0s"},
		{"--sources 127.0.0.0/8", exitUsage, "more than 4096 addresses"},
		{"--cpus 0-99999999", exitUsage, "CPU list"},
		{"--cpus 1000", exitMachine, "sched_setaffinity: invalid argument"},
		{"--body 2GiB", exitUsage, "--body 2GiB: at most 64 MiB"},
		{"--body 1GiB", exitUsage, "--body 1GiB: at most 64 MiB"},
		{"--body 2000000000", exitUsage, "at most 64 MiB"},
		{"--body 99999999999999999999", exitUsage, "at most 64 MiB"},
		{"--body " + big, exitUsage, "at most 64 MiB"},
		{"--body 12KB", exitUsage, "neither a size (64KiB) nor a file"},
	} {
		args := append([]string{"load", "http://127.0.0.1:1/", "-n", "1", "-c", "1"}, strings.Fields(tt.args)...)
		if code, _, stderr := command(t, args...); code != tt.code || !strings.Contains(stderr, tt.say) {
			t.Errorf("%s: exit %d, want %d; stderr %q should say %q", tt.args, code, tt.code, stderr, tt.say)
		}
	}
	for url, say := range map[string]string{"http://0.0.0.0:80/": "use 127.0.0.1", "http://[::]:80/": "use [::1]"} {
		if code, _, stderr := command(t, "load", url, "-n", "1"); code != exitUsage || !strings.Contains(stderr, say) {
			t.Errorf("%s: exit %d, stderr %q should say %q", url, code, stderr, say)
		}
	}
}

func TestParseSize(t *testing.T) {
	for s, want := range map[string]int64{
		"0": 0, "17": 17, "64KiB": 64 << 10, "64MiB": 64 << 20, "2GiB": 2 << 30,
		"9223372036854775807": math.MaxInt64, "9223372036854775808": math.MaxInt64, "9223372036854775807KiB": math.MaxInt64,
		"-1": -1, "": -1, "KiB": -1, "1.5KiB": -1, "12KB": -1, "-99999999999999999999": -1,
	} {
		if n, ok := parseSize(s); ok != (want >= 0) || ok && n != want {
			t.Errorf("%q is %d bytes, %v; want %d", s, n, ok, want)
		}
	}
}

// Answers that are no success are answers: they cost the server, and the generator.
func TestLoadNotFound(t *testing.T) {
	for _, model := range []string{"reactor", "nethttp"} {
		_, addr := serve(t, model)
		url := "http://" + addr + "/nope"
		code, out, stderr := command(t, "load", url, "-c", "1", "-n", "100", "--json")
		var r loadReport
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		if code != exitFailed || !strings.Contains(stderr, "no request was answered with 2xx") || r.Requests != 0 || r.Status["4xx"] != 100 {
			t.Errorf("%s: exit %d, %q, %v", model, code, stderr, r.Status)
		}
		r.counted(t, results.CPUPerReq)
		if v := r.Server.Values[results.CPUPerReq]; v > 1e8 || r.ClientVol == nil {
			t.Errorf("%s: %v ns a request, the generator's switches %v", model, v, r.ClientVol)
		}
	}
}

// What was not counted is not told, and what needs no process is.
func TestLoadWithoutAnswers(t *testing.T) {
	_, out, stderr := command(t, "load", "http://127.0.0.1:1/", "-c", "1", "-n", "3", "--json")
	var r loadReport
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	if r.Server == nil || r.Server.Pid != 0 || r.Server.CPU != nil || r.ClientVol != nil || r.Total != nil {
		t.Errorf("of nothing it says %s", out)
	}
	if _, ok := r.Server.Values[results.Retransmits]; !ok || !strings.Contains(r.Server.Missing[results.CswVoluntary], "nobody listens") {
		t.Errorf("values %v, missing %q", r.Server.Values, r.Server.Missing)
	}
	_, text, _ := command(t, "load", "http://127.0.0.1:1/", "-c", "1", "-n", "3")
	for _, want := range []string{"1 connection (kept alive), 1 thread,", "of its threads' time  -\n", "no process to look into"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %s", want, text)
		}
	}
}

// A percentile of too few answers is the maximum under another name.
func TestLoadFewAnswers(t *testing.T) {
	_, addr := serve(t, "reactor")
	for n, want := range map[int][]bool{5: {false, false, false, false}, 6: {true, false, false, false}, 40: {true, true, false, false}, 368: {true, true, true, false}} {
		r := loadOf(t, "http://"+addr+"/plaintext", "-c", "1", "-n", strconv.Itoa(n))
		told := []bool{r.Total.P50 != nil, r.Total.P90 != nil, r.Total.P99 != nil, r.Total.P999 != nil}
		if !slices.Equal(told, want) || r.Total.Max <= 0 {
			t.Errorf("of %d answers p50, p90, p99, p99.9 are told: %v, want %v", n, told, want)
		}
		if _, ok := r.Missing["p99.9-ns"]; n == 368 && !ok {
			t.Errorf("nobody says that p99.9 is missing: %q", r.Missing)
		}
	}
}

// What the accept queue dropped is named as the reason, where it is.
func TestLoadNotes(t *testing.T) {
	config := loadgen.Config{Conns: 64}
	result := &loadgen.Result{NeverServed: 58}
	full := &serverReport{Values: map[results.Metric]float64{results.Overflows: 9}}
	notes := strings.Join(newLoadReport(config, result, full).Notes, "\n")
	if !strings.Contains(notes, "the accept queue was full and dropped connections, 9 times\n58 of 64 connections never got an answer") ||
		strings.Contains(notes, "more connections than") {
		t.Errorf("with a full queue: %s", notes)
	}
	notes = strings.Join(newLoadReport(config, result, &serverReport{}).Notes, "\n")
	if notes != "58 of 64 connections never got an answer: more connections than the server serves at a time?" {
		t.Errorf("with an empty one: %s", notes)
	}
}

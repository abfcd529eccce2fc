package loadgen

import (
	"strings"
	"testing"
)

func TestParseTarget(t *testing.T) {
	for raw, want := range map[string]struct {
		addr, host, path string
		proto            Proto
		bytes            int
		remote           bool
	}{
		"http://127.0.0.1:8080":              {addr: "127.0.0.1:8080", host: "127.0.0.1:8080", path: "/"},
		"http://127.0.0.1":                   {addr: "127.0.0.1:80", host: "127.0.0.1", path: "/"},
		"http://localhost:81/a?b=c":          {addr: "127.0.0.1:81", host: "localhost:81", path: "/a?b=c"},
		"http://127.9.9.9:81/%41/b%20c":      {addr: "127.9.9.9:81", host: "127.9.9.9:81", path: "/%41/b%20c"},
		"http://[::1]:8080/x":                {addr: "[::1]:8080", host: "[::1]:8080", path: "/x"},
		"http://192.0.2.7/":                  {addr: "192.0.2.7:80", host: "192.0.2.7", path: "/", remote: true},
		"tcp+echo://127.0.0.1:7":             {addr: "127.0.0.1:7", host: "127.0.0.1:7", proto: Echo},
		"tcp+unp://127.0.0.1:9877/16384":     {addr: "127.0.0.1:9877", host: "127.0.0.1:9877", proto: Unp, bytes: 16384},
		"http://127.0.0.1:8080/plaintext?a&": {addr: "127.0.0.1:8080", host: "127.0.0.1:8080", path: "/plaintext?a&"},
	} {
		got, err := ParseTarget(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		if got.Addr.String() != want.addr || got.Host != want.host || got.Path != want.path || got.Proto != want.proto ||
			got.Bytes != want.bytes || got.Loopback() == want.remote {
			t.Errorf("%s: %+v, loopback %v", raw, got, got.Loopback())
		}
		if again, err := ParseTarget(got.String()); err != nil || again != got {
			t.Errorf("%s: written %s, read %+v, %v", raw, got, again, err)
		}
	}
}

func TestParseTargetRefuses(t *testing.T) {
	for raw, want := range map[string]string{
		"https://127.0.0.1/":          "https is not supported",
		"ftp://127.0.0.1/":            `scheme "ftp"`,
		"127.0.0.1:80":                "write http://127.0.0.1:80",
		"http://example.com/":         "names are not looked up",
		"http:///x":                   "names are not looked up",
		"http://[fe80::1%25eth0]/":    "names are not looked up",
		"http://127.0.0.1:0/":         "1..65535",
		"http://127.0.0.1:65536/":     "1..65535",
		"http://127.0.0.1:/":          "port is missing",
		"http://u:p@127.0.0.1/":       "user and password",
		"http://127.0.0.1/#x":         "fragment",
		"http://127.0.0.1/?a b":       "0x20",
		"http://127.0.0.1/?\xc3\xa4":  "0xc3",
		"http://127.0.0.1/\r\nX: y":   "control character",
		"tcp+echo://127.0.0.1":        "port is missing",
		"tcp+echo://127.0.0.1:7/x":    "no path",
		"tcp+unp://127.0.0.1:7":       "BYTES",
		"tcp+unp://127.0.0.1:7/0":     "BYTES",
		"tcp+unp://127.0.0.1:7/16385": "BYTES",
		"tcp+unp://127.0.0.1:7/5?x":   "BYTES",
	} {
		if got, err := ParseTarget(raw); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v", raw, got, err)
		} else if got != (Target{}) {
			t.Errorf("%q: an error and %+v", raw, got)
		}
	}
}

func TestParseSources(t *testing.T) {
	for s, want := range map[string]string{
		"127.0.1.0/30":            "127.0.1.0 127.0.1.1 127.0.1.2 127.0.1.3",
		"127.0.1.3/30":            "127.0.1.0 127.0.1.1 127.0.1.2 127.0.1.3",
		"127.0.0.1":               "127.0.0.1",
		"127.0.0.9, 127.0.2.0/31": "127.0.0.9 127.0.2.0 127.0.2.1",
	} {
		list, err := ParseSources(s)
		var got []string
		for _, a := range list {
			got = append(got, a.String())
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
	for s, want := range map[string]string{
		"":                    "is no address",
		"127.0.0.1,":          "is no address",
		"10.0.0.0/30":         "outside 127.0.0.0/8",
		"::1":                 "outside 127.0.0.0/8",
		"::/0":                "more than 4096",
		"127.0.0.0/8":         "more than 4096",
		"127.0.0.0/31":        "network and broadcast",
		"127.0.0.1,127.0.0.1": "named twice",
		"127.0.0.1/x":         "is no address",
	} {
		if list, err := ParseSources(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %d addresses, %v", s, len(list), err)
		}
	}
}

func TestCloserFlag(t *testing.T) {
	for _, want := range []Closer{ClientCloses, ServerCloses} {
		var c Closer
		if err := c.Set(want.String()); err != nil || c != want {
			t.Errorf("%v: %v, %v", want, c, err)
		}
	}
	if c := ServerCloses; c.Set("both") == nil || c != ServerCloses || c.Type() == "" {
		t.Errorf("%v, type %q", c, c.Type())
	}
}

package app_test

import (
	"testing"

	"github.com/c10kit/c10kit/models/app"
	"github.com/c10kit/c10kit/models/app/http1/http1test"
)

func TestSmoke(t *testing.T) {
	w, flag := http1test.NewWorker(false)
	p, err := app.New("http", w)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range http1test.Layouts {
		d := http1test.New(w, flag, p)
		d.Open(false)
		d.Send([]byte("GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\nGET /wait/10ms HTTP/1.1\r\nHost: x\r\n\r\nPOST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\na: b\r\n\r\n"+
		"POST /sink HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET /bytes/70000 HTTP/1.0\r\n\r\n"), l)
		t.Logf("%s: %.1200s %d %v %v", l.Name, d.Got, len(d.Got), d.Waits, d.Done())
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

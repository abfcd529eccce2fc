package loadgen_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/c10kit/c10kit/loadgen"
)

func ExampleRun() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("hello"))
	}))
	defer server.Close()

	target, err := loadgen.ParseTarget(server.URL + "/hello")
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := loadgen.Run(context.Background(), loadgen.Config{Target: target, Conns: 4, Close: true, Requests: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("answered:", r.Requests, "failed:", r.Window.Failed, "balanced:", r.Window.Balanced())
	fmt.Println("connections:", r.Conns.Opened, "with TIME_WAIT on our side:", r.Conns.TWClient)
	fmt.Println("p99 is there:", r.Total.ValueAtPercentile(99) > 0)
	// Output:
	// answered: 100 failed: 0 balanced: true
	// connections: 100 with TIME_WAIT on our side: 100
	// p99 is there: true
}

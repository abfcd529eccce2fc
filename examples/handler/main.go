// Handler serves two handlers of its own (handler.go) in any model of c10kit.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models"
	_ "github.com/c10kit/c10kit/models/all" // the models to choose from
	"github.com/c10kit/c10kit/models/control"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until ctx ends, then drains.
func run(ctx context.Context, stdout io.Writer, args []string) error {
	flags := flag.NewFlagSet("handler", flag.ContinueOnError)
	model := flags.String("model", "reactor", "the model to serve in, one of "+strings.Join(names(), ", "))
	addr := flags.String("addr", models.DefaultAddr, "address to listen on")
	if err := flags.Parse(args); err != nil {
		return err
	}
	m, v, err := models.Find(*model)
	if err != nil {
		return err
	}
	config := models.Config{Model: m.Name, Variant: v.Name, App: name, Addr: *addr}
	return control.Serve(ctx, config, nil, nil, func(r control.Ready) {
		fmt.Fprintf(stdout, "listening on %s\n", r.Addr)
	})
}

func names() (all []string) {
	for _, m := range models.All() {
		all = append(all, m.Name)
	}
	return all
}

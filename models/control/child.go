package control

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/moby/sys/reexec"

	"github.com/c10kit/c10kit/models"
)

func init() { reexec.Register(ServerName, child) }

// child is the main function of a re-executed server: argv[1] is its
// configuration, argv[2] the pid of the parent.
func child() {
	if err := serveChild(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", ServerName, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func serveChild(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("%d arguments, want a configuration and the parent's pid", len(args))
	}
	// PDEATHSIG is set by exec, so a parent that died before that is not noticed.
	if fmt.Sprint(os.Getppid()) != args[1] {
		return fmt.Errorf("the process that started this one (pid %s) is gone", args[1])
	}
	var config models.Config
	if err := json.Unmarshal([]byte(args[0]), &config); err != nil {
		return fmt.Errorf("the configuration: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	requests, answers := os.NewFile(requestFD, "requests"), os.NewFile(answerFD, "answers")
	err := Serve(ctx, config, requests, answers, nil)
	if err != nil {
		// Told to the parent as well, whose user sees no stderr of ours.
		(&host{answers: answers}).answer(answer{Error: err.Error()})
	}
	return err
}

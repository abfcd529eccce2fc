package fork

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"github.com/moby/sys/reexec"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/conn"
)

var registered = map[string]Model{}

// Register makes m the forking part of the model of the given name. Called from its
// init.
func Register(name string, m Model) { registered[name] = m }

func init() {
	if len(os.Args) > 0 && os.Args[0] == forkerName {
		// The main thread is the forker's: its children die with it (internal/rawfork).
		runtime.LockOSThread()
		runtime.GOMAXPROCS(1)
	}
	reexec.Register(forkerName, func() { end(forkerName, forkerMain(os.Args[1:])) })
	reexec.Register(workerName, func() { end(workerName, workerMain(os.Args[1:])) })
}

func end(name string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// inherit makes the environment of a forker or a worker from its arguments (the
// parent's pid, the configuration) and its descriptors.
func inherit(args []string) (*models.Env, error) {
	if len(args) < 2 {
		return nil, fmt.Errorf("%d arguments, want the parent's pid and a configuration", len(args))
	}
	if fmt.Sprint(os.Getppid()) != args[0] {
		return nil, fmt.Errorf("the process that started this one (pid %s) is gone", args[0])
	}
	var config models.Config
	if err := json.Unmarshal([]byte(args[1]), &config); err != nil {
		return nil, fmt.Errorf("the configuration: %w", err)
	}
	b, err := board.Open(boardFD)
	if err != nil {
		return nil, err
	}
	return &models.Env{Config: config, Board: b, Listener: &models.Listener{FD: listenerFD}}, nil
}

// workerMain is the main function of a re-executed worker.
func workerMain(args []string) error {
	env, err := inherit(args)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(1 + 2)
	m, ok := registered[env.Config.Model]
	if !ok {
		return fmt.Errorf("%s is no model that forks", env.Config.Model)
	}
	if len(args) < 3 {
		return errors.New("want the number of a slot")
	}
	slot, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	w, err := conn.NewThreadWorkerAt(env, env.Board.Slot(slot), conn.Blocking)
	if err != nil {
		return err
	}
	w.Enter()
	err = m.Child(w, listenerFD)
	w.Exit(false) // not deferred: the slot of one that panics is the forker's to bury
	return err
}

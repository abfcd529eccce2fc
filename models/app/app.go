package app

import (
	"fmt"
	"slices"
	"strings"

	"github.com/c10kit/c10kit/models/stage"
)

// Factory makes the pipeline of one worker. It is called once for each worker, on
// the worker's thread (or in the process that forks it), before its first
// connection; what it opens lives as long as the process.
type Factory func(w *stage.Worker) (stage.Pipeline, error)

var factories = map[string]Factory{
	"http": newHTTP,
	"echo": newEcho,
	"unp":  newUNP,
}

// Register adds an app to those that New knows, for --app NAME. Call it from an
// init function: it is not safe while New or Names run. It panics if the name is
// empty or not a single word, if it is taken, or if there is no factory: all are
// bugs of the program.
func Register(name string, f Factory) {
	switch {
	case name == "" || strings.ContainsAny(name, " \t\r\n/:"):
		panic(fmt.Sprintf("app: Register: bad name %q: a flag's value without spaces, slash or colon is wanted", name))
	case f == nil:
		panic(fmt.Sprintf("app: Register: %q has no factory", name))
	case factories[name] != nil:
		panic(fmt.Sprintf("app: Register: %q is registered twice", name))
	}
	factories[name] = f
}

// New makes the pipeline of the app of the given name for worker w. Safe from
// several threads, as long as the factory is.
func New(name string, w *stage.Worker) (stage.Pipeline, error) {
	f := factories[name]
	if f == nil {
		return nil, fmt.Errorf("no app %q; there are %s", name, strings.Join(Names(), ", "))
	}
	p, err := f(w)
	if err != nil {
		return nil, fmt.Errorf("app %s: %w", name, err)
	}
	return p, nil
}

// Names returns the names of all apps, sorted.
func Names() []string {
	names := make([]string, 0, len(factories))
	for name := range factories {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

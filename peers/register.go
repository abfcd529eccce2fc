package peers

import "github.com/c10kit/c10kit/models"

// Register registers a library as a model without variants: who it is in a few words,
// its traits (Loops or Goroutines), and what makes its server.
func Register(name, about string, traits models.Traits, server func(*models.Env) models.Server) {
	models.Register(&models.Model{
		Name:     name,
		About:    "peer: " + about,
		Variants: []models.Variant{{Name: models.NoVariant, Traits: traits}},
		New:      func(env *models.Env) (models.Server, error) { return server(env), nil },
	})
}

// Loops is the traits of a library of event loops which opens its listener itself, and
// on which a Site speaks HTTP.
func Loops() models.Traits {
	return models.Traits{
		Kind:         models.Events,
		Processes:    "1",
		Threads:      "workers",
		Multiplexing: "epoll",
		Multicore:    true,
		CrashTakes:   "server",
		Switches:     "0-1",
		Listens:      true,
		Tree:         true,
		Origin:       models.Library,
		Apps:         []string{"echo", "http"},
		Ignores:      []string{"header-timeout", "idle-timeout", "max-conns", "backlog"},
		Skips:        Skips(ScanSkips),
	}
}

// Goroutines is the traits of a library that serves each connection by a goroutine over
// the runtime's poller, on a listener that it is given (Serve), and has a parser of its
// own; skips is what it alone skips of the conformance suite.
func Goroutines(crashTakes string, skips map[string]string) models.Traits {
	return models.Traits{
		Kind:         models.Runtime,
		Processes:    "1",
		Threads:      "runtime",
		Multiplexing: "epoll",
		Multicore:    true,
		CrashTakes:   crashTakes,
		Switches:     "runtime",
		Tree:         true,
		Origin:       models.Library,
		Apps:         []string{"http"},
		Ignores:      []string{"header-timeout", "idle-timeout"},
		Skips:        Skips(ParserSkips, skips),
	}
}

package peers

import "maps"

// Reasons that several peers have for what they skip of models/modeltest.
const (
	noBoard    = "it counts nothing on a scoreboard"
	noTimeouts = "as its benchmarks set it up, it has no time limits"
	noLinger   = "it closes at once after a refusal, so that a client that still sends sees a reset, and lets some requests pass"
	onlyHTTP   = "the library speaks nothing but HTTP"
	noUnp      = "this app was not written for it"
	noOptions  = "OPTIONS is not answered by a list of methods"
)

// Skips returns what every peer skips of the conformance suite (Traits.Skips) and what
// one adds to that.
func Skips(more ...map[string]string) map[string]string {
	all := map[string]string{
		"Books":     noBoard,
		"Timeouts":  noTimeouts,
		"Malformed": noLinger,

		"Drain/half a request that stays half": "without time limits it has no 408 to say",

		"Valid/asterisk form":                 noOptions,
		"Valid/asterisk form through a proxy": noOptions,
		"Valid/asterisk with upgrade":         noOptions,
		"Valid/curl options":                  noOptions,
		"Valid/chunks with everything":        "a list with empty elements around chunked is refused",
	}
	for _, m := range more {
		maps.Copy(all, m)
	}
	return all
}

// ParserSkips is what those skip besides that have a parser of HTTP and nothing else.
var ParserSkips = map[string]string{
	"Echo": onlyHTTP,
	"Unp":  onlyHTTP,
}

// ScanSkips is what those skip besides that use a Site: they have a loop, and Scan.
var ScanSkips = map[string]string{
	"/wait/":     "the loop has no timer for a connection, and waiting would stop it",
	"Unp":        noUnp,
	"Shed":       noBound,
	"StreamUp":   "a body is buffered whole, so /sink ends at --max-body",
	"StreamDown": oneSlice,
	"SlowReader": oneSlice,

	"SlowWriter/chunked":      noChunks,
	"SlowWriter/chunked sink": noChunks,

	"Drain/requests in flight":      "no request stays in flight without /wait",
	"Drain/end of the control pipe": "no request stays in flight without /wait",
	"Drain/half a request":          "the loop ends at once, with all its connections",

	"Valid/empty lines before the request line": noForm,
	"Valid/absolute form overrides Host":        noForm,
	"Valid/encoded path":                        noForm,
	"Valid/curl proxy":                          noForm,
	"Valid/no chunks":                           noChunks,
	"Valid/curl chunked":                        noChunks,
	"Valid/curl stdin":                          noChunks,
	"Valid/python chunked":                      noChunks,
}

// Reasons of ScanSkips.
const (
	noBound  = "the library has no bound on connections"
	oneSlice = "the library takes an answer whole and buffers what the client does not read, so /bytes ends at 1 MiB"
	noChunks = "the scan answers chunked bodies with 501"
	noForm   = "the scan knows paths as they come, in origin form, and nothing before the request line"
)

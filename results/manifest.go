package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Schema is the version of the run folder that this package writes, and the
// only one it reads. It changes when a reader of the old one would be misled.
const Schema = 2

// ErrSchema is returned, wrapped, by Open for a folder of another schema.
var ErrSchema = errors.New("unknown schema version")

// PairsPerConn is how many pairs of source address and port a connection of a cell has at
// least, even where Manifest.Pairs are fewer: the kernel would search long for a free one.
const PairsPerConn = 2

// CPU is the processor a run was measured on.
type CPU struct {
	Model string `json:"model"`
	Count int    `json:"count"` // online logical CPUs
}

// Pinning is which CPUs each side was confined to; nil is not confined.
type Pinning struct {
	Server []int `json:"server"`
	Load   []int `json:"load"`
}

// GOMAXPROCS is the setting of every process that has one.
type GOMAXPROCS struct {
	Models map[string]int `json:"models"` // by Cell.Spec; commands are absent
	Load   int            `json:"load"`
}

// Manifest says what was asked and of which machine: what is needed to run it
// again and to judge it.
type Manifest struct {
	Schema         int               `json:"schema"` // set by Create
	Name           string            `json:"name"`   // set by Create
	Start          time.Time         `json:"start"`  // UTC; set by Create if zero
	End            time.Time         `json:"end,omitzero"`
	Interrupted    bool              `json:"interrupted"` // the user stopped it; what is there is whole
	Argv           []string          `json:"argv"`
	Seed           uint64            `json:"seed"`
	Rounds         int               `json:"rounds"`
	Window         time.Duration     `json:"window-ns"`         // measured time of one cell
	Warmup         time.Duration     `json:"warmup-ns"`         // before it, not measured
	Sources        int               `json:"sources,omitempty"` // addresses that a cell of mode close connects from; 0: not known
	Pairs          int               `json:"pairs,omitempty"`   // of source and port, of a cell whose server closes first: see PairsPerConn; 0: all
	Placement      string            `json:"placement"`
	Cells          []Cell            `json:"cells"`             // planned, in the order in which reports show them
	Skipped        []string          `json:"skipped,omitempty"` // IDs of planned cells, with their round, that the user left out
	Kernel         string            `json:"kernel"`
	Sysctls        map[string]string `json:"sysctls,omitempty"`
	CPU            CPU               `json:"cpu"`
	Pinning        Pinning           `json:"pinning"`
	GOMAXPROCS     GOMAXPROCS        `json:"gomaxprocs"`
	CGOEnabled     bool              `json:"cgo-enabled"`
	GoVersion      string            `json:"go-version"`
	Commit         string            `json:"commit"`
	PredictionHash string            `json:"prediction-hash,omitempty"` // SHA-256 of predictions.toml
	Warnings       []string          `json:"warnings,omitempty"`
}

// write replaces the manifest in dir so that a reader sees the old or the new
// one, never a part.
func (m *Manifest) write(dir string) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", manifestFile, err)
	}
	path := filepath.Join(dir, manifestFile)
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, append(data, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// parseManifest looks at the schema alone first: the fields of another version
// may have other types.
func parseManifest(data []byte) (Manifest, error) {
	var version struct{ Schema *int }
	if err := json.Unmarshal(data, &version); err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", manifestFile, err)
	}
	if version.Schema == nil {
		return Manifest{}, fmt.Errorf("%s: names no schema: not a run folder", manifestFile)
	}
	if *version.Schema != Schema {
		return Manifest{}, fmt.Errorf("%s: %w %d, this program reads %d: use the version that wrote it",
			manifestFile, ErrSchema, *version.Schema, Schema)
	}
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", manifestFile, err)
	}
	return m, nil
}

package results

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// predictionsFile is the one file of a run folder that not every run has.
const predictionsFile = "predictions.toml"

// Predict stores the predictions of the run and puts their hash into the manifest. It
// is called before the first result is there, which is what locks them; data has been
// read by ParsePredictions.
func (r *Run) Predict(data []byte) error {
	if err := os.WriteFile(filepath.Join(r.dir, predictionsFile), data, 0o444); err != nil {
		return err
	}
	return r.Update(func(m *Manifest) { m.PredictionHash = HashPredictions(data) })
}

// readPredictions reads the predictions of a stored run. Those that are not what was
// locked before it are warned of and left out: they prove nothing.
func (s *Stored) readPredictions(fsys fs.FS) error {
	data, err := fs.ReadFile(fsys, predictionsFile)
	locked := s.Manifest.PredictionHash
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if locked != "" {
			s.warn("%s: is not there, but the manifest has its hash", predictionsFile)
		}
		return nil
	case err != nil:
		return err
	case locked == "":
		s.warn("%s: was not there when the run began, so it is no prediction", predictionsFile)
		return nil
	case HashPredictions(data) != locked:
		s.warn("%s: was changed after the run began: its SHA-256 is not that of the manifest, %s", predictionsFile, locked)
		return nil
	}
	if s.Predictions, err = ParsePredictions(data); err != nil {
		s.warn("%s: %v", predictionsFile, err)
	}
	return nil
}

// Outcomes judges the run's predictions by its results.
func (s *Stored) Outcomes() []Outcome { return Judge(s.Predictions, s.Results) }

// String is an outcome's evidence: "2.01 < 3.02, 3 of 3 rounds", or the reason why there
// is none.
func (o Outcome) String() string {
	if o.State == Unmeasured {
		return o.Reason
	}
	sign := "="
	switch {
	case o.Figure < o.Reference:
		sign = "<"
	case o.Figure > o.Reference:
		sign = ">"
	}
	m := o.Prediction.Metric
	return fmt.Sprintf("%s %s %s, in %d of %d rounds", m.Format(o.Figure), sign, m.Format(o.Reference), o.Holds, o.Rounds)
}

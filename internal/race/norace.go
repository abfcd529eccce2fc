//go:build !race

// Package race tells whether this binary has Go's race detector, which makes everything
// five to twenty times as dear and each piece of memory four times as large: a test that
// holds a bound on either wants another one, or none.
package race

// Enabled is true in a binary with the race detector.
const Enabled = false

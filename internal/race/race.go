//go:build race

package race

// Enabled is true in a binary with the race detector.
const Enabled = true

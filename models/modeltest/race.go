//go:build race

package modeltest

// memoryFactor: the race detector keeps four shadow words for each that it sees.
const memoryFactor = 5

//go:build !race

package modeltest

const memoryFactor = 1

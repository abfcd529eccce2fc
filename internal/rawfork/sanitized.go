//go:build race || msan || asan

package rawfork

const sanitized = true

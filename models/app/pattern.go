package app

// patternSize is the period of Pattern: a large block.
const patternSize = 64 << 10

// Pattern returns byte i of every body that this server makes up: a client can
// check each byte of it, and one that is lost, doubled or out of place shows. Its
// period is 64 KiB.
func Pattern(i int64) byte { return byte(i) ^ byte(i>>8)*167 }

// pattern is one period. It is never written after init.
var pattern = func() (p [patternSize]byte) {
	for i := range p {
		p[i] = Pattern(int64(i))
	}
	return p
}()

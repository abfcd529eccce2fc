package loadgen

// feedEcho consumes bytes of an echo, which must be equal to message. Like
// feed it stops at the end of one answer.
func (s *scanner) feedEcho(p, message []byte) (used int, done bool, f fault) {
	if s.stage == atHead {
		s.stage, s.left = inBody, uint64(len(message))
	}
	rest := message[len(message)-int(s.left):]
	n := min(len(p), len(rest))
	if string(p[:n]) != string(rest[:n]) {
		return 0, false, faultEcho
	}
	used, done = s.feedBytes(p, 0)
	return used, done, noFault
}

// feedBytes consumes an answer of size bytes of any value.
func (s *scanner) feedBytes(p []byte, size uint64) (used int, done bool) {
	if s.stage == atHead {
		s.stage, s.left = inBody, size
	}
	used = int(min(s.left, uint64(len(p))))
	if s.left -= uint64(used); s.left == 0 {
		s.stage = atHead
	}
	return used, s.left == 0
}

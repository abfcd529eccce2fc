// Package results is the run folder: what is measured, how it is called, and
// the files that hold it. It imports nothing of the project, so that every
// part may read a run without knowing how it was made.
//
//	runs/20261121-213005-compare/
//	 ├─ manifest.json    what was asked, of which machine      written at Create, at Update and at Close
//	 ├─ results.txt      one result a cell and round           appended when the cell has ended
//	 ├─ series.ndjson    samples of a cell, one a line         appended while the cell runs
//	 └─ latency.hlog     HDR histograms, tagged by cell        appended when the cell has ended
//
// A cell is one point of the experiment: one model with one set of keys, in
// one round. Its id ties the four files together.
//
// Nothing is buffered between a call and the kernel. A run that is killed
// keeps every line written before; at most its last line is cut, which Open
// drops and reports. The files are not synced: a killed process loses nothing,
// a machine that loses power may.
//
// # results.txt
//
// The Go benchmark format (https://golang.org/design/14313-benchmark-format),
// which benchstat reads unchanged. One line is one cell in one round, its
// iteration count the number of requests. The round is not part of the name:
// rounds of a cell are samples of one benchmark, as with go test -count.
//
//	# cell prefork:flock/plaintext/64/close/w64/r1
//	# round 1
//	# verdict server-cpu: served processes used 0.99 of 1 CPU
//	# error 3 connect/reset
//	# never-served 2
//	# per-worker 214 201 198 220
//	# missing csw-vol/req csw-invol/req: the counters are not built in
//	# ended signal: killed
//	# note the window was cut to 0.6 s
//	BenchmarkModels/model=prefork/variant=flock/…/placement=split 53412 18723 ns/op 53412 req/s …
//
// What benchstat has no place for stands in comments before the line, because
// configuration lines ("key: value") that change from cell to cell would split
// benchstat's tables. The benchmark line commits the block: comments without
// one belong to a run that was killed. A cell in which nothing at all could be
// counted has no benchmark line (the format wants a value); it is committed by
// "# no-values NAME N".
//
// A column per model needs rows by what the models share:
//
//	benchstat -row /mode,/conns -col /model,/variant runs/*/results.txt
//
// ns/op is wall time per request, 1e9/(req/s): written for readers that look
// for it, never read back.
//
// In comments, backslash, newline and carriage return are written \\, \n, \r.
// In names, every byte of a value other than ASCII letters, digits and
// "._~:+@-" is written %XX; so is a '-' followed by nothing but digits up to
// the end of the value, which go test would use for GOMAXPROCS. An empty value
// is written "-". A path loses its first slash: "/bytes/1024" is
// path=bytes%2F1024, "/" is an empty value, and no path at all is "-".
package results

// Package archtest holds the import table of docs/architecture.md against the packages as they are.
//
// The table is the decision, go list is the fact, and three ways to disagree are reported: a package that the table
// does not know, a line whose package is gone, and an import that the line does not allow. Beside the table stand a
// few laws (laws.go) which no edit of the table may break: that leaves stay leaves, that no model sees another, that
// the measuring side knows no model.
//
//	docs/architecture.md --ParseTable--> []Line --+
//	                                              +--> Check, CheckLaws --> sentences, one per disagreement
//	go list -json ./...  --List-------> []Package-+
//
// Only direct imports are in the table; the laws that need the closure compute it.
package archtest

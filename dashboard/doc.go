// Package dashboard shows a comparison while it runs, or a stored one, on any terminal.
//
// It is a bubbletea program around one idea: what is shown is a fold over the run's events
// (results.Event). A live run tells them through a Feed, a stored one has them in its
// folder; both make the same story, and so the same screen.
//
//	bench --Event--> Feed --take, 4 times a second--+
//	                                                v
//	runs/…/ --results.Open, Events--> player --> story --draw--> screen.Grid --> gate --> terminal
//	                                                ^
//	keys, mouse --Update----------------------------+--> Controller (start, pause, next, stop)
//
// Nothing on the way to the right can hold up what is on the left: a Feed never blocks the
// run, and the gate never blocks the program. Figures are the results' own: medians and
// quartiles by package reports, percentiles over rounds from merged histograms, each
// written by Metric.Format. What could not be counted is a dash, and the row says why.
package dashboard

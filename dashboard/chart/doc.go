// Package chart draws data on an area of a screen: curves, lines over time,
// bars, heat maps and sparklines.
//
// Every chart is a value that holds what to draw, with a Draw method, and
// nothing else: the same value draws the same cells, nothing is kept between
// two frames, and the data is only read. Draw fits any area, down to no cells at
// all: first the labels go, then the axes. What is no number (NaN, infinite),
// and what a scale cannot show (0 on a logarithmic one), is left out; where
// nothing is left, the chart says so in words.
//
//	100┤                    o     labels: nice numbers of the y axis
//	   │          o    o
//	 10┤  o                  <--- a marker for each series: colour is never
//	   │            ^    ^        the only sign
//	  1┤  ^   ^
//	   └───────────────────
//	      0   50   90   99   %    the x axis, its unit at the right end
//
// On an area that cannot draw blocks and braille (screen.Area.Drawing) charts
// use ASCII.
package chart

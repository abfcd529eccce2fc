// Package screen is a rectangle of terminal cells: the one thing that
// everything of the dashboard is drawn on.
//
//	          Area: a window, clips               Painter + Theme --> ANSI
//	Grid    +-------------------------------+
//	+-------| 0,0        Sub ---> +-------+ |     Plain           --> text, golden files
//	| cells |                     | 0,0   | |
//	|       |                     +-------+ |     SVG + Theme     --> a picture
//	+-------+-------------------------------+
//
// A view of the program is a function that draws on an Area. Whatever it is
// given, an area never changes a cell outside of its window; so views can be put
// beside each other without knowing each other. Cells carry a Style, which is a
// meaning ("this is wrong", "this belongs to series 3") and no colour: the Theme
// gives it one when the Grid is rendered, as many as the terminal has.
//
// Text is measured in columns, with wide characters and combining ones. A
// terminal that does not draw frames in one column (Charset) gets ASCII: every
// drawing character has such a form, and the whole dashboard is usable in it.
package screen

package bench

// NeverOpened is for tests outside: why figures are missing of a window that was not opened.
const NeverOpened = neverOpened

package main

// What must run before the init functions of other packages that the command links.
import _ "github.com/c10kit/c10kit/internal/startup"

// Told links bubbletea, and startup.
package main

import (
	"fmt"

	_ "github.com/charmbracelet/bubbletea"

	_ "github.com/c10kit/c10kit/internal/startup"
)

func main() { fmt.Println("started") }

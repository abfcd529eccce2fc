package dashboard

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	tea "github.com/charmbracelet/bubbletea"
)

// exporter writes what is on the screen to files.
type exporter struct {
	dir string
}

// exported answers an export: the files, or why there are none.
type exported struct {
	files []string
	run   string // folder of the run that was shown
	err   error
}

func (e exported) String() string {
	if e.err != nil {
		return "not written: " + clean(e.err.Error())
	}
	text := "written: " + clean(e.files[0]) + " and .svg"
	if e.run != "" {
		text += "; the run is in " + clean(e.run)
	}
	return text
}

// export draws the screen without what lies above it, and writes it as text and as SVG
// behind bubbletea's back: a slow disk does not stop the screen.
func (d *dash) export() tea.Cmd {
	d.help = false
	d.draw()
	text := []byte(d.grid.Plain())
	var svg bytes.Buffer
	if err := d.grid.SVG(&svg, d.look.theme(), "c10kit: "+d.heading(inFull)); err != nil {
		return func() tea.Msg { return exported{err: err} }
	}
	dir, run := d.exports.dir, d.story.Dir
	return func() tea.Msg {
		files, err := writeExport(dir, text, svg.Bytes())
		return exported{files, run, err}
	}
}

// maxExports bounds the search for a name that is free.
const maxExports = 10000

// writeExport writes both files under the first number of which neither is there: nothing
// is ever written over.
func writeExport(dir string, text, svg []byte) ([]string, error) {
	for i := 1; i <= maxExports; i++ {
		name := filepath.Join(dir, fmt.Sprintf("c10kit-screen-%d", i))
		err := writeNew(name+".txt", text)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := writeNew(name+".svg", svg); err != nil {
			return nil, errors.Join(err, os.Remove(name+".txt"))
		}
		return []string{name + ".txt", name + ".svg"}, nil
	}
	return nil, fmt.Errorf("%s holds %d exports already: remove some", dir, maxExports)
}

func writeNew(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

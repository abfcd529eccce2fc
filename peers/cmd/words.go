package cmd

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// A command line is split into words and never given to a shell. With `sh -c` the
// process that signals reach and that is waited for would be the shell, which hands
// SIGTERM on to nobody, and an address or a path could turn into syntax. Who wants a
// shell writes one: cmd:sh -c 'exec server ...'.

// split divides a line into words as sh(1) does before any expansion: blanks between
// words, single quotes around anything, double quotes in which a backslash protects
// $ ` " and itself, a backslash before any other character. Nothing is expanded. What
// a shell would take for an operator is refused, not handed to the program as a word.
func split(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case strings.IndexByte(" \t\n", c) >= 0:
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
			continue
		case strings.IndexByte("|&;<>", c) >= 0:
			return nil, fmt.Errorf("%q is for a shell, and there is none: quote it, or write cmd:sh -c '...'", c)
		case c == '\'' || c == '"':
			n, err := quoted(&word, line[i:])
			if err != nil {
				return nil, err
			}
			i += n - 1
		case c == '\\' && i+1 == len(line):
			return nil, errors.New("a backslash at the end protects nothing")
		case c == '\\':
			i++
			word.WriteByte(line[i])
		default:
			word.WriteByte(c)
		}
		inWord = true
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}

// quoted appends what is between the quote that s begins with and the next one, and
// returns how many bytes of s that took.
func quoted(word *strings.Builder, s string) (int, error) {
	quote := s[0]
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == quote:
			return i + 1, nil
		case quote == '"' && c == '\\' && i+1 < len(s) && strings.IndexByte("$`\"\\", s[i+1]) >= 0:
			i++
			word.WriteByte(s[i])
		default:
			word.WriteByte(c)
		}
	}
	return 0, fmt.Errorf("the quote %c is not closed", quote)
}

// fill puts the site in the place of the placeholders. Other braces stay as they are:
// configuration languages are full of them. It works on words, so a folder with a
// blank in its name stays one word.
func (s site) fill(word string) string {
	return strings.NewReplacer(
		"{addr}", s.addr.String(),
		"{host}", s.addr.Addr().String(),
		"{port}", strconv.Itoa(int(s.addr.Port())),
		"{dir}", s.dir,
		"{workers}", strconv.Itoa(s.config.Workers),
	).Replace(word)
}

// sbin is where servers are installed and where an ordinary user's PATH does not look.
var sbin = []string{"/usr/local/sbin", "/usr/sbin", "/sbin"}

// lookPath finds a program in PATH or sbin. A name with a slash is relative to the
// working directory, which the command inherits.
func lookPath(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		return path, nil
	}
	if !strings.Contains(name, "/") {
		for _, dir := range sbin {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("%w: install it, or give its path", err)
}

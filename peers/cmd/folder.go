package cmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// folderPrefix begins the name of every {dir}, by which the next start knows those that
// were left behind.
const folderPrefix = "c10kit-cmd-"

// folder is {dir}: a folder for one server, in TMPDIR. Server and guard hold its lock,
// so it is in use as long as one of them lives, and rubbish as soon as both are gone.
type folder struct {
	path string
	lock *os.File
}

// newFolder makes a folder and removes those that nobody holds any more: of servers
// that were killed in the same moment as their guards.
func newFolder() (*folder, error) {
	removeStale(os.TempDir())
	for {
		path, err := os.MkdirTemp("", folderPrefix)
		if err != nil {
			return nil, fmt.Errorf("a folder for the command: %w", err)
		}
		lock, err := lockFolder(path)
		switch {
		case err == nil:
			// Workers that gave up root for another user must be able to read it.
			if err := lock.Chmod(0o755); err != nil {
				return nil, errors.Join(err, os.RemoveAll(path), lock.Close())
			}
			return &folder{path, lock}, nil
		case errors.Is(err, errTaken): // somebody's removeStale was faster: it is theirs
		default:
			return nil, errors.Join(err, os.RemoveAll(path))
		}
	}
}

// errTaken says that another process holds the lock, or has removed the folder.
var errTaken = errors.New("the folder is in use")

// lockFolder takes the lock of the folder that has this name; a link is none.
func lockFolder(path string) (*os.File, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil, errTaken
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	lock := os.NewFile(uintptr(fd), path)
	err = unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = errTaken
	}
	if err == nil && !sameFolder(lock, path) { // removed between open and lock
		err = errTaken
	}
	if err != nil {
		lock.Close()
		return nil, err
	}
	return lock, nil
}

func sameFolder(f *os.File, path string) bool {
	held, err := f.Stat()
	named, nameErr := os.Lstat(path)
	return err == nil && nameErr == nil && os.SameFile(held, named)
}

// removeStale removes the folders in parent that nobody holds, as far as this user may.
func removeStale(parent string) {
	entries, _ := os.ReadDir(parent)
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), folderPrefix) {
			continue
		}
		path := filepath.Join(parent, e.Name())
		if lock, err := lockFolder(path); err == nil {
			_ = os.RemoveAll(path) // whatever is left is for the next start
			lock.Close()
		}
	}
}

func (f *folder) remove() error { return errors.Join(os.RemoveAll(f.path), f.lock.Close()) }

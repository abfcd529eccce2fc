package rawfork

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/c10kit/c10kit/internal/quiet"
)

// This file: goroutines of a library that started them at its init.

func init() { scenarios["quieted"] = quieted }

// quieted tries Prepare with such goroutines: it ends those that package quiet
// knows of, and names one that goes on all the same.
func quieted([]string) error {
	stop := make(chan struct{})
	for range 4 {
		go func() {
			<-stop
			for range 1000 { // it takes its time
				runtime.Gosched()
			}
		}()
	}
	calls := 0
	quiet.Register(func() { calls++ })
	end, ended := make(chan struct{}), make(chan error)
	go anotherGoroutine(end, ended)
	if _, err := Prepare(); err == nil || !strings.Contains(err.Error(), "anotherGoroutine") {
		return fmt.Errorf("prepared beside a goroutine that stays: %w", err)
	}
	close(end)
	<-ended
	quiet.Register(func() { close(stop) })
	if _, err := Prepare(); err != nil {
		return err
	}
	if calls != 2 {
		return fmt.Errorf("%d calls in two times Prepare", calls)
	}
	if n := runtime.NumGoroutine(); n != 1 {
		return errors.New("not alone after Prepare")
	}
	return nil
}

func TestQuiet(t *testing.T) {
	t.Parallel()
	start(t, patience, "quieted", nil).end()
}

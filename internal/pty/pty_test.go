package pty

import (
	"io"
	"testing"
	"time"
)

// TestOpen: what one end writes the other reads, and a read has its deadline.
func TestOpen(t *testing.T) {
	master, slave, err := Open()
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	defer master.Close()
	defer slave.Close()
	if _, err := slave.WriteString("here"); err != nil {
		t.Fatal(err)
	}
	if err := master.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 16)
	if n, err := master.Read(buf); err != nil || string(buf[:n]) != "here" {
		t.Errorf("read %q, %v", buf[:n], err)
	}
}

// TestStalled: a terminal that nobody reads takes some kilobytes and then no more, until it
// is read.
func TestStalled(t *testing.T) {
	master, slave, err := Open()
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	defer master.Close()
	defer slave.Close()
	stalled := func() bool {
		t.Helper()
		is, err := Stalled(slave)
		if err != nil {
			t.Fatal(err)
		}
		return is
	}
	if stalled() {
		t.Error("a new terminal is stalled")
	}
	written := make(chan error)
	go func() {
		_, err := slave.Write(make([]byte, 1<<20))
		written <- err
	}()
	for end := time.Now().Add(time.Minute); !stalled(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it takes whatever is written")
		}
	}
	read := make(chan error)
	go func() {
		_, err := io.ReadFull(master, make([]byte, 1<<20))
		read <- err
	}()
	if err := <-written; err != nil {
		t.Error(err)
	}
	if err := <-read; err != nil {
		t.Error(err)
	}
	if stalled() {
		t.Error("it is stalled when all is read")
	}
}

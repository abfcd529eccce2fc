package pty

import (
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

package modeltest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/c10kit/c10kit/models"
)

// This file: checks with more bytes than a server may hold.

const (
	mib        = 1 << 20
	streamSize = 64 * mib
)

func streamUp(ctx context.Context, s *Server) error {
	c, err := s.Start(ctx, nil)
	if err != nil {
		return err
	}
	return c.talk(ctx, func(cl *Client) error {
		// The first request makes what is made once.
		if _, err := cl.Do(200, "POST", "/sink", string(pattern(period))); err != nil {
			return err
		}
		piece := pattern(period)
		want := digest(bytes.Repeat(piece, streamSize/period))
		return c.bounded(16*mib, func() error {
			if err := cl.Send(fmt.Sprintf("POST /sink HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", streamSize)); err != nil {
				return err
			}
			for range streamSize / period {
				if _, err := cl.Write(piece); err != nil {
					return err
				}
			}
			a, err := cl.Receive("POST")
			if err == nil && (a.Status != 200 || string(a.Body) != want) {
				err = fmt.Errorf("64 MiB through /sink: status %d, %s instead of %s", a.Status, a.Body, want)
			}
			return err
		})
	})
}

func streamDown(ctx context.Context, s *Server) error {
	for _, copying := range s.copies() { // a range of a file, and memory
		c, err := s.Start(ctx, func(config *models.Config) { config.Copy = copying })
		if err != nil {
			return err
		}
		err = c.talk(ctx, func(cl *Client) error {
			if _, err := cl.Get("/bytes/300000"); err != nil {
				return err
			}
			return c.bounded(16*mib, func() error { return cl.download(streamSize, 0) })
		})
		if err != nil {
			return fmt.Errorf("64 MiB of /bytes (copy %v): %w", copying, err)
		}
	}
	return nil
}

// download asks for n bytes and compares each. Between the first slow reads of
// 4 KiB it waits a millisecond.
func (cl *Client) download(n int64, slow int) error {
	if err := cl.Send(request("GET", fmt.Sprintf("/bytes/%d", n), "")); err != nil {
		return err
	}
	return cl.receivePattern(n, slow)
}

func (cl *Client) receivePattern(n int64, slow int) error {
	resp, err := http.ReadResponse(cl.r, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 || resp.ContentLength != n {
		return fmt.Errorf("status %d, Content-Length %d, want 200, %d", resp.StatusCode, resp.ContentLength, n)
	}
	want := pattern(2 * period)
	piece := make([]byte, period)
	for off := int64(0); off < n; {
		size := min(period, n-off)
		if slow > 0 {
			slow--
			size = min(4<<10, size)
			time.Sleep(time.Millisecond)
		}
		if _, err := io.ReadFull(resp.Body, piece[:size]); err != nil {
			return fmt.Errorf("after %d bytes: %w", off, err)
		}
		if w := want[off%period:][:size]; !bytes.Equal(piece[:size], w) {
			return fmt.Errorf("from byte %d on: %s", off, difference(piece[:size], w))
		}
		off += size
	}
	return nil
}

// slowReaderSize is more than the socket buffers between a server and a client
// with a small receive buffer hold.
const slowReaderSize = 4 * mib

func slowReader(ctx context.Context, s *Server) error {
	for _, copying := range s.copies() {
		c, err := s.Start(ctx, func(config *models.Config) { config.Copy = copying })
		if err == nil {
			err = c.slowReaders(ctx)
		}
		if err != nil {
			return fmt.Errorf("copy %v: %w", copying, err)
		}
	}
	return nil
}

func (c *Child) slowReaders(ctx context.Context) error {
	n := max(1, c.atOnce(9)-1)
	readers := make([]*Client, n)
	err := c.bounded(16*mib, func() error {
		for i := range readers {
			cl, err := c.dial(ctx, 4<<10)
			if err != nil {
				return err
			}
			readers[i] = cl
			if err := cl.Send(request("GET", fmt.Sprintf("/bytes/%d", slowReaderSize), "")); err != nil {
				return err
			}
		}
		if err := c.settled(0); err != nil {
			return err
		}
		return c.othersServed(ctx, n)
	})
	defer func() {
		for _, cl := range readers {
			if cl != nil {
				cl.Close()
			}
		}
	}()
	if err != nil {
		return err
	}
	for i, cl := range readers {
		slow := 0
		if i == 0 {
			slow = 64
		}
		if err := cl.receivePattern(slowReaderSize, slow); err != nil {
			return fmt.Errorf("slow reader %d: %w", i, err)
		}
	}
	return nil
}

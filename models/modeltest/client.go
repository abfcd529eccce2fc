package modeltest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Client is a connection to a child. Its reader is the standard library's, so that
// no code of the server judges itself.
type Client struct {
	conn           *net.TCPConn
	r              *bufio.Reader
	sent, received int64
}

// Answer is a response that was read to its end.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Length int64 // Content-Length, -1 if there was none
	Close  bool  // Connection: close
}

// Dial connects to the child.
func (c *Child) Dial(ctx context.Context) (*Client, error) { return c.dial(ctx, 0) }

// dial connects with a receive buffer of the given size, 0 for the usual. A small
// one makes the server wait for its client after a few kilobytes.
func (c *Child) dial(ctx context.Context, receive int) (*Client, error) {
	d := net.Dialer{Timeout: patience}
	if receive > 0 {
		d.Control = func(_, _ string, raw syscall.RawConn) error {
			var err error
			return errors.Join(raw.Control(func(fd uintptr) {
				err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, receive)
			}), err)
		}
	}
	conn, err := d.DialContext(ctx, "tcp", c.Addr())
	if err != nil {
		return nil, err
	}
	cl := &Client{conn: conn.(*net.TCPConn)}
	cl.r = bufio.NewReaderSize(cl, 64<<10)
	return cl, nil
}

// Close closes the connection.
func (cl *Client) Close() { cl.conn.Close() }

// Read implements io.Reader, counting, with a deadline.
func (cl *Client) Read(p []byte) (int, error) {
	if err := cl.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	n, err := cl.conn.Read(p)
	cl.received += int64(n)
	return n, err
}

// Write implements io.Writer, counting, with a deadline.
func (cl *Client) Write(p []byte) (int, error) {
	if err := cl.conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return 0, err
	}
	n, err := cl.conn.Write(p)
	cl.sent += int64(n)
	return n, err
}

// Send writes text in one write.
func (cl *Client) Send(text string) error {
	_, err := io.WriteString(cl, text)
	return err
}

// Receive reads the answer to a request of the given method.
func (cl *Client) Receive(method string) (*Answer, error) {
	resp, err := http.ReadResponse(cl.r, &http.Request{Method: method})
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	defer resp.Body.Close()
	a := &Answer{Status: resp.StatusCode, Header: resp.Header, Length: resp.ContentLength, Close: resp.Close}
	if a.Body, err = io.ReadAll(resp.Body); err != nil {
		return nil, fmt.Errorf("reading the body of the answer: %w", err)
	}
	return a, nil
}

// Do sends a request and reads its answer, which must have the given status.
func (cl *Client) Do(status int, method, path string, body string, fields ...string) (*Answer, error) {
	if err := cl.Send(request(method, path, body, fields...)); err != nil {
		return nil, err
	}
	a, err := cl.Receive(method)
	if err == nil && a.Status != status {
		err = fmt.Errorf("status %d, want %d", a.Status, status)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return a, nil
}

// Get is Do for GET and 200.
func (cl *Client) Get(path string) (*Answer, error) { return cl.Do(200, "GET", path, "") }

// request spells a request of HTTP/1.1.
func request(method, path, body string, fields ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: conformance.test\r\n", method, path)
	for _, f := range fields {
		b.WriteString(f + "\r\n")
	}
	if body != "" || method == "POST" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	return b.String()
}

// End returns an error unless the server's FIN comes next: no byte, and no reset.
func (cl *Client) End() error {
	b, err := cl.r.ReadByte()
	switch {
	case err == nil:
		return fmt.Errorf("byte %q where the connection should have ended", b)
	case errors.Is(err, io.EOF):
		return nil
	}
	return fmt.Errorf("waiting for the server's FIN: %w", err)
}

// FIN shuts down the sending side.
func (cl *Client) FIN() error { return cl.conn.CloseWrite() }

// Reset closes the connection with a reset instead of a FIN.
func (cl *Client) Reset() error {
	err := cl.conn.SetLinger(0)
	cl.conn.Close()
	return err
}

// talk dials, lets f talk, and closes.
func (c *Child) talk(ctx context.Context, f func(*Client) error) error {
	cl, err := c.Dial(ctx)
	if err != nil {
		return err
	}
	defer cl.Close()
	return f(cl)
}

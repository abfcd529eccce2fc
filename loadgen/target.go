package loadgen

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// Proto is the protocol spoken to a target.
type Proto uint8

// The protocols. Echo and Unp are the two classic exercises of a TCP course:
// what is sent comes back, and "N\n" asks for N bytes (Stevens, UNP, 30.2).
const (
	HTTP Proto = iota
	Echo
	Unp
)

var schemes = [...]string{HTTP: "http", Echo: "tcp+echo", Unp: "tcp+unp"}

// String returns the protocol's URL scheme.
func (p Proto) String() string { return schemes[p] }

// maxUnpBytes is the largest number a unp client asks for, Stevens's MAXN.
const maxUnpBytes = 16384

// Target is an address, a protocol and what to ask for. The zero value is not
// valid; ParseTarget makes one.
type Target struct {
	Proto Proto
	Addr  netip.AddrPort
	Host  string // as it stood in the URL: the value of the Host header
	Path  string // HTTP: request target in origin form, query included
	Bytes int    // Unp: how many bytes to ask for
}

// ParseTarget reads http://host[:port]/path, tcp+echo://host:port or
// tcp+unp://host:port/BYTES. The host is an IPv4 or IPv6 literal or localhost
// (127.0.0.1): nothing is looked up, because a resolver in the path of a
// measurement is one more thing that can be slow.
func ParseTarget(raw string) (Target, error) {
	t, err := parseTarget(raw)
	if err != nil {
		return Target{}, fmt.Errorf("target %q: %w", raw, err)
	}
	return t, nil
}

func parseTarget(raw string) (Target, error) {
	if !strings.Contains(raw, "://") {
		return Target{}, fmt.Errorf("an address begins with its protocol: write http://%s", cmp.Or(raw, "127.0.0.1:8080/"))
	}
	u, err := url.Parse(raw)
	if err != nil {
		// url.Error repeats the whole address, which the caller prints already.
		if inner := new(url.Error); errors.As(err, &inner) {
			err = inner.Err
		}
		return Target{}, err
	}
	t := Target{Host: u.Host}
	switch u.Scheme {
	case "http":
		t.Proto = HTTP
	case "tcp+echo":
		t.Proto = Echo
	case "tcp+unp":
		t.Proto = Unp
	case "https":
		return Target{}, errors.New("https is not supported: TLS is not a goal of this tool; use http")
	default:
		return Target{}, fmt.Errorf("scheme %q is not one of http, tcp+echo, tcp+unp", u.Scheme)
	}
	if u.User != nil {
		return Target{}, errors.New("user and password are not supported; send an Authorization header")
	}
	if u.Fragment != "" {
		return Target{}, errors.New("a fragment (#) is never sent to a server; remove it")
	}
	if t.Addr, err = parseAddr(u, t.Proto); err != nil {
		return Target{}, err
	}
	return t, t.parsePath(u)
}

func parseAddr(u *url.URL, proto Proto) (netip.AddrPort, error) {
	host, port := u.Hostname(), u.Port()
	if host == "localhost" {
		host = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.Zone() != "" {
		return netip.AddrPort{}, fmt.Errorf("host %q is neither an IPv4 or IPv6 address nor localhost (names are not looked up)", host)
	}
	if port == "" {
		if proto != HTTP || strings.HasSuffix(u.Host, ":") {
			return netip.AddrPort{}, errors.New("the port is missing")
		}
		port = "80"
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return netip.AddrPort{}, fmt.Errorf("port %q is not in 1..65535", port)
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(n)), nil
}

// parsePath fills Path or Bytes. It refuses any byte that would end the request
// target early, so that a target can never smuggle a second request line.
func (t *Target) parsePath(u *url.URL) error {
	switch t.Proto {
	case HTTP:
		t.Path = u.RequestURI()
		for _, b := range []byte(t.Path) {
			if b <= ' ' || b >= 0x7f {
				return fmt.Errorf("byte %#02x in path or query must be percent-encoded", b)
			}
		}
	case Echo:
		if (u.Path != "" && u.Path != "/") || u.RawQuery != "" {
			return errors.New("tcp+echo takes no path")
		}
	case Unp:
		n, err := strconv.Atoi(strings.TrimPrefix(u.Path, "/"))
		if err != nil || n < 1 || n > maxUnpBytes || u.RawQuery != "" {
			return fmt.Errorf("tcp+unp wants /BYTES with BYTES in 1..%d", maxUnpBytes)
		}
		t.Bytes = n
	}
	return nil
}

// Loopback reports whether the target is on this host by its address
// (127.0.0.0/8 or ::1).
func (t Target) Loopback() bool { return t.Addr.Addr().IsLoopback() }

// String returns the URL that ParseTarget reads as t.
func (t Target) String() string {
	s := t.Proto.String() + "://" + t.Host
	switch t.Proto {
	case HTTP:
		s += t.Path
	case Unp:
		s += "/" + strconv.Itoa(t.Bytes)
	}
	return s
}

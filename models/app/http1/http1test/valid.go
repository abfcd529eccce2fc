package http1test

import (
	"slices"
	"strings"
)

// Valid are requests that must be accepted, with what they mean: every request
// that RFC 9112 shows, what its grammar allows although it looks odd, and Captured.
// Status is what the http app answers; that it has nothing under many of these
// paths is no objection to the request.
var Valid = slices.Concat(fromRFC, unusual, Captured)

var fromRFC = []Case{
	{
		Name: "RFC 9110 example", Source: "RFC 9110, 3.9", Status: 404,
		Raw:    request("GET /hello.txt HTTP/1.1", "User-Agent: curl/7.64.1", "Host: www.example.com", "Accept-Language: en, mi"),
		Method: "GET", Target: "/hello.txt", Host: "www.example.com",
		Fields: fields("User-Agent: curl/7.64.1", "Host: www.example.com", "Accept-Language: en, mi"),
	},
	{
		Name: "origin form", Source: "RFC 9112, 3.2.1", Status: 404,
		Raw:    request("GET /where?q=now HTTP/1.1", "Host: www.example.org"),
		Method: "GET", Target: "/where?q=now", Host: "www.example.org",
		Fields: fields("Host: www.example.org"),
	},
	{
		Name: "absolute form", Source: "RFC 9112, 3.2.2", Status: 404,
		Raw:    request("GET http://www.example.org/pub/WWW/TheProject.html HTTP/1.1", "Host: www.example.org"),
		Method: "GET", Target: "http://www.example.org/pub/WWW/TheProject.html", Host: "www.example.org",
		Fields: fields("Host: www.example.org"),
	},
	{
		Name: "asterisk form", Source: "RFC 9112, 3.2.4", Status: 204,
		Raw:    request("OPTIONS * HTTP/1.1", "Host: www.example.org:8001"),
		Method: "OPTIONS", Target: "*", Host: "www.example.org:8001",
		Fields: fields("Host: www.example.org:8001"),
	},
	{
		Name: "asterisk form through a proxy", Source: "RFC 9112, 3.2.4", Status: 204,
		Raw:    request("OPTIONS http://www.example.org:8001 HTTP/1.1", "Host: www.example.org:8001"),
		Method: "OPTIONS", Target: "http://www.example.org:8001", Host: "www.example.org:8001",
		Fields: fields("Host: www.example.org:8001"),
	},
	{
		Name: "reconstructing the target URI", Source: "RFC 9112, 3.3", Status: 404,
		Raw:    request("GET /pub/WWW/TheProject.html HTTP/1.1", "Host: www.example.org:8080"),
		Method: "GET", Target: "/pub/WWW/TheProject.html", Host: "www.example.org:8080",
		Fields: fields("Host: www.example.org:8080"),
	},
	{
		Name: "TE", Source: "RFC 9112, 7.4", Status: 200,
		Raw:    request("GET /plaintext HTTP/1.1", "Host: a", "TE: trailers, deflate;q=0.5", "Connection: TE"),
		Method: "GET", Target: "/plaintext", Host: "a",
		Fields: fields("Host: a", "TE: trailers, deflate;q=0.5", "Connection: TE"),
	},
	{
		Name: "empty TE", Source: "RFC 9112, 7.4", Status: 200,
		Raw:    request("GET /plaintext HTTP/1.1", "Host: a", "TE:"),
		Method: "GET", Target: "/plaintext", Host: "a", Fields: fields("Host: a", "TE:"),
	},
	{
		Name: "upgrade that is not taken", Source: "RFC 9110, 7.8", Status: 404,
		Raw:    request("GET /hello HTTP/1.1", "Host: www.example.com", "Connection: upgrade", "Upgrade: websocket, IRC/6.9, RTA/x11"),
		Method: "GET", Target: "/hello", Host: "www.example.com",
		Fields: fields("Host: www.example.com", "Connection: upgrade", "Upgrade: websocket, IRC/6.9, RTA/x11"),
	},
	{
		Name: "asterisk with upgrade", Source: "RFC 9110, 7.8", Status: 204,
		Raw:    request("OPTIONS * HTTP/1.1", "Host: www.example.com", "Upgrade: HTTP/2.0"),
		Method: "OPTIONS", Target: "*", Host: "www.example.com",
		Fields: fields("Host: www.example.com", "Upgrade: HTTP/2.0"),
	},
	{
		Name: "several fields of one name", Source: "RFC 9110, 5.2", Status: 200,
		Raw:    request("GET /plaintext HTTP/1.1", "Host: a", "Example-Field: Foo, Bar", "Example-Field: Baz"),
		Method: "GET", Target: "/plaintext", Host: "a",
		Fields: fields("Host: a", "Example-Field: Foo, Bar", "Example-Field: Baz"),
	},
}

var unusual = []Case{
	{
		Name: "empty lines before the request line", Source: "RFC 9112, 2.2", Status: 200,
		Raw:    "\r\n\r\n" + request("GET /plaintext HTTP/1.1", "Host: a"),
		Method: "GET", Target: "/plaintext", Host: "a", Fields: fields("Host: a"),
	},
	{
		Name: "HTTP/1.0 without Host", Source: "RFC 9112, 3.2", Status: 200,
		Raw:    request("GET /plaintext HTTP/1.0"),
		Method: "GET", Target: "/plaintext",
	},
	{
		Name: "higher minor version", Source: "RFC 9110, 2.5", Status: 200,
		Raw:    request("GET /plaintext HTTP/1.7", "Host: a"),
		Method: "GET", Target: "/plaintext", Host: "a", Fields: fields("Host: a"),
	},
	{
		Name: "empty Host", Source: "RFC 9112, 3.2", Status: 200,
		Raw:    request("GET /plaintext HTTP/1.1", "Host:"),
		Method: "GET", Target: "/plaintext", Fields: fields("Host:"),
	},
	{
		Name: "IPv6 Host", Source: "RFC 3986, 3.2.2", Status: 200,
		Raw:    request("GET /plaintext HTTP/1.1", "Host: [2001:db8::7]:8080"),
		Method: "GET", Target: "/plaintext", Host: "[2001:db8::7]:8080", Fields: fields("Host: [2001:db8::7]:8080"),
	},
	{
		Name: "encoded Host", Source: "RFC 3986, 3.2.2", Status: 200,
		Raw:    request("GET /plaintext HTTP/1.1", "Host: b%C3%BCcher_(a).example:"),
		Method: "GET", Target: "/plaintext", Host: "b%C3%BCcher_(a).example:", Fields: fields("Host: b%C3%BCcher_(a).example:"),
	},
	{
		Name: "absolute form overrides Host", Source: "RFC 9112, 3.2.2", Status: 200,
		Raw:    request("GET HTTP://b:80/plaintext?a HTTP/1.1", "Host: a"),
		Method: "GET", Target: "HTTP://b:80/plaintext?a", Host: "b:80", Fields: fields("Host: a"),
	},
	{
		Name: "absolute form without a path", Source: "RFC 9110, 4.2.3", Status: 404,
		Raw:    request("GET http://b?a HTTP/1.1", "Host: a"),
		Method: "GET", Target: "http://b?a", Host: "b", Fields: fields("Host: a"),
	},
	{
		Name: "encoded path", Source: "RFC 3986, 6.2.2", Status: 200,
		Raw:    request("GET /%70laintex%74?%7e HTTP/1.1", "Host: a"),
		Method: "GET", Target: "/%70laintex%74?%7e", Host: "a", Fields: fields("Host: a"),
	},
	{
		Name: "what browsers leave in a query", Source: "URL Standard, 1.3", Status: 200,
		Raw:    request("GET /plaintext?a[]={b|c}^`\\?/: HTTP/1.1", "Host: a"),
		Method: "GET", Target: "/plaintext?a[]={b|c}^`\\?/:", Host: "a", Fields: fields("Host: a"),
	},
	{
		Name: "white space around values", Source: "RFC 9112, 5.1", Status: 200,
		Raw:    "GET /plaintext HTTP/1.1\r\nHost:a\r\nX: \t b\tc  d \t\r\nY:\r\nZ: \t\r\n\r\n",
		Method: "GET", Target: "/plaintext", Host: "a", Fields: fields("Host: a", "X: b\tc  d", "Y:", "Z:"),
	},
	{
		Name: "bytes over 127 in a value", Source: "RFC 9110, 5.5", Status: 200,
		Raw:    request("GET /plaintext HTTP/1.1", "Host: a", "X: caf\xc3\xa9 \xff\x80"),
		Method: "GET", Target: "/plaintext", Host: "a", Fields: fields("Host: a", "X: caf\xc3\xa9 \xff\x80"),
	},
	{
		Name: "names in any case, and every token character", Source: "RFC 9110, 5.1", Status: 200,
		Raw:    request("POST /echo HTTP/1.1", "hOST: a", "cONTENT-lENGTH: 0003", "!#$%&'*+-.^_`|~09azAZ: x") + "abc",
		Method: "POST", Target: "/echo", Host: "a", Body: "abc",
		Fields: fields("hOST: a", "cONTENT-lENGTH: 0003", "!#$%&'*+-.^_`|~09azAZ: x"),
	},
	{
		Name: "connection options", Source: "RFC 9112, 9.3", Status: 200,
		Raw:    request("GET /plaintext HTTP/1.1", "Host: a", "Connection: x, ,Keep-Alive", "Connection: foo"),
		Method: "GET", Target: "/plaintext", Host: "a",
		Fields: fields("Host: a", "Connection: x, ,Keep-Alive", "Connection: foo"),
	},
	{
		Name: "body that nobody asked for", Source: "RFC 9110, 9.3.1", Status: 200,
		Raw:    request("GET /plaintext HTTP/1.1", "Host: a", "Content-Length: 5") + "hello",
		Method: "GET", Target: "/plaintext", Host: "a", Body: "hello",
		Fields: fields("Host: a", "Content-Length: 5"),
	},
	{
		Name: "chunks with everything", Source: "RFC 9112, 7.1", Status: 200,
		Raw: request("POST /echo HTTP/1.1", "Host: a", "Transfer-Encoding: ,Chunked,") +
			"5\r\nhello\r\n00A;a;b=c ;\td = \"e;\\\"f\"\r\n0123456789\r\nb;x=y\r\nabcdefghijk\r\n000;last\r\n" +
			"Content-Length: 3\r\nHost: b\r\nX:\r\n\r\n",
		Method: "POST", Target: "/echo", Host: "a", Body: "hello0123456789abcdefghijk",
		Fields: fields("Host: a", "Transfer-Encoding: ,Chunked,"),
	},
	{
		Name: "no chunks", Source: "RFC 9112, 7.1", Status: 200,
		Raw:    request("POST /echo HTTP/1.1", "Host: a", "Transfer-Encoding: chunked") + "0\r\n\r\n",
		Method: "POST", Target: "/echo", Host: "a", Fields: fields("Host: a", "Transfer-Encoding: chunked"),
	},
	{
		Name: "the longest request line", Source: "design, section 2", Status: 404,
		Raw:    request("GET "+longTarget+" HTTP/1.1", "Host: a"),
		Method: "GET", Target: longTarget, Host: "a", Fields: fields("Host: a"),
	},
	{
		Name: "the largest head", Source: "design, section 2", Status: 200,
		Raw:    request("GET /plaintext HTTP/1.1", "Host: a", "X: "+longValue),
		Method: "GET", Target: "/plaintext", Host: "a", Fields: fields("Host: a", "X: "+longValue),
	},
	{
		Name: "the most fields", Source: "design, section 2", Status: 200,
		Raw:    request("GET /plaintext HTTP/1.1", manyFields...),
		Method: "GET", Target: "/plaintext", Host: "a", Fields: fields(manyFields...),
	},
}

// The largest that is served: a request line of 8 KiB with its CR LF, a head of 16
// KiB with its empty line, 100 fields.
var (
	longTarget = "/" + strings.Repeat("a", 8<<10-len("GET / HTTP/1.1\r\n"))
	longValue  = strings.Repeat("x", 16<<10-len("GET /plaintext HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n"))
	manyFields = append(slices.Repeat([]string{"A: b"}, 99), "Host: a")
)

package http1test

import (
	"strings"
)

const (
	host = "Host: a\r\n"
	end  = "\r\n"
	get  = "GET /plaintext HTTP/1.1\r\n" + host
	post = "POST /echo HTTP/1.1\r\n" + host
	te   = "Transfer-Encoding: chunked\r\n"
)

// Hostile are requests that must be refused: with this status, with Connection:
// close, and without waiting for more input (but for those of status 0). What
// follows in the same bytes must not be answered.
var Hostile = []Case{
	// No HTTP at all.
	{Name: "TLS hello", Raw: "\x16\x03\x01\x00\xc5\x01\x00\x00\xc1\x03\x03", Source: "RFC 9112, 3"},
	{Name: "random bytes", Raw: "\x80\xf3\x01~\x00\xffq\x07\x99\xe2\x84", Source: "RFC 9112, 3"},
	{Name: "random letters without LF", Raw: "qwkjhzx", Source: "RFC 9112, 3"},
	{Name: "client vanished in the request line", Raw: "GET /plain", Source: "RFC 9112, 8"},
	{Name: "client vanished in the head", Raw: "GET /plaintext HTTP/1.1\r\nHos", Source: "RFC 9112, 8"},
	{Name: "client vanished in the body", Raw: post + "Content-Length: 10\r\n\r\nabc", Source: "RFC 9112, 8"},
	{Name: "client vanished in a chunk", Raw: post + te + "\r\na\r\nabc", Source: "RFC 9112, 8"},
	{Name: "client vanished before the last chunk", Raw: post + te + "\r\n3\r\nabc\r\n", Source: "RFC 9112, 8"},
	{Name: "five empty lines", Raw: "\r\n\r\n\r\n\r\n\r\n" + get + end, Status: 400, Source: "RFC 9112, 2.2"},
	{Name: "space before the method", Raw: " " + get + end, Status: 400, Source: "RFC 9112, 3"},
	{Name: "NUL before the method", Raw: "\x00" + get + end, Status: 400, Source: "RFC 9112, 3"},
	{Name: "CR before the method", Raw: "\r" + get + end, Status: 400, Source: "RFC 9112, 2.2"},

	// Request line.
	{Name: "HTTP/0.9", Raw: "GET /plaintext\r\n", Status: 400, Source: "RFC 9112, 3"},
	{Name: "two spaces", Raw: "GET  /plaintext HTTP/1.1\r\n" + host + end, Status: 400, Source: "RFC 9112, 3"},
	{Name: "space at the end", Raw: "GET /plaintext HTTP/1.1 \r\n" + host + end, Status: 400, Source: "RFC 9112, 3"},
	{Name: "tab for a space", Raw: "GET\t/plaintext HTTP/1.1\r\n" + host + end, Status: 400, Source: "RFC 9112, 3"},
	{Name: "space in the target", Raw: "GET /plain text HTTP/1.1\r\n" + host + end, Status: 400, Source: "RFC 9112, 3.2"},
	{Name: "bad method", Raw: "GE(T /plaintext HTTP/1.1\r\n" + host + end, Status: 400, Source: "RFC 9110, 9.1"},
	{Name: "unknown method", Raw: "BREW /plaintext HTTP/1.1\r\n" + host + end, Status: 501, Source: "RFC 9110, 9.1"},
	{Name: "method in lower case", Raw: "get /plaintext HTTP/1.1\r\n" + host + end, Status: 501, Source: "RFC 9110, 9.1"},
	{Name: "CONNECT", Raw: "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", Status: 501, Source: "RFC 9110, 9.3.6"},
	{Name: "TRACE", Raw: "TRACE /plaintext HTTP/1.1\r\n" + host + end, Status: 405, Source: "RFC 9110, 9.3.8"},
	{Name: "method that is not allowed", Raw: "DELETE /plaintext HTTP/1.1\r\n" + host + end, Status: 405, Source: "RFC 9110, 15.5.6"},
	{Name: "long request line", Raw: "GET /" + strings.Repeat("a", 8<<10), Status: 414, Source: "RFC 9112, 3"},
	{Name: "long request line, complete", Raw: "GET /" + strings.Repeat("a", 8<<10) + " HTTP/1.1\r\n" + host + end, Status: 414, Source: "RFC 9112, 3"},
	{Name: "nothing there", Raw: "GET /nothing HTTP/1.1\r\n" + host + end, Status: 404, Source: "RFC 9110, 15.5.5"},

	// Versions.
	{Name: "HTTP/2.0", Raw: "GET /plaintext HTTP/2.0\r\n" + host + end, Status: 505, Source: "RFC 9110, 2.5"},
	{Name: "HTTP/2 preface", Raw: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Status: 505, Source: "RFC 9113, 3.4"},
	{Name: "HTTP/0.9 by name", Raw: "GET /plaintext HTTP/0.9\r\n" + end, Status: 505, Source: "RFC 9110, 2.5"},
	{Name: "HTTP/3.1", Raw: "GET /plaintext HTTP/3.1\r\n" + host + end, Status: 505, Source: "RFC 9110, 2.5"},
	{Name: "version with two minor digits", Raw: "GET /plaintext HTTP/1.10\r\n" + host + end, Status: 400, Source: "RFC 9112, 2.3"},
	{Name: "version in lower case", Raw: "GET /plaintext http/1.1\r\n" + host + end, Status: 400, Source: "RFC 9112, 2.3"},
	{Name: "version without a minor", Raw: "GET /plaintext HTTP/1\r\n" + host + end, Status: 400, Source: "RFC 9112, 2.3"},
	{Name: "version with a comma", Raw: "GET /plaintext HTTP/1,1\r\n" + host + end, Status: 400, Source: "RFC 9112, 2.3"},
	{Name: "ICY/1.1", Raw: "GET /plaintext ICY/1.1\r\n" + host + end, Status: 400, Source: "RFC 9112, 2.3"},

	// Targets.
	{Name: "fragment", Raw: "GET /plaintext#top HTTP/1.1\r\n" + host + end, Status: 400, Source: "RFC 9112, 3.2.1"},
	{Name: "target without slash", Raw: "GET plaintext HTTP/1.1\r\n" + host + end, Status: 400, Source: "RFC 9112, 3.2"},
	{Name: "asterisk of GET", Raw: "GET * HTTP/1.1\r\n" + host + end, Status: 400, Source: "RFC 9112, 3.2.4"},
	{Name: "authority of GET", Raw: "GET a:80 HTTP/1.1\r\n" + host + end, Status: 400, Source: "RFC 9112, 3.2.3"},
	{Name: "https target", Raw: "GET https://a/plaintext HTTP/1.1\r\n" + host + end, Status: 400, Source: "RFC 9110, 7.4"},
	{Name: "absolute target without host", Raw: "GET http:///plaintext HTTP/1.1\r\n" + host + end, Status: 400, Source: "RFC 9110, 4.2.1"},
	{Name: "user in the authority", Raw: "GET http://u@a/plaintext HTTP/1.1\r\n" + host + end, Status: 400, Source: "RFC 9110, 4.2.4"},
	{Name: "bad port in the authority", Raw: "GET http://a:8x/plaintext HTTP/1.1\r\n" + host + end, Status: 400, Source: "RFC 9110, 4.2.1"},
	{Name: "control character in the target", Raw: "GET /plain\x01text HTTP/1.1\r\n" + host + end, Status: 400, Source: "RFC 9112, 3.2"},
	{Name: "NUL in the target", Raw: "GET /plain\x00text HTTP/1.1\r\n" + host + end, Status: 400, Source: "RFC 9112, 3.2"},
	{Name: "DEL in the target", Raw: "GET /plain\x7ftext HTTP/1.1\r\n" + host + end, Status: 400, Source: "RFC 9112, 3.2"},
	{Name: "high byte in the target", Raw: "GET /pl\xe4in HTTP/1.1\r\n" + host + end, Status: 400, Source: "RFC 3986, 2"},
	{Name: "percent without digits", Raw: "GET /plain%zztext HTTP/1.1\r\n" + host + end, Status: 400, Source: "RFC 3986, 2.1"},
	{Name: "percent at the end", Raw: "GET /plaintext%4 HTTP/1.1\r\n" + host + end, Status: 400, Source: "RFC 3986, 2.1"},
	{Name: "bad number of bytes", Raw: "GET /bytes/-1 HTTP/1.1\r\n" + host + end, Status: 400, Source: "design, section 2"},
	{Name: "too many bytes", Raw: "GET /bytes/1073741825 HTTP/1.1\r\n" + host + end, Status: 400, Source: "design, section 2"},
	{Name: "bad duration", Raw: "GET /wait/soon HTTP/1.1\r\n" + host + end, Status: 400, Source: "design, section 2"},
	{Name: "too long a duration", Raw: "GET /wait/11s HTTP/1.1\r\n" + host + end, Status: 400, Source: "design, section 2"},

	// Line ends.
	{Name: "LF after the request line", Raw: "GET /plaintext HTTP/1.1\n" + host + end, Status: 400, Source: "RFC 9112, 2.2"},
	{Name: "LF after a byte too many", Raw: "GET /plaintext HTTP/1.1x\n" + host + end, Status: 400, Source: "RFC 9112, 2.2"},
	{Name: "LF after a field", Raw: "GET /plaintext HTTP/1.1\r\nHost: a\n\r\n", Status: 400, Source: "RFC 9112, 2.2"},
	{Name: "LF for the empty line", Raw: get + "\n", Status: 400, Source: "RFC 9112, 2.2"},
	{Name: "LF before the request line", Raw: "\n" + get + end, Status: 400, Source: "RFC 9112, 2.2"},
	{Name: "CR in the request line", Raw: "GET /plain\rtext HTTP/1.1\r\n" + host + end, Status: 400, Source: "RFC 9112, 2.2"},
	{Name: "CR in a value", Raw: get + "X: a\rY: b\r\n\r\n", Status: 400, Source: "RFC 9112, 2.2"},
	{Name: "two CR", Raw: get + "X: a\r\r\n\r\n", Status: 400, Source: "RFC 9112, 2.2"},

	// Fields.
	{Name: "no Host", Raw: "GET /plaintext HTTP/1.1\r\n\r\n", Status: 400, Source: "RFC 9112, 3.2"},
	{Name: "no Host, absolute target", Raw: "GET http://a/plaintext HTTP/1.1\r\n\r\n", Status: 400, Source: "RFC 9112, 3.2.2"},
	{Name: "two Hosts", Raw: get + "Host: b\r\n\r\n", Status: 400, Source: "RFC 9112, 3.2"},
	{Name: "two equal Hosts", Raw: get + host + end, Status: 400, Source: "RFC 9112, 3.2"},
	{Name: "Host with a path", Raw: "GET /plaintext HTTP/1.1\r\nHost: a/b\r\n\r\n", Status: 400, Source: "RFC 9112, 3.2"},
	{Name: "Host with a user", Raw: "GET /plaintext HTTP/1.1\r\nHost: u@a\r\n\r\n", Status: 400, Source: "RFC 9112, 3.2"},
	{Name: "Host list", Raw: "GET /plaintext HTTP/1.1\r\nHost: a b\r\n\r\n", Status: 400, Source: "RFC 9112, 3.2"},
	{Name: "Host with a bad port", Raw: "GET /plaintext HTTP/1.1\r\nHost: a:65536\r\n\r\n", Status: 400, Source: "RFC 9112, 3.2"},
	{Name: "Host with half an IPv6 address", Raw: "GET /plaintext HTTP/1.1\r\nHost: [::1\r\n\r\n", Status: 400, Source: "RFC 9112, 3.2"},
	{Name: "space before the colon", Raw: get + "Content-Length : 0\r\n\r\n", Status: 400, Source: "RFC 9112, 5.1"},
	{Name: "tab before the colon", Raw: get + "X\t: 0\r\n\r\n", Status: 400, Source: "RFC 9112, 5.1"},
	{Name: "no colon", Raw: get + "Nonsense\r\n\r\n", Status: 400, Source: "RFC 9112, 5"},
	{Name: "empty name", Raw: get + ": a\r\n\r\n", Status: 400, Source: "RFC 9112, 5.1"},
	{Name: "name that is no token", Raw: get + "X[0]: a\r\n\r\n", Status: 400, Source: "RFC 9110, 5.1"},
	{Name: "high byte in a name", Raw: get + "X\xe4: a\r\n\r\n", Status: 400, Source: "RFC 9110, 5.1"},
	{Name: "folded line", Raw: get + "X: a\r\n b\r\n\r\n", Status: 400, Source: "RFC 9112, 5.2"},
	{Name: "folded line with a tab", Raw: get + "X: a\r\n\tb\r\n\r\n", Status: 400, Source: "RFC 9112, 5.2"},
	{Name: "folded first field", Raw: "GET /plaintext HTTP/1.1\r\n Host: a\r\n\r\n", Status: 400, Source: "RFC 9112, 2.2"},
	{Name: "NUL in a value", Raw: get + "X: a\x00b\r\n\r\n", Status: 400, Source: "RFC 9110, 5.5"},
	{Name: "DEL in a value", Raw: get + "X: a\x7fb\r\n\r\n", Status: 400, Source: "RFC 9110, 5.5"},
	{Name: "control character in a long value", Raw: get + "X: abcdefghijklm\x1fnop\r\n\r\n", Status: 400, Source: "RFC 9110, 5.5"},
	{Name: "101 fields", Raw: get + strings.Repeat("A: b\r\n", 100) + end, Status: 431, Source: "RFC 6585, 5"},
	{Name: "head of 17 KiB", Raw: get + "X: " + strings.Repeat("a", 17<<10), Status: 431, Source: "RFC 6585, 5"},
	{Name: "head of 17 KiB in many lines", Raw: get + strings.Repeat("X: "+strings.Repeat("a", 400)+"\r\n", 43) + end, Status: 431, Source: "RFC 6585, 5"},
	{Name: "unknown expectation", Raw: post + "Content-Length: 1\r\nExpect: a miracle\r\n\r\nx", Status: 417, Source: "RFC 9110, 10.1.1"},

	// Where does the message end? Request smuggling.
	{Name: "length and coding", Raw: post + "Content-Length: 4\r\n" + te + "\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 6.3"},
	{Name: "coding and length", Raw: post + te + "Content-Length: 4\r\n\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 6.3"},
	{Name: "two lengths", Raw: post + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", Status: 400, Source: "RFC 9112, 6.3"},
	{Name: "two equal lengths", Raw: post + "Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", Status: 400, Source: "RFC 9112, 6.3"},
	{Name: "list of lengths", Raw: post + "Content-Length: 4, 4\r\n\r\nabcd", Status: 400, Source: "RFC 9112, 6.3"},
	{Name: "length with a plus", Raw: post + "Content-Length: +4\r\n\r\nabcd", Status: 400, Source: "RFC 9110, 8.6"},
	{Name: "negative length", Raw: post + "Content-Length: -4\r\n\r\nabcd", Status: 400, Source: "RFC 9110, 8.6"},
	{Name: "hexadecimal length", Raw: post + "Content-Length: 0x4\r\n\r\nabcd", Status: 400, Source: "RFC 9110, 8.6"},
	{Name: "length with a space", Raw: post + "Content-Length: 4 0\r\n\r\nabcd", Status: 400, Source: "RFC 9110, 8.6"},
	{Name: "empty length", Raw: post + "Content-Length:\r\n\r\n", Status: 400, Source: "RFC 9110, 8.6"},
	{Name: "length that overflows", Raw: post + "Content-Length: 18446744073709551620\r\n\r\nabcd", Status: 400, Source: "RFC 9110, 8.6"},
	{Name: "length of GET that overflows", Raw: get + "Content-Length: 9223372036854775808\r\n\r\n", Status: 400, Source: "RFC 9110, 8.6"},
	{Name: "length over the limit", Raw: post + "Content-Length: 1048577\r\n\r\n", Status: 413, Source: "RFC 9110, 15.5.14"},
	{Name: "unknown coding before chunked", Raw: post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", Status: 501, Source: "RFC 9112, 6.1"},
	{Name: "unknown coding only", Raw: post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 6.3"},
	{Name: "identity", Raw: post + "Transfer-Encoding: identity\r\n\r\n", Status: 400, Source: "RFC 9112, 6.3"},
	{Name: "chunked not last", Raw: post + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 6.3"},
	{Name: "chunked twice", Raw: post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 6.1"},
	{Name: "chunked in two fields", Raw: post + te + te + "\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 6.1"},
	{Name: "chunked with a parameter", Raw: post + "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 7"},
	{Name: "chunked with a vertical tab", Raw: post + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", Status: 400, Source: "RFC 9110, 5.5"},
	{Name: "empty coding", Raw: post + "Transfer-Encoding:\r\n\r\n", Status: 400, Source: "RFC 9112, 6.1"},
	{Name: "coding in HTTP/1.0", Raw: "POST /echo HTTP/1.0\r\n" + te + "\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 6.1"},

	// Chunks.
	{Name: "chunk size is no number", Raw: post + te + "\r\nzz\r\nab\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 7.1"},
	{Name: "empty chunk size", Raw: post + te + "\r\n\r\n", Status: 400, Source: "RFC 9112, 7.1"},
	{Name: "chunk size with 0x", Raw: post + te + "\r\n0x3\r\nabc\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 7.1"},
	{Name: "negative chunk size", Raw: post + te + "\r\n-1\r\nabc\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 7.1"},
	{Name: "chunk size that overflows", Raw: post + te + "\r\n10000000000000003\r\nabc\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 7.1"},
	{Name: "chunk size with 300 zeros", Raw: post + te + "\r\n" + strings.Repeat("0", 300), Status: 400, Source: "RFC 9112, 7.1"},
	{Name: "space before the chunk size", Raw: post + te + "\r\n 3\r\nabc\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 7.1"},
	{Name: "space after the chunk size", Raw: post + te + "\r\n3 \r\nabc\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 7.1"},
	{Name: "LF after the chunk size", Raw: post + te + "\r\n3\nabc\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 7.1"},
	{Name: "chunk data too long", Raw: post + te + "\r\n3\r\nabcd\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 7.1"},
	{Name: "other bytes after chunk data", Raw: post + te + "\r\n3\r\nabcxx0\r\n\r\n", Status: 400, Source: "RFC 9112, 7.1"},
	{Name: "LF after chunk data", Raw: post + te + "\r\n3\r\nabc\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 7.1"},
	{Name: "CR without LF after chunk data", Raw: post + te + "\r\n3\r\nabc\r0\r\n\r\n", Status: 400, Source: "RFC 9112, 7.1"},
	{Name: "extension without a name", Raw: post + te + "\r\n3;\r\nabc\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 7.1.1"},
	{Name: "extension without a value", Raw: post + te + "\r\n3;a=\r\nabc\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 7.1.1"},
	{Name: "extension with an open quote", Raw: post + te + "\r\n3;a=\"b\r\nabc\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 7.1.1"},
	{Name: "CR in an extension", Raw: post + te + "\r\n3;a=\"\r\"\r\nabc\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 7.1.1"},
	{Name: "long extension", Raw: post + te + "\r\n3;" + strings.Repeat("a", 300) + "\r\nabc\r\n0\r\n\r\n", Status: 400, Source: "RFC 9112, 7.1.1"},
	{Name: "extension bomb", Raw: post + te + "\r\n" + strings.Repeat("1;"+strings.Repeat("a", 240)+"\r\nx\r\n", 80) + "0\r\n\r\n", Status: 400, Source: "RFC 9112, 7.1.1"},
	{Name: "chunks over the limit", Raw: post + te + "\r\n100001\r\n", Status: 413, Source: "RFC 9110, 15.5.14"},
	{Name: "chunks over the limit together", Raw: post + te + "\r\n3\r\nabc\r\nffffe\r\n", Status: 413, Source: "RFC 9110, 15.5.14"},
	{Name: "trailer without a colon", Raw: post + te + "\r\n0\r\nab\r\n\r\n", Status: 400, Source: "RFC 9112, 7.1.2"},
	{Name: "trailer with LF", Raw: post + te + "\r\n0\r\na: b\n\r\n", Status: 400, Source: "RFC 9112, 7.1.2"},
	{Name: "folded trailer", Raw: post + te + "\r\n0\r\na: b\r\n c\r\n\r\n", Status: 400, Source: "RFC 9112, 5.2"},
	{Name: "trailer of 9 KiB", Raw: post + te + "\r\n0\r\na: " + strings.Repeat("b", 9<<10), Status: 431, Source: "RFC 6585, 5"},
	{Name: "101 trailer fields", Raw: post + te + "\r\n0\r\n" + strings.Repeat("a: b\r\n", 101) + "\r\n", Status: 431, Source: "RFC 6585, 5"},
}

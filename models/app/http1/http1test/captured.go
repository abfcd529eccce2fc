package http1test

// Captured are requests as real clients send them, taken off the wire by a listener
// that recorded what came. Only the port was changed.
var Captured = []Case{
	{
		Name: "curl", Status: 200, Source: "curl 7.88.1: curl URL",
		Raw: "GET /plaintext HTTP/1.1\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"User-Agent: curl/7.88.1\r\n" +
			"Accept: */*\r\n" +
			"\r\n",
		Method: "GET", Target: "/plaintext", Host: "127.0.0.1:8080",
		Fields: fields("Host: 127.0.0.1:8080", "User-Agent: curl/7.88.1", "Accept: */*"),
	},
	{
		Name: "curl head", Status: 200, Source: "curl 7.88.1: curl -I URL",
		Raw: "HEAD /plaintext HTTP/1.1\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"User-Agent: curl/7.88.1\r\n" +
			"Accept: */*\r\n" +
			"\r\n",
		Method: "HEAD", Target: "/plaintext", Host: "127.0.0.1:8080",
		Fields: fields("Host: 127.0.0.1:8080", "User-Agent: curl/7.88.1", "Accept: */*"),
	},
	{
		Name: "curl 10", Status: 200, Source: "curl 7.88.1: curl -0 URL",
		Raw: "GET /plaintext HTTP/1.0\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"User-Agent: curl/7.88.1\r\n" +
			"Accept: */*\r\n" +
			"\r\n",
		Method: "GET", Target: "/plaintext", Host: "127.0.0.1:8080",
		Fields: fields("Host: 127.0.0.1:8080", "User-Agent: curl/7.88.1", "Accept: */*"),
	},
	{
		Name: "curl post", Status: 200, Source: "curl 7.88.1: curl -d 'a=1&b=2' URL",
		Raw: "POST /echo HTTP/1.1\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"User-Agent: curl/7.88.1\r\n" +
			"Accept: */*\r\n" +
			"Content-Length: 7\r\n" +
			"Content-Type: application/x-www-form-urlencoded\r\n" +
			"\r\na=1&b=2",
		Method: "POST", Target: "/echo", Host: "127.0.0.1:8080",
		Fields: fields("Host: 127.0.0.1:8080", "User-Agent: curl/7.88.1", "Accept: */*", "Content-Length: 7", "Content-Type: application/x-www-form-urlencoded"),
		Body:   "a=1&b=2",
	},
	{
		Name: "curl chunked", Status: 200, Source: "curl 7.88.1: curl -H 'Transfer-Encoding: chunked' --data-binary @FILE URL",
		Raw: "POST /echo HTTP/1.1\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"User-Agent: curl/7.88.1\r\n" +
			"Accept: */*\r\n" +
			"Transfer-Encoding: chunked\r\n" +
			"Content-Type: application/x-www-form-urlencoded\r\n" +
			"\r\n8\r\nxxxxxxxx\r\n0\r\n\r\n",
		Method: "POST", Target: "/echo", Host: "127.0.0.1:8080",
		Fields: fields("Host: 127.0.0.1:8080", "User-Agent: curl/7.88.1", "Accept: */*", "Transfer-Encoding: chunked", "Content-Type: application/x-www-form-urlencoded"),
		Body:   "xxxxxxxx",
	},
	{
		Name: "curl upload", Status: 405, Source: "curl 7.88.1: curl -T FILE URL",
		Raw: "PUT /echo HTTP/1.1\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"User-Agent: curl/7.88.1\r\n" +
			"Accept: */*\r\n" +
			"Content-Length: 8\r\n" +
			"Expect: 100-continue\r\n" +
			"\r\nxxxxxxxx",
		Method: "PUT", Target: "/echo", Host: "127.0.0.1:8080",
		Fields: fields("Host: 127.0.0.1:8080", "User-Agent: curl/7.88.1", "Accept: */*", "Content-Length: 8", "Expect: 100-continue"),
		Body:   "xxxxxxxx",
	},
	{
		Name: "curl stdin", Status: 405, Source: "curl 7.88.1: curl -T - URL",
		Raw: "PUT /echo HTTP/1.1\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"User-Agent: curl/7.88.1\r\n" +
			"Accept: */*\r\n" +
			"Transfer-Encoding: chunked\r\n" +
			"Expect: 100-continue\r\n" +
			"\r\na\r\nfrom stdin\r\n0\r\n\r\n",
		Method: "PUT", Target: "/echo", Host: "127.0.0.1:8080",
		Fields: fields("Host: 127.0.0.1:8080", "User-Agent: curl/7.88.1", "Accept: */*", "Transfer-Encoding: chunked", "Expect: 100-continue"),
		Body:   "from stdin",
	},
	{
		Name: "curl options", Status: 204, Source: "curl 7.88.1: curl -X OPTIONS --request-target '*' URL",
		Raw: "OPTIONS * HTTP/1.1\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"User-Agent: curl/7.88.1\r\n" +
			"Accept: */*\r\n" +
			"\r\n",
		Method: "OPTIONS", Target: "*", Host: "127.0.0.1:8080",
		Fields: fields("Host: 127.0.0.1:8080", "User-Agent: curl/7.88.1", "Accept: */*"),
	},
	{
		Name: "curl proxy", Status: 200, Source: "curl 7.88.1: curl -x PROXY URL",
		Raw: "GET http://example.com/plaintext?q=1 HTTP/1.1\r\n" +
			"Host: example.com\r\n" +
			"User-Agent: curl/7.88.1\r\n" +
			"Accept: */*\r\n" +
			"Proxy-Connection: Keep-Alive\r\n" +
			"\r\n",
		Method: "GET", Target: "http://example.com/plaintext?q=1", Host: "example.com",
		Fields: fields("Host: example.com", "User-Agent: curl/7.88.1", "Accept: */*", "Proxy-Connection: Keep-Alive"),
	},
	{
		Name: "curl form", Status: 200, Source: "curl 7.88.1: curl -F f=@FILE URL",
		Raw: "POST /echo HTTP/1.1\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"User-Agent: curl/7.88.1\r\n" +
			"Accept: */*\r\n" +
			"Content-Length: 201\r\n" +
			"Content-Type: multipart/form-data; boundary=------------------------1201cbc7e7419e59\r\n" +
			"\r\n--------------------------1201cbc7e7419e59\r\nContent-Disposition: form-data; name=\"f\"; filename=\"body\"\r\nContent-Type: application/octet-stream\r\n\r\nxxxxxxxx\r\n--------------------------1201cbc7e7419e59--\r\n",
		Method: "POST", Target: "/echo", Host: "127.0.0.1:8080",
		Fields: fields("Host: 127.0.0.1:8080", "User-Agent: curl/7.88.1", "Accept: */*", "Content-Length: 201", "Content-Type: multipart/form-data; boundary=------------------------1201cbc7e7419e59"),
		Body:   "--------------------------1201cbc7e7419e59\r\nContent-Disposition: form-data; name=\"f\"; filename=\"body\"\r\nContent-Type: application/octet-stream\r\n\r\nxxxxxxxx\r\n--------------------------1201cbc7e7419e59--\r\n",
	},
	{
		Name: "curl compressed", Status: 200, Source: "curl 7.88.1: curl --compressed -A '' -b COOKIE -e REFERER -r 0-9 URL",
		Raw: "GET /bytes/10 HTTP/1.1\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"Range: bytes=0-9\r\n" +
			"Accept: */*\r\n" +
			"Accept-Encoding: deflate, gzip, br, zstd\r\n" +
			"Referer: http://127.0.0.1:8080/\r\n" +
			"Cookie: a=b; c=\"d\"\r\n" +
			"\r\n",
		Method: "GET", Target: "/bytes/10", Host: "127.0.0.1:8080",
		Fields: fields("Host: 127.0.0.1:8080", "Range: bytes=0-9", "Accept: */*", "Accept-Encoding: deflate, gzip, br, zstd", "Referer: http://127.0.0.1:8080/", "Cookie: a=b; c=\"d\""),
	},
	{
		Name: "wrk", Status: 200, Source: "wrk 4.1.0: wrk URL",
		Raw: "GET /plaintext HTTP/1.1\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"\r\n",
		Method: "GET", Target: "/plaintext", Host: "127.0.0.1:8080",
		Fields: fields("Host: 127.0.0.1:8080"),
	},
	{
		Name: "wrk header", Status: 200, Source: "wrk 4.1.0: wrk -H 'Connection: close' URL",
		Raw: "GET /plaintext HTTP/1.1\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"Connection: close\r\n" +
			"\r\n",
		Method: "GET", Target: "/plaintext", Host: "127.0.0.1:8080",
		Fields: fields("Host: 127.0.0.1:8080", "Connection: close"),
	},
	{
		Name: "ab", Status: 200, Source: "ab 2.3: ab URL",
		Raw: "GET /plaintext HTTP/1.0\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"User-Agent: ApacheBench/2.3\r\n" +
			"Accept: */*\r\n" +
			"\r\n",
		Method: "GET", Target: "/plaintext", Host: "127.0.0.1:8080",
		Fields: fields("Host: 127.0.0.1:8080", "User-Agent: ApacheBench/2.3", "Accept: */*"),
	},
	{
		Name: "ab k", Status: 200, Source: "ab 2.3: ab -k URL",
		Raw: "GET /plaintext HTTP/1.0\r\n" +
			"Connection: Keep-Alive\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"User-Agent: ApacheBench/2.3\r\n" +
			"Accept: */*\r\n" +
			"\r\n",
		Method: "GET", Target: "/plaintext", Host: "127.0.0.1:8080",
		Fields: fields("Connection: Keep-Alive", "Host: 127.0.0.1:8080", "User-Agent: ApacheBench/2.3", "Accept: */*"),
	},
	{
		Name: "ab k-post", Status: 200, Source: "ab 2.3: ab -k -p FILE -T text/plain URL",
		Raw: "POST /echo HTTP/1.0\r\n" +
			"Connection: Keep-Alive\r\n" +
			"Content-length: 8\r\n" +
			"Content-type: text/plain\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"User-Agent: ApacheBench/2.3\r\n" +
			"Accept: */*\r\n" +
			"\r\nxxxxxxxx",
		Method: "POST", Target: "/echo", Host: "127.0.0.1:8080",
		Fields: fields("Connection: Keep-Alive", "Content-length: 8", "Content-type: text/plain", "Host: 127.0.0.1:8080", "User-Agent: ApacheBench/2.3", "Accept: */*"),
		Body:   "xxxxxxxx",
	},
	{
		Name: "ab head", Status: 200, Source: "ab 2.3: ab -i URL",
		Raw: "HEAD /plaintext HTTP/1.0\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"User-Agent: ApacheBench/2.3\r\n" +
			"Accept: */*\r\n" +
			"\r\n",
		Method: "HEAD", Target: "/plaintext", Host: "127.0.0.1:8080",
		Fields: fields("Host: 127.0.0.1:8080", "User-Agent: ApacheBench/2.3", "Accept: */*"),
	},
	{
		Name: "h2load", Status: 200, Source: "h2load 1.52.0: h2load --h1 URL",
		Raw: "GET /plaintext HTTP/1.1\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"user-agent: h2load nghttp2/1.52.0\r\n" +
			"\r\n",
		Method: "GET", Target: "/plaintext", Host: "127.0.0.1:8080",
		Fields: fields("Host: 127.0.0.1:8080", "user-agent: h2load nghttp2/1.52.0"),
	},
	{
		Name: "h2load post", Status: 200, Source: "h2load 1.52.0: h2load --h1 -d FILE URL",
		Raw: "POST /echo HTTP/1.1\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"user-agent: h2load nghttp2/1.52.0\r\n" +
			"Content-Length: 8\r\n" +
			"\r\nxxxxxxxx",
		Method: "POST", Target: "/echo", Host: "127.0.0.1:8080",
		Fields: fields("Host: 127.0.0.1:8080", "user-agent: h2load nghttp2/1.52.0", "Content-Length: 8"),
		Body:   "xxxxxxxx",
	},
	{
		Name: "python get", Status: 200, Source: "Python 3.11.7: http.client, GET",
		Raw: "GET /plaintext HTTP/1.1\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"Accept-Encoding: identity\r\n" +
			"\r\n",
		Method: "GET", Target: "/plaintext", Host: "127.0.0.1:8080",
		Fields: fields("Host: 127.0.0.1:8080", "Accept-Encoding: identity"),
	},
	{
		Name: "python post", Status: 200, Source: "Python 3.11.7: http.client, POST",
		Raw: "POST /echo HTTP/1.1\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"Accept-Encoding: identity\r\n" +
			"Content-Length: 5\r\n" +
			"Content-Type: text/plain\r\n" +
			"\r\nhello",
		Method: "POST", Target: "/echo", Host: "127.0.0.1:8080",
		Fields: fields("Host: 127.0.0.1:8080", "Accept-Encoding: identity", "Content-Length: 5", "Content-Type: text/plain"),
		Body:   "hello",
	},
	{
		Name: "python chunked", Status: 200, Source: "Python 3.11.7: http.client, POST of an iterator",
		Raw: "POST /echo HTTP/1.1\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"Accept-Encoding: identity\r\n" +
			"Transfer-Encoding: chunked\r\n" +
			"\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
		Method: "POST", Target: "/echo", Host: "127.0.0.1:8080",
		Fields: fields("Host: 127.0.0.1:8080", "Accept-Encoding: identity", "Transfer-Encoding: chunked"),
		Body:   "hello",
	},
	{
		Name: "python urllib", Status: 200, Source: "Python 3.11.7: urllib.request",
		Raw: "GET /plaintext HTTP/1.1\r\n" +
			"Accept-Encoding: identity\r\n" +
			"Host: 127.0.0.1:8080\r\n" +
			"User-Agent: Python-urllib/3.11\r\n" +
			"Connection: close\r\n" +
			"\r\n",
		Method: "GET", Target: "/plaintext", Host: "127.0.0.1:8080",
		Fields: fields("Accept-Encoding: identity", "Host: 127.0.0.1:8080", "User-Agent: Python-urllib/3.11", "Connection: close"),
	},
}

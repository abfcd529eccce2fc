/* The C floor: the cheapest keep-alive HTTP server that one thread and epoll can be, as a yardstick.
 *
 * It answers every read(2) with the same /plaintext answer and parses nothing, so it is right only for a client that
 * sends a request in one piece and waits for the answer, as wrk does without pipelining. What a request costs here is
 * the kernel's part: one read, one write, and its share of one epoll_pwait. The twin in Go is ../goloop.go; a change
 * here is made there too, so that both make the same system calls.
 *
 *	usage: epoll [-close] ADDR PORT		IPv4; port 0 lets the kernel choose
 *
 * Prints "listening on ADDR:PORT" when ready. SIGTERM ends it.
 *
 * Edge-triggered, and each descriptor is added once: EPOLLOUT is in the set from the beginning. That costs nothing, as
 * after the connection's first event the kernel raises it only when a send buffer that was full has drained.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define BEFORE_DATE "HTTP/1.1 200 OK\r\nServer: c10kit\r\nDate: "

/* Byte for byte the answer of the http app, so that the kernel copies the same length. */
static char answer[] = BEFORE_DATE "Thu, 01 Jan 1970 00:00:00 GMT\r\n"
				   "Content-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";

enum { DATE_OFFSET = sizeof BEFORE_DATE - 1, DATE_LENGTH = 29, ANSWER_LENGTH = sizeof answer - 1 };
enum { MAX_EVENTS = 256, READ_SIZE = 16384, BACKLOG = 4096 };

static char input[READ_SIZE];	/* what was asked is never looked at */
static uint32_t *owed;		/* by descriptor: bytes of answers that did not fit the send buffer */
static uint32_t owed_size;
static int close_after_answer;
static int epfd, listenfd, timer;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void refresh_date(void)
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	char text[64]; /* strftime would spell the names in the locale's language */
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday % 7], tm.tm_mday,
		 months[tm.tm_mon % 12], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
	memcpy(answer + DATE_OFFSET, text, DATE_LENGTH);
}

static void watch(int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};

	if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev) < 0)
		die("epoll_ctl");
}

static void listen_on(const char *addr, const char *port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
	socklen_t len = sizeof sa;
	char text[INET_ADDRSTRLEN];
	int on = 1;

	if (inet_pton(AF_INET, addr, &sa.sin_addr) != 1) {
		fprintf(stderr, "not an IPv4 address: %s\n", addr);
		exit(2);
	}
	listenfd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listenfd < 0)
		die("socket");
	setsockopt(listenfd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	setsockopt(listenfd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* accepted sockets inherit it */
	if (bind(listenfd, (struct sockaddr *)&sa, sizeof sa) < 0)
		die("bind");
	if (listen(listenfd, BACKLOG) < 0)
		die("listen");
	getsockname(listenfd, (struct sockaddr *)&sa, &len);
	printf("listening on %s:%d\n", inet_ntop(AF_INET, &sa.sin_addr, text, sizeof text), ntohs(sa.sin_port));
	fflush(stdout);
}

/* A timer tells the second, not a clock read per wake-up: it costs a busy server nothing per request. */
static void start_timer(void)
{
	struct itimerspec every = {.it_value.tv_sec = 1, .it_interval.tv_sec = 1};

	timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (timer < 0 || timerfd_settime(timer, 0, &every, NULL) < 0)
		die("timerfd");
}

/* Accepts until the queue is empty. Out of descriptors it leaves the rest there; the next tick tries again, because
 * edge-triggered epoll will not repeat the event. */
static void accept_all(void)
{
	for (;;) {
		int fd = accept4(listenfd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EAGAIN || errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
				return;
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			die("accept4");
		}
		if ((uint32_t)fd >= owed_size) {
			close(fd);
			continue;
		}
		owed[fd] = 0;
		watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
	}
}

static void tick(void)
{
	uint64_t ticks;

	if (read(timer, &ticks, sizeof ticks) < 0 && errno != EAGAIN)
		die("read of the timer");
	refresh_date();
	accept_all();
}

/* Sends what is owed. Returns 0 when the connection is over. What is owed may begin in the middle of an answer; the
 * answers are equal but for the date, so the offset within one is all there is to know. */
static int pay(int fd)
{
	while (owed[fd] > 0) {
		uint32_t rest = owed[fd] % ANSWER_LENGTH ? owed[fd] % ANSWER_LENGTH : ANSWER_LENGTH;
		ssize_t n = write(fd, answer + ANSWER_LENGTH - rest, rest);
		if (n < 0)
			return errno == EAGAIN;
		owed[fd] -= (uint32_t)n;
	}
	return !close_after_answer;
}

/* Reads and answers. Returns 0 when the connection is over. A short read has emptied the socket, and what comes later
 * is a new edge; the end of the stream is read only where epoll has announced it. */
static int serve(int fd, uint32_t events)
{
	for (;;) {
		ssize_t n = read(fd, input, sizeof input);
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		owed[fd] += ANSWER_LENGTH;
		if (!pay(fd))
			return 0;
		if (owed[fd] > 0) /* the peer does not read: stop until EPOLLOUT */
			return 1;
		if (n < (ssize_t)sizeof input && !(events & EPOLLRDHUP))
			return 1;
	}
}

static void handle(int fd, uint32_t events)
{
	int alive = 1;

	if (owed[fd] > 0) {
		alive = pay(fd);
		if (owed[fd] > 0 && alive)
			return;
		events |= EPOLLIN; /* requests may have come while it owed: their edge is past */
	}
	if (alive && events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		alive = serve(fd, events);
	if (!alive)
		close(fd);
}

int main(int argc, char **argv)
{
	struct epoll_event events[MAX_EVENTS];
	struct rlimit limit;

	if (argc == 4 && strcmp(argv[1], "-close") == 0) {
		close_after_answer = 1;
		argv++;
		argc--;
	}
	if (argc != 3) {
		fprintf(stderr, "usage: epoll [-close] ADDR PORT\n");
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("setrlimit");
	owed_size = limit.rlim_cur > 1 << 20 ? 1 << 20 : (uint32_t)limit.rlim_cur;
	owed = calloc(owed_size, sizeof *owed);
	epfd = epoll_create1(EPOLL_CLOEXEC);
	if (owed == NULL || epfd < 0)
		die("epoll_create1");
	signal(SIGPIPE, SIG_IGN);
	refresh_date();
	start_timer();
	listen_on(argv[1], argv[2]);
	watch(listenfd, EPOLLIN | EPOLLET);
	watch(timer, EPOLLIN | EPOLLET);
	for (;;) {
		int n = epoll_pwait(epfd, events, MAX_EVENTS, -1, NULL);
		if (n < 0 && errno != EINTR)
			die("epoll_pwait");
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			if (fd == listenfd)
				accept_all();
			else if (fd == timer)
				tick();
			else
				handle(fd, events[i].events);
		}
	}
}

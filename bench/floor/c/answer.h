/* What the yardsticks share: arguments, answer, listener, and for the blocking ones the life of a connection. All of it
 * is static inline, so that a program that needs less of it compiles without a warning.
 *
 *	usage: PROGRAM [-close] ADDR PORT [WORKERS]	IPv4; port 0 lets the kernel choose
 *
 * Each prints "listening on ADDR:PORT" when ready, and SIGTERM ends it with all its processes. Each answers every
 * read(2) with the same /plaintext answer and parses nothing, so it is right only for a client that sends a request in
 * one piece and waits for the answer, as wrk does without pipelining. What a request costs is then the kernel's part.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BEFORE_DATE "HTTP/1.1 200 OK\r\nServer: c10kit\r\nDate: "

/* Byte for byte the answer of the http app, so that the kernel copies the same length. */
#define ANSWER                                                                                                         \
	BEFORE_DATE "Thu, 01 Jan 1970 00:00:00 GMT\r\n"                                                                \
		    "Content-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!"

enum { DATE_OFFSET = sizeof BEFORE_DATE - 1, DATE_LENGTH = 29, ANSWER_LENGTH = sizeof ANSWER - 1 };
enum { READ_SIZE = 16384, BACKLOG = 4096, MAX_WORKERS = 16384 };

/* An answer and the second that its date tells. Each worker has one of its own: shared by threads, one of them would
 * write the date while others send it. */
struct answer {
	time_t second;
	char text[ANSWER_LENGTH + 1];
};

/* What workers begin with. The main thread refreshes it before there are any: the C library reads the time zone at the
 * first date, which is no work of theirs. */
static struct answer answer = {.text = ANSWER};

static struct {
	const char *addr, *port;
	int workers; /* as many as c10kit's pools have without --workers */
	int close_after_answer;
} options = {.workers = 64};

static inline void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Reads the arguments into options; a program without a pool takes no WORKERS. */
static inline void parse_arguments(int argc, char **argv, int pool)
{
	const char *program = argv[0];

	if (argc > 1 && strcmp(argv[1], "-close") == 0) {
		options.close_after_answer = 1;
		argv++;
		argc--;
	}
	if (pool && argc == 4)
		options.workers = atoi(argv[3]);
	else if (argc != 3)
		options.workers = 0;
	if (options.workers < 1 || options.workers > MAX_WORKERS) {
		fprintf(stderr, "usage: %s [-close] ADDR PORT%s\n", program, pool ? " [WORKERS]" : "");
		exit(2);
	}
	options.addr = argv[1];
	options.port = argv[2];
}

/* Raises the limit of descriptors and returns how many there can be, at most 2^20. */
static inline uint32_t raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		die("setrlimit");
	return limit.rlim_cur > 1 << 20 ? 1 << 20 : (uint32_t)limit.rlim_cur;
}

static inline void write_date(struct answer *a)
{
	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	char text[64]; /* strftime would spell the names in the locale's language */
	struct tm tm;

	gmtime_r(&a->second, &tm);
	snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday % 7], tm.tm_mday,
		 months[tm.tm_mon % 12], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
	memcpy(a->text + DATE_OFFSET, text, DATE_LENGTH);
}

/* Brings the date up to date, which costs a worker one look at the clock a request: CLOCK_REALTIME_COARSE is read from
 * the vDSO's page without a system call and without the time stamp counter, in a few nanoseconds. A thread that
 * refreshes the date of all would have to be shared by processes too, and would race with those who send it; and
 * c10kit's workers look at a clock after each return of read, so this is the same design. */
static inline void refresh(struct answer *a)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (now.tv_sec != a->second) {
		a->second = now.tv_sec;
		write_date(a);
	}
}

/* Returns a listener, of SOCK_NONBLOCK or of 0. Accepted sockets inherit TCP_NODELAY (tcp(7)), and of a blocking one
 * the timeouts of a second that every c10kit model of threads or processes sets: it must see a drain. */
static inline int listen_on(int nonblock)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(options.port))};
	struct timeval tick = {.tv_sec = 1};
	int on = 1, fd;

	if (inet_pton(AF_INET, options.addr, &sa.sin_addr) != 1) {
		fprintf(stderr, "not an IPv4 address: %s\n", options.addr);
		exit(2);
	}
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | nonblock, 0);
	if (fd < 0)
		die("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
	    (!nonblock && (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick) < 0 ||
			   setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tick, sizeof tick) < 0)))
		die("setsockopt");
	if (bind(fd, (struct sockaddr *)&sa, sizeof sa) < 0)
		die("bind");
	if (listen(fd, BACKLOG) < 0)
		die("listen");
	return fd;
}

/* Says where the listener is. Called when all workers are there: whoever reads it may count them. */
static inline void announce(int listenfd)
{
	struct sockaddr_in sa;
	socklen_t len = sizeof sa;
	char text[INET_ADDRSTRLEN];

	if (getsockname(listenfd, (struct sockaddr *)&sa, &len) < 0)
		die("getsockname");
	printf("listening on %s:%d\n", inet_ntop(AF_INET, &sa.sin_addr, text, sizeof text), ntohs(sa.sin_port));
	fflush(stdout);
}

/* Waits for a connection, at most for the listener's second. Returns -1 when there is none yet. Out of descriptors or
 * memory it lets 5 ms pass, for others to end. */
static inline int accept_one(int listenfd)
{
	static const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
	int fd = accept4(listenfd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		return fd;
	switch (errno) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		nanosleep(&pause, NULL);
		break;
	case EAGAIN: /* the listener's SO_RCVTIMEO */
	case EINTR:
	case ECONNABORTED:
	case EPROTO:
		break;
	default:
		die("accept4");
	}
	return -1;
}

/* Sends the answer, whole: a socket that takes nothing for a second (SO_SNDTIMEO) is tried again, as the peer may read
 * yet. Returns 0 when the connection is broken. */
static inline int send_answer(int fd, const struct answer *a)
{
	size_t sent = 0;

	while (sent < ANSWER_LENGTH) {
		ssize_t n = write(fd, a->text + sent, ANSWER_LENGTH - sent);
		if (n >= 0)
			sent += (size_t)n;
		else if (errno != EAGAIN && errno != EINTR)
			return 0;
	}
	return 1;
}

/* Serves a connection to its end and closes it: one read and one write a request, and a read each second that no
 * request comes (SO_RCVTIMEO). What was asked is never looked at. */
static inline void serve(int fd, struct answer *a)
{
	char input[READ_SIZE];

	for (;;) {
		ssize_t n = read(fd, input, sizeof input);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			break;
		refresh(a);
		if (!send_answer(fd, a) || options.close_after_answer)
			break;
	}
	close(fd);
}

/* The parent of forked workers. */
static pid_t parent;

/* Ends the children and then the parent, by the signal that it got. The parent waits for them, so that nothing is left
 * when its own parent has waited for it. */
static inline void end_all(int sig)
{
	if (getpid() == parent) { /* and not a child that inherited this handler */
		signal(sig, SIG_IGN);
		kill(0, sig);
		while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
			;
	}
	signal(sig, SIG_DFL);
	raise(sig); /* is delivered at the end of the handler */
}

/* Makes this process the parent of workers to be forked. It leads a process group of its own, so that one kill reaches
 * all of them, however many have come and gone. */
static inline void become_parent(void)
{
	parent = getpid();
	if (getpgrp() != parent && setpgid(0, 0) < 0)
		die("setpgid");
	signal(SIGTERM, end_all);
}

/* Begins a forked child: however the parent ends, the kernel kills it (prctl(2)), and a parent that ended before the
 * kernel was told is noticed. */
static inline void become_child(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

#endif

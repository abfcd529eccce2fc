/* The C floor: the cheapest keep-alive HTTP server that one thread and epoll can be, as a yardstick. A request costs
 * one read, one write, and its share of one epoll_pwait. The twin in Go is ../goloop.go; a change here is made there
 * too, so that both make the same system calls. Arguments and answer: answer.h.
 *
 * Edge-triggered, and each descriptor is added once: EPOLLOUT is in the set from the beginning. That costs nothing, as
 * after the connection's first event the kernel raises it only when a send buffer that was full has drained.
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "answer.h"

enum { MAX_EVENTS = 256 };

static char input[READ_SIZE];	/* what was asked is never looked at */
static uint32_t *owed;		/* by descriptor: bytes of answers that did not fit the send buffer */
static uint32_t owed_size;
static int epfd, listenfd, timer;

static void watch(int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.fd = fd};

	if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev) < 0)
		die("epoll_ctl");
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
	refresh(&answer);
	accept_all();
}

/* Sends what is owed. Returns 0 when the connection is over. What is owed may begin in the middle of an answer; the
 * answers are equal but for the date, so the offset within one is all there is to know. */
static int pay(int fd)
{
	while (owed[fd] > 0) {
		uint32_t rest = owed[fd] % ANSWER_LENGTH ? owed[fd] % ANSWER_LENGTH : ANSWER_LENGTH;
		ssize_t n = write(fd, answer.text + ANSWER_LENGTH - rest, rest);
		if (n < 0)
			return errno == EAGAIN;
		owed[fd] -= (uint32_t)n;
	}
	return !options.close_after_answer;
}

/* Reads and answers. Returns 0 when the connection is over. A short read has emptied the socket, and what comes later
 * is a new edge; the end of the stream is read only where epoll has announced it. */
static int serve_event(int fd, uint32_t events)
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
		alive = serve_event(fd, events);
	if (!alive)
		close(fd);
}

int main(int argc, char **argv)
{
	struct epoll_event events[MAX_EVENTS];

	parse_arguments(argc, argv, 0);
	owed_size = raise_limit();
	owed = calloc(owed_size, sizeof *owed);
	epfd = epoll_create1(EPOLL_CLOEXEC);
	if (owed == NULL || epfd < 0)
		die("epoll_create1");
	signal(SIGPIPE, SIG_IGN);
	refresh(&answer);
	start_timer();
	listenfd = listen_on(SOCK_NONBLOCK);
	announce(listenfd);
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

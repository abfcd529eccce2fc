/* A thread per connection: the main thread accepts, each connection gets a thread, which is created and ends with it.
 * The same design in Go is c10kit's tpc:thread. Arguments and answer: answer.h.
 */
#define _GNU_SOURCE
#include <pthread.h>

#include "answer.h"

/* Large enough for the input buffer and the least that any architecture allows (arm64: this), and small enough that
 * the C library keeps hundreds of stacks of ended threads for new ones: it keeps 40 MiB, five of the usual 8 MiB. */
enum { STACK_SIZE = 128 * 1024 };

/* A connection's place, by descriptor: that is not given out again before the thread has closed it, and then the thread
 * looks here no more. So it takes neither a lock nor an allocation to hand over descriptor and date. */
struct connection {
	int fd;
	struct answer answer;
};

static void *thread_main(void *arg)
{
	struct connection *c = arg;

	serve(c->fd, &c->answer);
	return NULL;
}

int main(int argc, char **argv)
{
	struct connection *connections;
	pthread_attr_t attr;
	uint32_t size;
	int listenfd;

	parse_arguments(argc, argv, 0);
	size = raise_limit();
	connections = calloc(size, sizeof *connections); /* its pages exist once they are touched */
	if (connections == NULL)
		die("calloc");
	pthread_attr_init(&attr);
	if (pthread_attr_setstacksize(&attr, STACK_SIZE) != 0 ||
	    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED) != 0) {
		fprintf(stderr, "the attributes of a thread are not accepted\n");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	refresh(&answer);
	listenfd = listen_on(0);
	announce(listenfd);
	for (;;) {
		pthread_t thread;
		int fd = accept_one(listenfd);

		if (fd < 0)
			continue;
		refresh(&answer);
		if ((uint32_t)fd >= size) {
			close(fd);
			continue;
		}
		connections[fd].fd = fd;
		connections[fd].answer = answer;
		if (pthread_create(&thread, &attr, thread_main, &connections[fd]) != 0)
			close(fd); /* out of threads: one connection more than can be served */
	}
}

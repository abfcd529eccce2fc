/* A pool of threads made in advance: each blocks in accept4 on the one listener and serves what it gets, one connection
 * at a time. The same design in Go is c10kit's prethread:accept. Arguments and answer: answer.h.
 */
#define _GNU_SOURCE
#include <pthread.h>

#include "answer.h"

static int listenfd;

static void *thread_main(void *arg)
{
	struct answer mine = answer;

	(void)arg;
	for (;;) {
		int fd = accept_one(listenfd);

		if (fd >= 0)
			serve(fd, &mine);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	parse_arguments(argc, argv, 1);
	raise_limit();
	signal(SIGPIPE, SIG_IGN);
	refresh(&answer);
	listenfd = listen_on(0);
	for (int i = 0; i < options.workers; i++) {
		pthread_t thread;

		errno = pthread_create(&thread, NULL, thread_main, NULL);
		if (errno != 0)
			die("pthread_create");
	}
	announce(listenfd);
	for (;;)
		pause();
}

/* A pool of processes made in advance: each blocks in accept4 on the one listener, which it inherited, and serves what
 * it gets, one connection at a time. The parent only waits for them. The same design in Go is c10kit's prefork:accept.
 * Arguments and answer: answer.h.
 */
#define _GNU_SOURCE
#include "answer.h"

static void child_main(int listenfd)
{
	become_child();
	for (;;) {
		int fd = accept_one(listenfd);

		if (fd >= 0)
			serve(fd, &answer);
	}
}

int main(int argc, char **argv)
{
	int listenfd;

	parse_arguments(argc, argv, 1);
	raise_limit();
	signal(SIGPIPE, SIG_IGN);
	refresh(&answer);
	listenfd = listen_on(0);
	become_parent();
	for (int i = 0; i < options.workers; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid == 0)
			child_main(listenfd);
	}
	announce(listenfd);
	while (wait(NULL) < 0 && errno == EINTR)
		;
	fprintf(stderr, "a worker has ended\n"); /* which no worker does: what is measured would be another pool */
	return 1;
}

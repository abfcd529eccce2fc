/* A process per connection: the parent accepts and forks, the child serves the connection and ends with it. The same
 * design in Go is c10kit's ppc:fork. Arguments and answer: answer.h.
 */
#define _GNU_SOURCE
#include "answer.h"

static void child_main(int listenfd, int fd)
{
	become_child();
	close(listenfd);
	serve(fd, &answer);
	_exit(0);
}

int main(int argc, char **argv)
{
	int listenfd;

	parse_arguments(argc, argv, 0);
	raise_limit();
	signal(SIGPIPE, SIG_IGN);
	refresh(&answer);
	listenfd = listen_on(0);
	become_parent();
	announce(listenfd);
	for (;;) {
		int fd = accept_one(listenfd);

		while (waitpid(-1, NULL, WNOHANG) > 0) /* also each second that no connection comes */
			;
		if (fd < 0)
			continue;
		refresh(&answer); /* here, so that a child finds the second's date written */
		if (fork() == 0)
			child_main(listenfd, fd);
		close(fd); /* the child has it; out of processes, nobody serves it */
	}
}

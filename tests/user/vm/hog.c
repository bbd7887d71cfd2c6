// SPDX-License-Identifier: GPL-2.0-only
/*
 * hog KIND [MOST] - open sockets, or map memory by the MiB, until a request is
 * refused; print how many there were and the error, and give all of them back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static int take_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int take_memory(void)
{
	void *area = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return area == MAP_FAILED ? -1 : 0;
}

int main(int argc, char **argv)
{
	const struct rlimit files = { 65536, 65536 };
	int sockets = argc > 1 && !strcmp(argv[1], "sockets");
	long most = argc > 2 ? atol(argv[2]) : 20000, n;
	int error;

	setrlimit(RLIMIT_NOFILE, &files);
	for (n = 0; n < most; n++)
		if ((sockets ? take_socket() : take_memory()) < 0)
			break;
	error = errno;
	/* Writing the output to a pipe needs kernel memory. */
	if (sockets)
		close_range(3, ~0u, 0);
	printf("%s: %ld, then: %s\n", sockets ? "sockets" : "MiB", n,
	       n < most ? strerror(error) : "enough");
	return n < most ? 1 : 0;
}

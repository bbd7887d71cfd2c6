// SPDX-License-Identifier: GPL-2.0-only
/*
 * raise FILE TEXT COMMAND... - try to write TEXT to FILE, as the root of a
 * container might, print the result, then execute COMMAND.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd;

	if (argc < 4)
		return 2;
	fd = open(argv[1], O_WRONLY);
	if (fd < 0 || write(fd, argv[2], strlen(argv[2])) < 0)
		printf("cannot write %s: %s\n", argv[1], strerror(errno));
	else
		printf("has written %s\n", argv[1]);
	fflush(stdout);
	execv(argv[3], argv + 3);
	return 126;
}

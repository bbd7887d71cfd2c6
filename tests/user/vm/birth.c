// SPDX-License-Identifier: GPL-2.0-only
/*
 * birth each N DIR BARRIER - make N groups in DIR, one after the other, wait for
 * the kmemsize barrier of each, and say how long that took: median, 99 of 100, and
 * the longest, in microseconds; then how long one look at a barrier takes, 99 of
 * 100, which tells what the machine is able to.
 * birth storm N DIR BARRIER - make N groups as fast as can be, 100 in each of N /
 * 100, wait until all have the barrier, and say how long both took, in
 * milliseconds.
 *
 * Ends with 1 when a group has not got its barrier within five minutes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_US 300000000L

static const char *barrier;

static long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000L + ts.tv_nsec / 1000;
}

static void die(const char *what, const char *name)
{
	fprintf(stderr, "birth: cannot %s %s: %s\n", what, name,
		strerror(errno));
	exit(2);
}

static void make(const char *path)
{
	if (mkdir(path, 0755))
		die("make", path);
}

static int limited(const char *path)
{
	char name[4096], text[4096], want[64];
	ssize_t len;
	int fd;

	snprintf(name, sizeof(name), "%s/bc.barrier", path);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("open", name);
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len < 0)
		die("read", name);
	text[len] = '\0';
	snprintf(want, sizeof(want), "kmemsize %s\n", barrier);
	return !!strstr(text, want);
}

/* Whoever is to set it gets the processor meanwhile. */
static long wait_for(const char *path, long since)
{
	const struct timespec moment = { .tv_nsec = 50000 };

	while (!limited(path)) {
		if (now_us() - since > PATIENCE_US) {
			fprintf(stderr, "birth: %s has no limit\n", path);
			exit(1);
		}
		nanosleep(&moment, NULL);
	}
	return now_us() - since;
}

static int compare(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static long one_look(long *took, long count, const char *dir)
{
	long i, begin;

	for (i = 0; i < count; i++) {
		begin = now_us();
		limited(dir);
		took[i] = now_us() - begin;
	}
	qsort(took, count, sizeof(*took), compare);
	return took[count * 99 / 100];
}

static void each_group(long count, const char *dir)
{
	long *took = calloc(count, sizeof(*took)), i;
	char path[4096];

	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/each-%ld", dir, i);
		make(path);
		took[i] = wait_for(path, now_us());
		rmdir(path);
	}
	qsort(took, count, sizeof(*took), compare);
	printf("%ld %ld %ld", took[count / 2], took[count * 99 / 100],
	       took[count - 1]);
	printf(" %ld\n", one_look(took, count, dir));
	free(took);
}

static void many_groups(long count, const char *dir)
{
	long begin = now_us(), made, i;
	char path[4096];

	for (i = 0; i < count; i++) {
		if (i % 100 == 0) {
			snprintf(path, sizeof(path), "%s/storm-%ld", dir,
				 i / 100);
			make(path);
		}
		snprintf(path, sizeof(path), "%s/storm-%ld/%ld", dir, i / 100,
			 i);
		make(path);
	}
	made = now_us();
	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/storm-%ld/%ld", dir, i / 100,
			 i);
		wait_for(path, made);
	}
	printf("%ld %ld\n", (made - begin) / 1000, (now_us() - made) / 1000);
}

int main(int argc, char **argv)
{
	long count = argc == 5 ? atol(argv[2]) : 0;

	if (count <= 0)
		return 2;
	barrier = argv[4];
	if (!strcmp(argv[1], "each"))
		each_group(count, argv[3]);
	else
		many_groups(count, argv[3]);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * birth each N DIR BARRIER - make N groups in DIR, one after the other, wait
 * for the kmemsize barrier of each, and print how long that took: median, 99th
 * percentile, and maximum, in microseconds. Each group is made a second time in
 * DIR/same, where a process that waits on a pipe sets the barrier in the
 * simplest way; the 99th percentile of these comes next, and shows how fast the
 * machine is at that time. Last comes N, which is smaller on a machine so slow
 * that N groups take more than four minutes, but 100 at least.
 * birth storm N DIR BARRIER - make N groups as fast as possible, 100 in each of
 * N / 100 parents, wait until all have the barrier, and print how long both
 * took, in milliseconds.
 *
 * Exits with 1 when a group has no barrier after five minutes.
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
#define MOST_US 240000000L
#define LEAST 100

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

/* Sleep between looks, to leave the only CPU to the process that sets it. */
static long wait_for(const char *path, long since)
{
	const struct timespec moment = { .tv_nsec = 250000 };

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

static void put(const char *path, const char *file, const char *text)
{
	char name[4096];
	int fd;

	snprintf(name, sizeof(name), "%s/%s", path, file);
	fd = open(name, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("write", name);
	close(fd);
}

/* Start a process that reads groups' paths from a pipe and sets their barrier. */
static int start_setter(void)
{
	char path[4096], text[64];
	int tell[2];

	if (pipe(tell))
		die("make", "a pipe");
	switch (fork()) {
	case -1:
		die("start", "another process");
		break;
	case 0:
		close(tell[1]);
		snprintf(text, sizeof(text), "kmemsize %s", barrier);
		while (read(tell[0], path, sizeof(path)) > 0) {
			limited(path);
			put(path, "bc.limit", text);
			put(path, "bc.barrier", text);
		}
		_exit(0);
	}
	close(tell[0]);
	return tell[1];
}

/* The time until a new group has a barrier, by the service or the setter. */
static long birth(const char *dir, const char *below, long i, int setter)
{
	char path[4096] = "";
	long took;

	snprintf(path, sizeof(path), "%s%s/each-%ld", dir, below, i);
	make(path);
	took = now_us();
	if (setter >= 0 && write(setter, path, sizeof(path)) != sizeof(path))
		die("write to", "the setter");
	took = wait_for(path, took);
	rmdir(path);
	return took;
}

static void each_group(long count, const char *dir)
{
	long *took = calloc(count, sizeof(*took));
	long *same = calloc(count, sizeof(*same));
	long begin = now_us(), i;
	int setter = start_setter();
	char path[4096];

	snprintf(path, sizeof(path), "%s/same", dir);
	if (mkdir(path, 0755) && errno != EEXIST)
		die("make", path);
	for (i = 0; i < count; i++) {
		if (i >= LEAST && now_us() - begin > MOST_US)
			break;
		took[i] = birth(dir, "", i, -1);
		same[i] = birth(dir, "/same", i, setter);
	}
	qsort(took, i, sizeof(*took), compare);
	qsort(same, i, sizeof(*same), compare);
	printf("%ld %ld %ld", took[i / 2], took[i * 99 / 100], took[i - 1]);
	printf(" %ld %ld\n", same[i * 99 / 100], i);
	close(setter);
	free(took);
	free(same);
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
		wait_for(path, now_us());
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

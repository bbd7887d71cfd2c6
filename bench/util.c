// SPDX-License-Identifier: GPL-2.0-only
/*
 * The benchmark's program: small helpers.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static bool use_tsc;

void die(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	printf("bench: ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

long check_sys(long ret, const char *what, const char *file, int line)
{
	if (ret < 0)
		die("%s:%d: %s: %s", file, line, what, strerror(errno));
	return ret;
}

void clock_choose(const char *name)
{
	use_tsc = !strcmp(name, "tsc");
}

uint64_t now(void)
{
	struct timespec ts;

	if (use_tsc)
		return __builtin_ia32_rdtsc();
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

uint64_t best_of(unsigned int rounds, unsigned int times, void (*run)(void))
{
	uint64_t best = UINT64_MAX, start, took;
	unsigned int i;

	while (rounds--) {
		start = now();
		for (i = 0; i < times; i++)
			run();
		took = now() - start;
		if (took < best)
			best = took;
	}
	return best;
}

void tell(const char *place, const char *what, uint64_t total, uint64_t count)
{
	printf("figure %s/%s %llu %llu\n", place, what,
	       (unsigned long long)total, (unsigned long long)count);
	fflush(stdout);
}

bool file_exists(const char *fmt, ...)
{
	char path[4096];
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	return access(path, F_OK) == 0;
}

void file_write(const char *text, const char *fmt, ...)
{
	char path[4096];
	va_list args;
	int fd;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die("%s: cannot write '%s': %s", path, text, strerror(errno));
	close(fd);
}

bool file_read(char *buf, size_t size, const char *fmt, ...)
{
	char path[4096];
	size_t len = 0;
	va_list args;
	ssize_t n;
	int fd;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += n;
	buf[len] = '\0';
	close(fd);
	return true;
}

long long file_number(const char *key, const char *path)
{
	static char buf[1 << 16];
	char *at;

	if (!file_read(buf, sizeof(buf), "%s", path))
		die("cannot read %s: %s", path, strerror(errno));
	for (at = buf; (at = strstr(at, key)); at++)
		if (at == buf || at[-1] == '\n' || at[-1] == ' ')
			return strtoll(at + strlen(key), NULL, 10);
	die("%s: there is no %s", path, key);
}

void group_make(const char *group)
{
	char path[4096];

	snprintf(path, sizeof(path), CGROUP "%s", group);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		die("mkdir %s: %s", path, strerror(errno));
}

void group_remove(const char *group)
{
	char path[4096];
	int i;

	snprintf(path, sizeof(path), CGROUP "%s", group);
	/* A process that was in the group may still be exiting. */
	for (i = 0; i < 1000; i++) {
		if (rmdir(path) == 0)
			return;
		usleep(1000);
	}
	die("rmdir %s: %s", path, strerror(errno));
}

void group_barrier(const char *group, const char *resource, const char *barrier)
{
	char line[128];

	snprintf(line, sizeof(line), "%s %s", resource, barrier);
	file_write(line, CGROUP "%s/bc.barrier", group);
}

bool have_bc(void)
{
	group_make("/probe");
	return file_exists(CGROUP "/probe/bc.held");
}

bool have_memory(void)
{
	char buf[4096];

	return file_read(buf, sizeof(buf), CGROUP "/cgroup.controllers") &&
	       strstr(buf, "memory");
}

void memory_enable(const char *group)
{
	file_write("+memory", CGROUP "%s/cgroup.subtree_control", group);
}

/*
 * The barrier is set by a process outside of the group: a process inside would
 * be charged for reading and writing the files.
 */
static int warden_ask = -1, warden_answer = -1;

/* Wait for objects that RCU frees: they would make room later. */
static long long held_at_rest(const char *path)
{
	long long held = file_number("kmemsize ", path), before;

	do {
		before = held;
		usleep(50000);
		held = file_number("kmemsize ", path);
	} while (held != before);
	return held;
}

static void warden(const char *group, int ask, int answer)
{
	char path[256], value[64];
	long long room, held;

	while (read(ask, &room, sizeof(room)) == sizeof(room)) {
		snprintf(path, sizeof(path), CGROUP "%s/bc.held", group);
		held = held_at_rest(path);
		snprintf(value, sizeof(value), "%lld", held + room);
		group_barrier(group, "kmemsize", room < 0 ? "max" : value);
		CHECK(write(answer, "", 1));
	}
}

void leave_room(long long bytes)
{
	char c;

	CHECK(write(warden_ask, &bytes, sizeof(bytes)));
	CHECK(read(warden_answer, &c, 1));
}

void run_in(const struct place *place, void (*run)(const struct place *place))
{
	int ask[2], answer[2], status;
	pid_t pid;

	fflush(stdout);
	CHECK(pipe2(ask, O_CLOEXEC));
	CHECK(pipe2(answer, O_CLOEXEC));
	pid = CHECK(fork());
	if (pid == 0) {
		close(ask[0]);
		warden_ask = ask[1];
		warden_answer = answer[0];
		file_write("0", CGROUP "%s/cgroup.procs", place->group);
		run(place);
		fflush(stdout);
		_exit(0);
	}
	close(ask[1]);
	warden(place->group, ask[0], answer[1]);
	close(ask[0]);
	close(answer[0]);
	close(answer[1]);
	CHECK(waitpid(pid, &status, 0));
	if (status)
		die("the process in place %s ended with %#x", place->name,
		    status);
}

int loop_open(void)
{
	return CHECK(open(LOOP_FILE, O_RDWR | O_CLOEXEC));
}

void loop_command(const char *line)
{
	int fd = loop_open();

	if (write(fd, line, strlen(line)) < 0)
		die("%s: '%s': %s", LOOP_FILE, line, strerror(errno));
	close(fd);
}

/* Each write is followed by a read: the file keeps one answer only. */
uint64_t loop_run(int fd, const struct loop *loop)
{
	char line[128];
	ssize_t len;

	len = snprintf(line, sizeof(line), "%s %s %u %u %u 10 %u", loop->kind,
		       loop->mark, loop->size, loop->batch, loop->count,
		       loop->payers);
	if (write(fd, line, len) != len)
		die("%s: '%s': %s", LOOP_FILE, line, strerror(errno));
	len = CHECK(pread(fd, line, sizeof(line) - 1, 0));
	line[len] = '\0';
	return strtoull(line, NULL, 10);
}

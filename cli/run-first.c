// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first refusal of the group of a command, and the process that was
 * refused. The kernel logs the first refusal of each group, and this group is
 * new.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "run.h"

/* The kernel writes the line a moment after the refusal. */
#define PATIENCE_MS 300
/* The longest record that the log can have. */
#define LONGEST_RECORD 8192

/* Read from here on; -1, and no report, if the log may not be read. */
int first_refusal_begin(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/*
 * "bc: /web/job: kmemsize refused for python3[47]: requested 720, held 16776560,
 * barrier 16777216, limit max (logged once per group)"
 */
static bool parse(const char *record, const char *path,
		  struct first_refusal *first)
{
	const char *at = strstr(record, ";bc: "), *process, *end;
	unsigned long long requested, held;
	char resource[sizeof(first->resource)];
	size_t len = strlen(path);

	/* In a cgroup namespace the path of the kernel is the longer one. */
	at = at ? strstr(at, path) : NULL;
	if (!at || strncmp(at + len, ": ", 2))
		return false;
	at += len + 2;
	if (sscanf(at, "%31s refused for", resource) != 1)
		return false;
	process = strstr(at, " refused for ");
	end = process ? strstr(process, "]: requested ") : NULL;
	if (!end ||
	    sscanf(end, "]: requested %llu, held %llu", &requested, &held) != 2)
		return false;
	process += strlen(" refused for ");
	snprintf(first->resource, sizeof(first->resource), "%s", resource);
	snprintf(first->process, sizeof(first->process), "%.*s]",
		 (int)(end - process), process);
	first->requested = requested;
	first->held = held;
	return true;
}

bool first_refusal_find(int fd, const char *path, struct first_refusal *first)
{
	char record[LONGEST_RECORD + 1];
	ssize_t got;

	while (fd >= 0) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };

		got = read(fd, record, LONGEST_RECORD);
		if (got > 0) {
			record[got] = '\0';
			if (parse(record, path, first))
				return true;
		} else if (got < 0 && errno == EAGAIN) {
			if (poll(&wait, 1, PATIENCE_MS) <= 0)
				return false;
		} else if (got == 0 || errno != EPIPE) {
			/* EPIPE: some records were overwritten, read on. */
			return false;
		}
	}
	return false;
}

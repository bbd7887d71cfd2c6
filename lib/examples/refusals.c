// SPDX-License-Identifier: LGPL-2.1-only
/*
 * refusals GROUP [TIMES] - print refusals in a group and below, as they happen.
 *
 *	cc refusals.c $(pkg-config --cflags --libs libbeancounter)
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <beancounter.h>

static int report(struct libbc_events *events, const char *path)
{
	const char *resource;
	uint64_t refusals;
	int ret;

	while ((ret = libbc_events_next(events, &resource, &refusals)) > 0)
		printf("%s: %llu refusal%s of %s\n", path,
		       (unsigned long long)refusals, refusals == 1 ? "" : "s",
		       resource);
	fflush(stdout);
	return ret;
}

static int watch(const struct libbc_group *group, int times)
{
	struct libbc_events *events;
	int ret;

	ret = libbc_events_open(group, 0, &events);
	if (ret) {
		fprintf(stderr, "%s: %s\n", libbc_group_path(group),
			strerror(-ret));
		return ret;
	}
	while (!ret && times--) {
		struct pollfd wait = { .fd = libbc_events_fd(events),
				       .events = POLLIN };

		if (poll(&wait, 1, -1) < 0)
			ret = -errno;
		else
			ret = report(events, libbc_group_path(group));
	}
	if (ret)
		fprintf(stderr, "%s: %s\n", libbc_group_path(group),
			strerror(-ret));
	libbc_events_close(events);
	return ret;
}

int main(int argc, char **argv)
{
	struct libbc_group *group;
	struct libbc_host *host;
	int ret;

	if (argc < 2) {
		fprintf(stderr, "Usage: refusals GROUP [TIMES]\n");
		return EXIT_FAILURE;
	}
	ret = libbc_host_open(NULL, &host);
	if (ret) {
		fprintf(stderr, "no cgroup2: %s\n", strerror(-ret));
		return EXIT_FAILURE;
	}
	ret = libbc_group_open(host, argv[1], &group);
	libbc_host_close(host);
	if (ret) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-ret));
		return EXIT_FAILURE;
	}
	ret = watch(group, argc > 2 ? atoi(argv[2]) : -1);
	libbc_group_close(group);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}

// SPDX-License-Identifier: LGPL-2.1-only
/*
 * New refusals: a descriptor to poll(), and the counters that have changed.
 *
 * The kernel wakes up a process that polls a file of the group when the file
 * changes, but not when the group is removed: the directory above reports that.
 * So there are two descriptors, and an epoll instance that combines them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/inotify.h>

#include "internal.h"

struct libbc_events {
	int epoll; /* combines the other two */
	int fd; /* the file of the counters */
	int removed; /* inotify of the directory above */
	enum libbc_field field;
	struct libbc_account *last; /* the counters reported last */
	struct libbc_account *now; /* the ones being reported, or NULL */
	size_t next;
};

static int counters(const struct libbc_events *events,
		    struct libbc_account **account)
{
	__cleanup_text char *text = NULL;
	struct libbc_account *new;
	size_t bytes;
	int ret;

	if (lseek(events->fd, 0, SEEK_SET) < 0)
		return -errno;
	ret = fd_read(events->fd, &text, &bytes);
	if (ret)
		return ret;
	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	ret = parse_flat(text, bytes, events->field, new);
	if (ret) {
		libbc_account_free(new);
		return ret;
	}
	*account = new;
	return 0;
}

static int wait_also_for(struct libbc_events *events, int fd, uint32_t what)
{
	struct epoll_event event = { .events = what };

	if (!epoll_ctl(events->epoll, EPOLL_CTL_ADD, fd, &event))
		return 0;
	/* A copy of a machine has plain files, which never change. */
	return errno == EPERM ? 0 : -errno;
}

static int begin(struct libbc_events *events, const struct libbc_group *group)
{
	char above[40];
	int ret;

	events->epoll = epoll_create1(EPOLL_CLOEXEC);
	events->removed = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (events->epoll < 0 || events->removed < 0)
		return -errno;
	snprintf(above, sizeof(above), "/proc/self/fd/%d/..", group->fd);
	/* There may be no visible directory above the top. */
	if (inotify_add_watch(events->removed, above, IN_DELETE | IN_ONLYDIR) <
		    0 &&
	    errno != ENOENT && errno != EACCES)
		return -errno;
	ret = wait_also_for(events, events->fd, EPOLLPRI);
	return ret ?: wait_also_for(events, events->removed, EPOLLIN);
}

int libbc_events_open(const struct libbc_group *group, unsigned int flags,
		      struct libbc_events **events)
{
	bool local = flags & LIBBC_EVENTS_LOCAL;
	struct libbc_events *new;
	int ret;

	if (flags & ~LIBBC_EVENTS_LOCAL)
		return -EINVAL;
	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->epoll = -1;
	new->removed = -1;
	new->field = local ? LIBBC_FAILCNT_LOCAL : LIBBC_FAILCNT;
	new->fd = group_file_open(
		group, local ? "bc.failcnt.local" : "bc.failcnt", O_RDONLY);
	ret = new->fd < 0 ? new->fd : counters(new, &new->last);
	if (!ret)
		ret = begin(new, group);
	if (ret) {
		libbc_events_close(new);
		return ret;
	}
	*events = new;
	return 0;
}

void libbc_events_close(struct libbc_events *events)
{
	if (!events)
		return;
	close_fd(&events->fd);
	close_fd(&events->epoll);
	close_fd(&events->removed);
	libbc_account_free(events->last);
	libbc_account_free(events->now);
	free(events);
}

int libbc_events_fd(const struct libbc_events *events)
{
	return events->epoll;
}

int libbc_events_next(struct libbc_events *events, const char **name,
		      uint64_t *refusals)
{
	char text[4096];
	int ret;

	if (!events->now) {
		/* It may be another group: reading the counters will tell. */
		while (read(events->removed, text, sizeof(text)) > 0)
			;
		ret = counters(events, &events->now);
		if (ret)
			return ret;
		events->next = 0;
	}
	while (events->next < events->now->count) {
		const struct libbc_resource *old, *new;
		uint64_t before;

		new = &events->now->resources[events->next++];
		old = libbc_account_find(events->last, new->name);
		before = old ? old->value[events->field] : 0;
		if (new->value[events->field] <= before)
			continue;
		*name = new->name;
		*refusals = new->value[events->field] - before;
		return 1;
	}
	libbc_account_free(events->last);
	events->last = events->now;
	events->now = NULL;
	return 0;
}

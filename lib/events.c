// SPDX-License-Identifier: LGPL-2.1-only
/*
 * New refusals: a file that poll() waits on, and what has changed in it.
 */
#include <errno.h>
#include <fcntl.h>

#include "internal.h"

struct libbc_events {
	int fd;
	enum libbc_field field;
	struct libbc_account *last; /* what was reported */
	struct libbc_account *now; /* what is being reported, or NULL */
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
	new->field = local ? LIBBC_FAILCNT_LOCAL : LIBBC_FAILCNT;
	new->fd = group_file_open(
		group, local ? "bc.failcnt.local" : "bc.failcnt", O_RDONLY);
	ret = new->fd < 0 ? new->fd : counters(new, &new->last);
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
	libbc_account_free(events->last);
	libbc_account_free(events->now);
	free(events);
}

int libbc_events_fd(const struct libbc_events *events)
{
	return events->fd;
}

int libbc_events_next(struct libbc_events *events, const char **name,
		      uint64_t *refusals)
{
	int ret;

	if (!events->now) {
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

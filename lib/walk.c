// SPDX-License-Identifier: LGPL-2.1-only
/*
 * Walk through a group and all groups below it, in the order of their names,
 * each group before those below it. Groups that are removed meanwhile are left
 * out.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* A directory whose groups are being gone through. */
struct level {
	struct libbc_group *group;
	struct dirent **names;
	int count;
	int next;
};

struct libbc_walk {
	struct libbc_group *top; /* NULL once it has been returned */
	struct level *levels;
	size_t depth;
	bool fresh; /* the innermost level is of the group returned last */
};

static int is_group(const struct dirent *entry)
{
	return *entry->d_name != '.' &&
	       (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void level_free(struct level *level)
{
	while (level->count > 0)
		free(level->names[--level->count]);
	free(level->names);
	libbc_group_close(level->group);
}

/* Go below the group. A group that was removed has nothing below it. */
static int descend(struct libbc_walk *walk, const struct libbc_group *group)
{
	struct level *more, level = { .next = 0 };
	int ret = 0;

	more = reallocarray(walk->levels, walk->depth + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	walk->levels = more;
	if (!group->leaf)
		ret = group_at(group->fd, ".", group->path, group->captured,
			       &level.group);
	if (level.group) {
		level.count = scandirat(group->fd, ".", &level.names, is_group,
					by_name);
		if (level.count < 0)
			ret = -errno;
	}
	if (ret) {
		level.count = 0;
		libbc_group_close(level.group);
		if (ret != -ENOENT && ret != -ENODEV && ret != -EACCES)
			return ret;
		level = (struct level){ .next = 0 };
	}
	more[walk->depth++] = level;
	return 0;
}

int libbc_walk_open(const struct libbc_group *top, struct libbc_walk **walk)
{
	struct libbc_walk *new = calloc(1, sizeof(*new));
	int ret;

	if (!new)
		return -ENOMEM;
	ret = group_at(top->fd, ".", top->path, top->captured, &new->top);
	if (ret) {
		free(new);
		return ret == -ENOENT ? -ENODEV : ret;
	}
	*walk = new;
	return 0;
}

void libbc_walk_close(struct libbc_walk *walk)
{
	if (!walk)
		return;
	while (walk->depth)
		level_free(&walk->levels[--walk->depth]);
	free(walk->levels);
	libbc_group_close(walk->top);
	free(walk);
}

/* The next name of the innermost level, as a group. */
static int child(const struct level *level, const char *name,
		 struct libbc_group **group)
{
	__cleanup_text char *path = NULL;
	const char *above = level->group->path;

	if (asprintf(&path, "%s/%s", above[1] ? above : "", name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	return group_at(level->group->fd, name, path, level->group->captured,
			group);
}

int libbc_walk_next(struct libbc_walk *walk, struct libbc_group **group)
{
	struct libbc_group *found = walk->top;
	int ret;

	walk->top = NULL;
	walk->fresh = false;
	while (!found) {
		struct level *level;

		if (!walk->depth)
			return 0;
		level = &walk->levels[walk->depth - 1];
		if (level->next == level->count) {
			level_free(level);
			walk->depth--;
			continue;
		}
		ret = child(level, level->names[level->next++]->d_name, &found);
		if (ret && ret != -ENOENT && ret != -ENODEV && ret != -ENOTDIR)
			return ret;
	}
	ret = descend(walk, found);
	if (ret) {
		libbc_group_close(found);
		return ret;
	}
	*group = found;
	walk->fresh = true;
	return 1;
}

/* Do not go below the group that was returned last. */
void libbc_walk_skip(struct libbc_walk *walk)
{
	if (walk->depth && walk->fresh)
		level_free(&walk->levels[--walk->depth]);
	walk->fresh = false;
}

/* The depth of the group returned last; 0 for the top. */
size_t libbc_walk_depth(const struct libbc_walk *walk)
{
	return walk->depth ? walk->depth - 1 : 0;
}

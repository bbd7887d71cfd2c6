// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "snapshot.h"

/* A resource is near its barrier from here on, in percent of the barrier. */
#define NEAR_HELD 80
#define NEAR_MAXHELD 95

/* The nodes from the top down to the present place of the walk. */
struct branch {
	int *nodes;
	size_t room;
};

/* Make room for a level; the node above stands for it until it has its own. */
static int branch_at(struct branch *branch, size_t depth, int *parent)
{
	int *more;

	if (depth >= branch->room) {
		more = reallocarray(branch->nodes, depth + 16, sizeof(*more));
		if (!more)
			return -1;
		branch->nodes = more;
		branch->room = depth + 16;
	}
	*parent = depth ? branch->nodes[depth - 1] : -1;
	branch->nodes[depth] = *parent;
	return 0;
}

/* Add a group; 0 also if it was removed meanwhile, and is left out. */
static int add(struct bcctl *ctl, struct snapshot *snapshot,
	       const struct libbc_group *group, struct branch *branch,
	       size_t depth, int *reason)
{
	struct libbc_account *account = NULL;
	struct node *more, *node;
	int ret, parent;

	if (branch_at(branch, depth, &parent))
		return no_memory(ctl);
	ret = libbc_account_read(group, LIBBC_READ_LOCAL, &account);
	if (ret == -ENODEV || ret == -ENOENT)
		return 0;
	if (ret == -EOPNOTSUPP && *reason != -1)
		*reason = ret;
	if (ret && ret != -EOPNOTSUPP)
		return explain_file(ctl, libbc_group_path(group),
				    "bc.resources", ret, false);
	if (!ret)
		*reason = -1;
	more = snapshot->nodes;
	if (snapshot->count == snapshot->room) {
		more = reallocarray(more, 2 * snapshot->room + 16,
				    sizeof(*more));
		if (more) {
			snapshot->nodes = more;
			snapshot->room = 2 * snapshot->room + 16;
		}
	}
	node = more ? &more[snapshot->count] : NULL;
	if (node)
		node->path = strdup(libbc_group_path(group));
	if (!node || !node->path) {
		libbc_account_free(account);
		return no_memory(ctl);
	}
	node->id = libbc_group_id(group);
	node->account = account;
	node->parent = parent;
	node->first = snapshot->resources;
	if (account)
		snapshot->resources += libbc_account_count(account);
	branch->nodes[depth] = snapshot->count++;
	return 0;
}

/**
 * snapshot_take - read the accounts of a group and of those below it
 * @ctl: the run of the tool
 * @top: the group
 * @depth: how many levels below it; negative for all
 * @snapshot: the result, to be freed after success
 *
 * Return: 0, or the exit status after a message.
 */
int snapshot_take(struct bcctl *ctl, const struct libbc_group *top, long depth,
		  struct snapshot *snapshot)
{
	const char *path = libbc_group_path(top);
	struct branch branch = { NULL };
	struct libbc_group *group;
	struct libbc_walk *walk;
	int ret, reason = 0;

	*snapshot = (struct snapshot){ NULL };
	ret = libbc_walk_open(top, &walk);
	if (ret)
		return explain_open(ctl, path, ret);
	while (!(ret < 0) && (ret = libbc_walk_next(walk, &group)) > 0) {
		size_t below = libbc_walk_depth(walk);

		ret = add(ctl, snapshot, group, &branch, below, &reason);
		libbc_group_close(group);
		if (ret) {
			libbc_walk_close(walk);
			free(branch.nodes);
			snapshot_free(snapshot);
			return ret;
		}
		if (depth >= 0 && below >= (size_t)depth)
			libbc_walk_skip(walk);
	}
	libbc_walk_close(walk);
	free(branch.nodes);
	/* There are groups, but none of them has an account. */
	if (!ret && reason == -EOPNOTSUPP &&
	    (strcmp(path, "/") || snapshot->count > 1 ||
	     libbc_host_controller(ctl->host) != LIBBC_CONTROLLER_PRESENT))
		ret = -EOPNOTSUPP;
	if (!ret)
		return 0;
	snapshot_free(snapshot);
	return explain_file(ctl, path, "", ret, false);
}

void snapshot_free(struct snapshot *snapshot)
{
	size_t i;

	for (i = 0; i < snapshot->count; i++) {
		free(snapshot->nodes[i].path);
		libbc_account_free(snapshot->nodes[i].account);
	}
	free(snapshot->nodes);
	*snapshot = (struct snapshot){ NULL };
}

/*
 * Find the same group, not another one that has got its name since. Most groups
 * have nearly the same index in successive snapshots: the search begins at
 * *near, and the index of the group is stored there.
 */
const struct node *snapshot_find(const struct snapshot *snapshot, uint64_t id,
				 const char *path, size_t *near)
{
	size_t i, at;

	for (i = 0; i < snapshot->count; i++) {
		at = (*near + i) % snapshot->count;
		if (snapshot->nodes[at].id == id &&
		    !strcmp(snapshot->nodes[at].path, path)) {
			*near = at;
			return &snapshot->nodes[at];
		}
	}
	return NULL;
}

/* The state according to held and maxheld. */
enum state resource_fill_state(const struct libbc_resource *resource)
{
	uint64_t held = libbc_resource_value(resource, LIBBC_HELD);
	uint64_t maxheld = libbc_resource_value(resource, LIBBC_MAXHELD);

	/* A barrier at which nothing is refused does not count. */
	if (resource_kind(libbc_resource_name(resource)) != RESOURCE_LIMITED)
		return STATE_OK;
	if (held > effective_barrier(resource))
		return STATE_OVER;
	if (held && fill_percent(resource, held) >= NEAR_HELD)
		return STATE_NEAR;
	if (maxheld && fill_percent(resource, maxheld) >= NEAR_MAXHELD)
		return STATE_NEAR;
	return STATE_OK;
}

enum state resource_state(const struct libbc_resource *resource)
{
	if (libbc_resource_value(resource, LIBBC_FAILCNT_LOCAL))
		return STATE_REFUSED;
	return resource_fill_state(resource);
}

const char *state_name(enum state state)
{
	static const char *const names[] = {
		[STATE_OK] = "ok",
		[STATE_NEAR] = "near",
		[STATE_OVER] = "over",
		[STATE_REFUSED] = "refused",
	};

	return names[state];
}

const char *state_color(enum state state)
{
	switch (state) {
	case STATE_REFUSED:
	case STATE_OVER:
		return "red";
	case STATE_NEAR:
		return "brown";
	default:
		return NULL;
	}
}

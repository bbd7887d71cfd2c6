/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The accounts of a group and all groups below it, at about one moment.
 */
#ifndef BCCTL_SNAPSHOT_H
#define BCCTL_SNAPSHOT_H

#include "bcctl.h"

struct node {
	char *path;
	uint64_t id;
	int parent; /* index, or -1 */
	struct libbc_account *account; /* NULL for the root */
	size_t first; /* number of resources of the nodes before it */
};

struct snapshot {
	struct node *nodes; /* each before those below it */
	size_t count, room;
	size_t resources; /* number of resources of all nodes */
};

/* The state of a resource of a group; a worse state has a higher number. */
enum state { STATE_OK, STATE_NEAR, STATE_OVER, STATE_REFUSED };

/* The number in /proc/user_beancounters: the low half of the ID. */
static inline uint32_t node_uid(const struct node *node)
{
	return node->account ? (uint32_t)node->id : 0;
}

int snapshot_take(struct bcctl *ctl, const struct libbc_group *top, long depth,
		  struct snapshot *snapshot);
void snapshot_free(struct snapshot *snapshot);
const struct node *snapshot_find(const struct snapshot *snapshot, uint64_t id,
				 const char *path, size_t *near);
enum state resource_fill_state(const struct libbc_resource *resource);
enum state resource_state(const struct libbc_resource *resource);
const char *state_name(enum state state);
const char *state_color(enum state state);

#endif

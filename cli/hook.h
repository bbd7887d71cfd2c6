/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BCCTL_HOOK_H
#define BCCTL_HOOK_H

#include "bcctl.h"

/* Annotations for this hook begin with this. */
#define ANNOTATION "beancounter."

struct json_object;

/* The container, as its runtime describes it on standard input. */
struct container {
	struct json_object *state, *config; /* to be freed */
	struct json_object *annotations; /* in one of them, or NULL */
	const char *id;
	int pid;
};

/* hook-state.c */
int container_read(struct bcctl *ctl, FILE *in, struct container *container);
void container_free(struct container *container);

#endif

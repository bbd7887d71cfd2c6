/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The systemd unit, the container and the pod that the path of a group names.
 */
#ifndef BCCTL_LABELS_H
#define BCCTL_LABELS_H

enum label { LABEL_UNIT, LABEL_CONTAINER, LABEL_POD, NR_LABELS };

struct labels {
	char *value[NR_LABELS]; /* NULL for those that the path does not name */
};

/* 0 or -ENOMEM. */
int labels_of(const char *path, struct labels *labels);
void labels_free(struct labels *labels);

#endif

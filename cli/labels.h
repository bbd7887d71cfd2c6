/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the path of a group tells: the unit of systemd, the container, the pod.
 */
#ifndef BCCTL_LABELS_H
#define BCCTL_LABELS_H

enum label { LABEL_UNIT, LABEL_CONTAINER, LABEL_POD, NR_LABELS };

struct labels {
	char *value[NR_LABELS]; /* NULL for those that it does not tell */
};

/* 0 or -ENOMEM. */
int labels_of(const char *path, struct labels *labels);
void labels_free(struct labels *labels);

#endif

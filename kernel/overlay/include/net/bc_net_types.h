/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: what a network namespace embeds. Empty without the option.
 */
#ifndef _NET_BC_NET_TYPES_H
#define _NET_BC_NET_TYPES_H

#include <linux/types.h>

/**
 * struct bc_netns - what a network namespace is charged
 * @entries: of packet filters
 * @node: entry in the list that the audit walks, all zero when it is not there
 */
struct bc_netns {
#ifdef CONFIG_BEANCOUNTERS
	atomic64_t entries;
#ifdef CONFIG_BEANCOUNTERS_DEBUG
	struct list_head node;
#endif
#endif
};

#endif /* _NET_BC_NET_TYPES_H */

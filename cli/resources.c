// SPDX-License-Identifier: GPL-2.0-only
/*
 * What people are told of the resources.
 *
 * Which there are is for the kernel's files to say. One that is not here has no
 * description and is taken for one whose requests are refused; one that the
 * kernel does not have is never shown.
 */
#include <string.h>

#include "bcctl.h"

static const struct info {
	const char *name, *text;
	enum resource_kind kind;
	const char *gap; /* what is lost where barrier and limit are equal */
	const char *instead; /* what limits it, if this cannot */
} infos[] = {
	{ .name = "kmemsize",
	  .text = "kernel memory",
	  .gap = "a page fault that needs a page table beyond it kills the process" },
	{ .name = "lockedpages", .text = "memory locked into RAM" },
	{ .name = "privvmpages",
	  .text = "private memory asked for",
	  .gap = "a stack that has to grow beyond it ends the process" },
	{ .name = "shmpages", .text = "shared memory" },
	{ .name = "numproc", .text = "processes and threads" },
	{ .name = "physpages",
	  .text = "memory in RAM",
	  .kind = RESOURCE_SHOWN,
	  .instead = "memory.max" },
	{ .name = "vmguarpages",
	  .text = "memory guaranteed",
	  .kind = RESOURCE_GUARANTEE },
	{ .name = "oomguarpages",
	  .text = "memory guaranteed when RAM is short",
	  .kind = RESOURCE_GUARANTEE },
	{ .name = "numtcpsock", .text = "TCP sockets" },
	{ .name = "numothersock", .text = "other sockets" },
	{ .name = "numflock", .text = "file locks" },
	{ .name = "numpty", .text = "pseudo terminals" },
	{ .name = "numsiginfo", .text = "signals waiting" },
	{ .name = "tcpsndbuf", .text = "TCP buffers to send" },
	{ .name = "tcprcvbuf", .text = "TCP buffers received" },
	{ .name = "othersockbuf", .text = "buffers of other sockets" },
	{ .name = "dgramrcvbuf", .text = "datagrams received" },
	{ .name = "dcachesize", .text = "cached names of files" },
	{ .name = "numfile", .text = "open files" },
	{ .name = "numiptent", .text = "firewall rules" },
	{ .name = "swappages",
	  .text = "memory swapped out",
	  .kind = RESOURCE_SHOWN,
	  .instead = "memory.swap.max" },
};

static const struct info *find(const char *name)
{
	static const struct info unknown = { .text = "" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(infos); i++)
		if (!strcmp(infos[i].name, name))
			return &infos[i];
	return &unknown;
}

/* What it is, in a few words; "" if nobody knows. */
const char *resource_text(const char *name)
{
	return find(name)->text;
}

enum resource_kind resource_kind(const char *name)
{
	return find(name)->kind;
}

/* Why its limit should be above its barrier; NULL if it need not. */
const char *resource_gap(const char *name)
{
	return find(name)->gap;
}

/* The file of the group that limits what this only shows; NULL if none does. */
const char *resource_instead(const char *name)
{
	return find(name)->instead;
}

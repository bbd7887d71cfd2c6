// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the tool knows of the resources.
 *
 * The kernel's files say which resources there are. A resource that is not in
 * this table has no description, and the tool assumes that its requests can be
 * refused; a resource that the kernel does not have is never shown. Everything
 * else that the tool knows of resources, except rules and proportions, is made
 * from this table.
 */
#include <string.h>

#include "bcctl.h"

/* An index is the number in OpenVZ, which had dummies in the gaps. */
static const struct info {
	const char *name, *text;
	enum resource_kind kind;
	const char *gap; /* what fails if barrier and limit are equal */
	const char *instead; /* the file that limits what is only shown */
} infos[] = {
	[0] = { .name = "kmemsize",
		.text = "kernel memory",
		.gap = "a page fault that needs a page table beyond it kills the process" },
	[1] = { .name = "lockedpages", .text = "memory locked into RAM" },
	[2] = { .name = "privvmpages",
		.text = "private memory asked for",
		.gap = "a stack that has to grow beyond it ends the process" },
	[3] = { .name = "shmpages", .text = "shared memory and tmpfs" },
	[5] = { .name = "numproc", .text = "processes and threads" },
	[6] = { .name = "physpages",
		.text = "memory in RAM",
		.kind = RESOURCE_SHOWN,
		.instead = "memory.max" },
	[7] = { .name = "vmguarpages",
		.text = "private memory guaranteed",
		.kind = RESOURCE_GUARANTEE },
	[8] = { .name = "oomguarpages",
		.text = "memory kept when RAM is short",
		.kind = RESOURCE_GUARANTEE },
	[9] = { .name = "numtcpsock", .text = "TCP sockets" },
	[10] = { .name = "numflock",
		 .text = "file locks",
		 .gap = "unlocking the middle of a range, which takes one more, fails" },
	[11] = { .name = "numpty", .text = "pseudo terminals" },
	[12] = { .name = "numsiginfo", .text = "signals waiting" },
	[13] = { .name = "tcpsndbuf", .text = "TCP buffers to send" },
	[14] = { .name = "tcprcvbuf", .text = "TCP buffers received" },
	[15] = { .name = "othersockbuf", .text = "buffers of other sockets" },
	[16] = { .name = "dgramrcvbuf", .text = "datagrams received" },
	[17] = { .name = "numothersock", .text = "other sockets" },
	[18] = { .name = "dcachesize", .text = "cached names of files" },
	[19] = { .name = "numfile", .text = "open files" },
	[23] = { .name = "numiptent", .text = "firewall rules" },
	[24] = { .name = "swappages",
		 .text = "memory swapped out",
		 .kind = RESOURCE_SHOWN,
		 .instead = "memory.swap.max" },
};

_Static_assert(ARRAY_SIZE(infos) == RESOURCE_NUMBERS, "numbers of resources");

static const struct info *find(const char *name)
{
	static const struct info unknown = { .text = "" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(infos); i++)
		if (infos[i].name && !strcmp(infos[i].name, name))
			return &infos[i];
	return &unknown;
}

/* The resource with this number in OpenVZ; NULL if there was none. */
const char *resource_numbered(size_t number)
{
	return number < ARRAY_SIZE(infos) ? infos[number].name : NULL;
}

/* A description in a few words; "" if there is none. */
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

/* The file of the group that limits what is only shown; NULL for others. */
const char *resource_instead(const char *name)
{
	return find(name)->instead;
}

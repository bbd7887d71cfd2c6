// SPDX-License-Identifier: GPL-2.0-only
/*
 * The benchmark's program: the loops in the kernel, for different payers and
 * depths of groups.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define PAGE 4096
#define COUNT 1000

static const struct loop loops[] = {
	{ "slab", "", 64, 1, COUNT, 0 },
	{ "slab", "", 128, 1, COUNT, 0 },
	{ "slab", "", 256, 1, COUNT, 0 },
	{ "slab", "", 512, 1, COUNT, 0 },
	{ "slab", "", 1024, 1, COUNT, 0 },
	{ "slab", "", 2048, 1, COUNT, 0 },
	{ "slab", "", 4096, 1, COUNT, 0 },
	{ "slab", "", 8192, 1, COUNT, 0 },
	{ "slab", "", 64, COUNT, COUNT, 0 },
	{ "slab", "", 128, COUNT, COUNT, 0 },
	{ "slab", "", 256, COUNT, COUNT, 0 },
	{ "slab", "", 512, COUNT, COUNT, 0 },
	{ "slab", "", 1024, COUNT, COUNT, 0 },
	{ "slab", "", 2048, COUNT, COUNT, 0 },
	{ "slab", "", 4096, COUNT, COUNT, 0 },
	{ "slab", "", 8192, COUNT, COUNT, 0 },
	{ "bulk", "", 64, 16, 1600, 0 },
	{ "bulk", "", 256, 16, 1600, 0 },
	{ "bulk", "", 1024, 16, 1600, 0 },
	{ "page", "", PAGE, 1, COUNT, 0 },
	{ "page", "", PAGE, 100, COUNT, 0 },
	{ "page", "", PAGE, COUNT, COUNT, 0 },
	{ "page", "", 4 * PAGE, 1, COUNT, 0 },
};

static void report(const char *place, const struct loop *loop, const char *more,
		   uint64_t total)
{
	char name[128];

	snprintf(name, sizeof(name), "%s-%u-batch%u-%s%s", loop->kind,
		 loop->size, loop->batch, loop->mark, more);
	tell(place, name, total, loop->count);
}

static void run_loop(int fd, const char *place, const struct loop *loop,
		     const char *mark, const char *more)
{
	struct loop marked = *loop;

	marked.mark = mark;
	report(place, &marked, more, loop_run(fd, &marked));
}

/*
 * Near the barrier there is room for one object, but not for a stock as well,
 * so that every request is decided in the counters.
 */
static void measure(const struct place *place, const struct loop *loop,
		    const char *mark)
{
	int fd = loop_open();

	if (place->exact)
		leave_room(loop->size * loop->batch + 1500);
	run_loop(fd, place->name, loop, mark, "");
	if (place->exact)
		leave_room(-1);
	close(fd);
}

/* The loops, run by this process. */
void stage_loops(const struct place *place)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(loops); i++) {
		/*
		 * A barrier with room for a thousand objects has room for a
		 * stock; and an object as large as a stock opens one when it
		 * is freed.
		 */
		if (place->exact &&
		    (loops[i].batch > 16 || loops[i].size > 2 * PAGE))
			continue;
		if (!*place->group)
			measure(place, &loops[i], "plain");
		measure(place, &loops[i], "account");
	}
}

static void join(const struct place *place)
{
	(void)place;
	loop_command("join");
}

static void turn(const struct loop *loop, const char *more)
{
	int fd = loop_open();

	report("turns", loop, more, loop_run(fd, loop));
	close(fd);
}

/*
 * Groups that take turns on one CPU.  The result is compared with that of the
 * same loop with one group, which changes the payer just as often.
 */
void stage_turns(void)
{
	static const unsigned int turns[] = { 1, 2, 8, 1000 };
	char name[32], more[32];
	struct place place = { .name = "turns", .group = name };
	struct loop slab = { "slab", "account", 64, 1, 4000, 0 };
	struct loop page = { "page", "account", PAGE, 1, 4000, 0 };
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "/turn%u", i);
		group_make(name);
		run_in(&place, join);
	}
	for (i = 0; i < ARRAY_SIZE(turns); i++) {
		snprintf(more, sizeof(more), "-turns%u", turns[i]);
		slab.payers = turns[i];
		page.payers = turns[i];
		turn(&slab, more);
		turn(&page, more);
	}
	loop_command("forget");
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "/turn%u", i);
		group_remove(name);
	}
}

static void run_deep(const struct place *place)
{
	static const struct loop deep[] = {
		{ "slab", "", 64, 1, COUNT, 0 },
		{ "slab", "", 64, COUNT, COUNT, 0 },
		{ "page", "", PAGE, 1, COUNT, 0 },
		{ "page", "", PAGE, 100, COUNT, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(deep); i++)
		if (!place->exact || deep[i].batch == 1)
			measure(place, &deep[i], "account");
}

/* Nested groups, and the loops in the deepest one. */
void stage_depth(void)
{
	char group[16 * 3 + 1] = "", name[32], exact_name[48];
	struct place place = { .name = name, .group = group };
	struct place exact = { .name = exact_name,
			       .group = group,
			       .exact = true };
	bool memory = have_memory(), bc = have_bc();
	int depth;

	for (depth = 1; depth <= 16; depth++) {
		strcat(group, "/d");
		group_make(group);
		if ((depth & (depth - 1)) == 0) {
			snprintf(name, sizeof(name), "depth%d", depth);
			run_in(&place, run_deep);
			snprintf(exact_name, sizeof(exact_name), "%s-exact",
				 name);
			if (bc)
				run_in(&exact, run_deep);
		}
		if (memory && file_exists(CGROUP "%s/memory.current", group))
			memory_enable(group);
	}
	for (; --depth; group[2 * (depth - 1)] = '\0')
		group_remove(group);
}

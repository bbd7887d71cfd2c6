// SPDX-License-Identifier: GPL-2.0-only
/*
 * An operation on memory, which is tested in the same way for all, each in a
 * group of its own. With room for the pages that it adds, it succeeds and adds
 * them. With room for a page less it fails with ENOMEM, the refusal is counted,
 * and nothing has changed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bc_op.h"

#define MAPS_SIZE 65536

/* Before and after. They are memory of every worker, so only for those that compare. */
static char (*maps)[MAPS_SIZE];

/*
 * Reads what is mapped where. Neighbours count as one area if they would be
 * one, if no operation had been about to split it.
 */
static long maps_read(long i)
{
	unsigned long start, end, offset, last = 0, last_offset = 0;
	char line[512], rest[256], last_rest[256] = "";
	FILE *f = fopen("/proc/self/maps", "r");
	size_t got = 0;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		char prot[8], dev[16], ino[24];

		if (sscanf(line, "%lx-%lx %7s %lx %15s %23s", &start, &end,
			   prot, &offset, dev, ino) != 6)
			return -1;
		snprintf(rest, sizeof(rest), "%s %s %s", prot, dev, ino);
		if (start != last || strcmp(rest, last_rest) ||
		    (strcmp(ino, "0") && offset != last_offset))
			got += snprintf(maps[i] + got, MAPS_SIZE - got,
					"\n%lx %s %lx", start, rest, offset);
		else
			got -= strlen(strrchr(maps[i], '-'));
		got += snprintf(maps[i] + got, MAPS_SIZE - got, "-%lx", end);
		last = end;
		last_offset = offset + end - start;
		strcpy(last_rest, rest);
	}
	fclose(f);
	return got > 0 ? 0 : -1;
}

static long maps_same(long unused)
{
	(void)unused;
	return maps_read(1) ? -1 : !strcmp(maps[0], maps[1]);
}

/* Returns false if this kernel has no such operation. */
static bool begin(struct bc_worker *w, struct bc_group *g,
		  const struct bc_op_table *t, const struct bc_op *o)
{
	if (t->same_maps && !maps)
		maps = calloc(2, sizeof(*maps));
	bc_worker_start(w, g);
	if (o->prepare && bc_call(w, o->prepare, t->arg)) {
		if (!t->optional ||
		    (w->error != ENOSYS && w->error != EAFNOSUPPORT))
			bc_fail(__FILE__, __LINE__, "%s: prepare: %s", o->name,
				strerror(w->error));
		bc_note("%s: not in this kernel", o->name);
		bc_worker_stop(w);
		return false;
	}
	if (t->same_maps) {
		/* The first call may fault in and grow the memory that it needs. */
		bc_eq(bc_call(w, maps_read, 1), 0);
		bc_eq(bc_call(w, maps_read, 0), 0);
	}
	return true;
}

static void end(struct bc_worker *w, struct bc_group *g,
		const struct bc_op_table *t, const struct bc_op *o)
{
	if (o->end)
		bc_call(w, o->end, t->arg);
	bc_worker_stop(w);
	if (t->late)
		bc_settles(g, t->key, 0);
	else
		bc_eq(bc_held_of(g, t->key), 0);
}

/* With room for just what it adds; in a full account if it adds nothing. */
static void one_granted(struct bc_group *g, const struct bc_op_table *t,
			const struct bc_op *o)
{
	struct bc_worker w;
	long long before, want, after;

	if (!begin(&w, g, t, o))
		return;
	before = bc_held_of(g, t->key);
	want = before + o->pages;
	bc_eq(bc_set_key(g, "bc.barrier", t->key, o->pages > 0 ? want : before),
	      0);
	if (bc_call(&w, o->act, t->arg))
		bc_fail(__FILE__, __LINE__, "%s: %s (failcnt %lld)", o->name,
			strerror(w.error), bc_resource(g, t->key, "failcnt"));
	after = o->late ? bc_settled(g, t->key, want, want) :
			  bc_held_of(g, t->key);
	if (after != want)
		bc_fail(__FILE__, __LINE__, "%s added %lld pages, not %ld",
			o->name, after - before, o->pages);
	bc_eq(bc_resource(g, t->key, "failcnt"), 0);
	bc_eq(bc_resource(g, t->key, "forced"), 0);
	end(&w, g, t, o);
}

/* With room for one page less. */
static void one_refused(struct bc_group *g, const struct bc_op_table *t,
			const struct bc_op *o)
{
	long long before, other = 0;
	struct bc_worker w;

	if (!begin(&w, g, t, o))
		return;
	before = bc_held_of(g, t->key);
	if (t->other)
		other = bc_held_of(g, t->other);
	bc_eq(bc_set_key(g, "bc.barrier", t->key, before + o->pages - 1), 0);
	if (bc_call(&w, o->act, t->arg) != -1)
		bc_fail(__FILE__, __LINE__, "%s was not refused", o->name);
	if (w.error != ENOMEM)
		bc_fail(__FILE__, __LINE__, "%s: %s", o->name,
			strerror(w.error));
	bc_eq(bc_held_of(g, t->key), before);
	/* Both resources are charged, or none. */
	if (t->other)
		bc_eq(bc_held_of(g, t->other), other);
	bc_eq(bc_resource(g, t->key, "failcnt"), 1);
	if (t->same_maps) {
		bc_eq(bc_set_key(g, "bc.barrier", t->key, BC_MAX), 0);
		if (bc_call(&w, maps_same, 0) != 1)
			bc_fail(__FILE__, __LINE__,
				"%s was refused, but changed areas", o->name);
		bc_eq(bc_held_of(g, t->key), before);
	}
	end(&w, g, t, o);
}

/* All operations, each with as much room as it needs. */
void bc_ops_granted(struct bc_group *g, const struct bc_op_table *t)
{
	struct bc_group sub;
	size_t i;

	for (i = 0; i < t->count; i++) {
		bc_group_make(&sub, g, t->ops[i].name);
		one_granted(&sub, t, &t->ops[i]);
		bc_eq(bc_group_remove(&sub), 0);
	}
}

/* The operations that add something, each with room for one page less. */
void bc_ops_refused(struct bc_group *g, const struct bc_op_table *t)
{
	struct bc_group sub;
	size_t i;

	for (i = 0; i < t->count; i++) {
		if (t->ops[i].pages <= 0)
			continue;
		bc_group_make(&sub, g, t->ops[i].name);
		one_refused(&sub, t, &t->ops[i]);
		bc_eq(bc_group_remove(&sub), 0);
	}
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a charged object, which is tested in the same way for all kinds.
 * When objects are made, held rises by what they cost; when they are given
 * back, held is what it was. At the barrier they are refused with the right
 * error, the refusal is counted, and held does not exceed the barrier. When the
 * barrier is gone, they can be made again. When the last process has exited,
 * nothing is held.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bc_object.h"

long long bc_need_slab(const char *cache)
{
	long long size = bc_slab_size(cache);

	if (!size)
		bc_skip("no slab cache %s", cache);
	return size;
}

static void check_error(const struct bc_object *o, int error)
{
	size_t i;

	for (i = 0; i < BC_COUNT(o->errors); i++) {
		if (o->errors[i] && o->errors[i] == error)
			return;
	}
	bc_fail(__FILE__, __LINE__, "refused with %s (%d), not with %s",
		strerror(error), error, strerror(o->errors[0]));
}

/*
 * Makes them and gives them back once, so that the descriptor table has grown,
 * and page tables and caches are there. Then held has to stay the same over
 * some grace periods.
 */
static long long warm_up(struct bc_group *g, struct bc_worker *w,
			 const struct bc_object *o)
{
	if (o->prepare && bc_call(w, o->prepare, o->count) < 0)
		bc_skip("cannot prepare: %s", strerror(w->error));
	if (bc_call(w, o->make, o->count) != o->count)
		bc_skip("cannot make them: %s", strerror(w->error));
	bc_call(w, o->drop, 0);
	return bc_rest(g);
}

void bc_object_refusal(struct bc_group *g, struct bc_worker *w,
		       const struct bc_object *o)
{
	long long base = bc_held(g), low, high, fails, half, limit;
	long made;

	o->cost(o->count, &low, &high);
	half = base + low / 2;
	fails = bc_failcnt(g);
	bc_reset_maxheld(g);
	/* Unmarked requests pass the barrier, so the limit is as low. */
	if (!o->to_limit)
		bc_set_barrier(g, half);
	bc_set_limit(g, half);
	limit = half;
	made = bc_call(w, o->make, o->count);
	if (made >= o->count)
		bc_fail(__FILE__, __LINE__,
			"all %ld were made: %lld held, %lld allowed", made,
			bc_held(g), half);
	check_error(o, w->error);
	if (bc_failcnt(g) <= fails)
		bc_fail(__FILE__, __LINE__, "a refusal has not been counted");
	bc_range(bc_held(g) - bc_forced(g), 0, limit);
	bc_range(bc_maxheld(g) - bc_forced(g), 0, limit);
	/* As many as there is room for, less one for what the first takes besides. */
	bc_range(made, o->count / 2 * low / high - o->count / 8 - 1, o->count);
	bc_set_limit(g, BC_MAX);
	bc_set_barrier(g, BC_MAX);
	bc_call(w, o->drop, 0);
	bc_held_is(g, base);
}

void bc_object_test(struct bc_group *g, const struct bc_object *o)
{
	long long base, low, high;
	struct bc_worker w;

	o->cost(o->count, &low, &high);
	bc_worker_start_as(&w, g, o->uid);
	base = warm_up(g, &w, o);

	bc_eq(bc_call(&w, o->make, o->count), o->count);
	bc_range(bc_held(g) - base, low, high);
	bc_true(bc_maxheld(g) >= base + low);
	bc_call(&w, o->drop, 0);
	bc_held_is(g, base);
	bc_eq(bc_failcnt(g), 0);

	if (o->to_limit) {
		/* Held is above the barrier: none of these is refused there. */
		bc_set_barrier(g, 1);
		bc_eq(bc_call(&w, o->make, o->count), o->count);
		bc_call(&w, o->drop, 0);
		bc_set_barrier(g, BC_MAX);
		bc_held_is(g, base);
	}
	bc_object_refusal(g, &w, o);

	bc_eq(bc_call(&w, o->make, o->count), o->count);
	if (o->persists) {
		bc_call(&w, o->drop, 0);
		if (o->end)
			bc_call(&w, o->end, 0);
	}
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* The name of a cache in sysfs, which is the same for all caches that were merged. */
static void cache_id(const char *cache, char *id, size_t size)
{
	char path[128];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s", cache);
	n = readlink(path, id, size - 1);
	if (n < 0)
		n = snprintf(id, size, "%s", cache);
	id[n] = '\0';
}

long bc_objects_of(const struct bc_group *g, const char *cache)
{
	char buf[16384], name[64], id[128], other[128], *line, *rest = buf;
	long sum = 0, n;

	if (bc_slurp(g, "bc.what", buf, sizeof(buf)) < 0)
		bc_skip("no bc.what: %s", strerror(errno));
	cache_id(cache, id, sizeof(id));
	while ((line = strsep(&rest, "\n"))) {
		if (sscanf(line, "slab %63s objects=%ld", name, &n) != 2)
			continue;
		cache_id(name, other, sizeof(other));
		if (!strcmp(id, other))
			sum += n;
	}
	return sum;
}

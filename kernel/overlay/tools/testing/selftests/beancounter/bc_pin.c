// SPDX-License-Identifier: GPL-2.0-only
/*
 * Something that pins memory is tested each time in a group of its own. With
 * room for the pages that it adds, it succeeds and adds them until it is
 * undone. With room for a page less it fails with the right error, the refusal
 * is counted, and nothing of it stays. The same holds for a user who has to
 * keep within RLIMIT_MEMLOCK. The charge stays with the group that asked for
 * the pin.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bc_pin.h"

#define WIDE 1024 /* pages: a limit that is not in the way */

char *bc_pin_area;

long bc_pin_map(long n)
{
	char *p;

	if (bc_pin_area)
		return 0;
	p = mmap(NULL, bc_bytes(n), BC_RW, BC_ANON | MAP_POPULATE, -1, 0);
	if (p == MAP_FAILED)
		return -1;
	bc_pin_area = p;
	return 0;
}

/* Takes away the right to lock more than so many pages. */
static long lose_right(long pages)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];
	struct rlimit lock = { bc_bytes(pages), bc_bytes(pages) };

	if (setrlimit(RLIMIT_MEMLOCK, &lock) ||
	    syscall(SYS_capget, &head, data))
		return -1;
	data[0].effective &= ~(1U << CAP_IPC_LOCK);
	data[0].permitted &= ~(1U << CAP_IPC_LOCK);
	return syscall(SYS_capset, &head, data);
}

/* Starts a worker, with @limit unless that is 0. Returns what is held then. */
static long long start(struct bc_worker *w, const struct bc_group *g,
		       const struct bc_pin_kind *k, long limit)
{
	bc_worker_start(w, g);
	if (limit && bc_call(w, lose_right, limit))
		bc_fail(__FILE__, __LINE__, "capset: %s", strerror(w->error));
	if (bc_call(w, k->prepare, BC_PIN_PAGES) < 0) {
		if (w->error == ENOSYS || w->error == ENOENT ||
		    w->error == ENOTTY)
			bc_skip("not in this kernel: %s", strerror(w->error));
		bc_fail(__FILE__, __LINE__, "prepare: %s", strerror(w->error));
	}
	return bc_held_of(g, BC_LOCKED);
}

static void act(struct bc_worker *w, const struct bc_pin_kind *k)
{
	if (bc_call(w, k->act, BC_PIN_PAGES) < 0)
		bc_fail(__FILE__, __LINE__, "refused: %s", strerror(w->error));
}

static void granted(struct bc_group *g, const struct bc_pin_kind *k, long limit)
{
	struct bc_worker w;
	long long before = start(&w, g, k, limit);

	bc_eq(bc_set_key(g, "bc.barrier", BC_LOCKED, before + k->pages), 0);
	act(&w, k);
	bc_eq(bc_held_of(g, BC_LOCKED), before + k->pages);
	bc_eq(bc_call(&w, k->undo, BC_PIN_PAGES), 0);
	bc_settles(g, BC_LOCKED, 0);
	bc_eq(bc_call(&w, k->prepare, BC_PIN_PAGES), 0);
	act(&w, k);
	bc_eq(bc_held_of(g, BC_LOCKED), before + k->pages);
	bc_eq(bc_resource(g, BC_LOCKED, "failcnt"), 0);
	bc_eq(bc_resource(g, BC_LOCKED, "forced"), 0);
	bc_worker_stop(&w);
	bc_settles(g, BC_LOCKED, 0);
}

static void refused(struct bc_group *g, const struct bc_pin_kind *k, long limit)
{
	struct bc_worker w;
	long long before = start(&w, g, k, limit);
	long pages = k->first ? k->first : k->pages;

	bc_eq(bc_set_key(g, "bc.barrier", BC_LOCKED, before + pages - 1), 0);
	bc_eq(bc_call(&w, k->act, BC_PIN_PAGES), -1);
	bc_eq(w.error, k->error);
	bc_settles(g, BC_LOCKED, k->drops ? 0 : before);
	bc_eq(bc_resource(g, BC_LOCKED, "failcnt"), 1);
	bc_eq(bc_set_key(g, "bc.barrier", BC_LOCKED, BC_MAX), 0);
	act(&w, k);
	bc_worker_stop(&w);
	bc_settles(g, BC_LOCKED, 0);
}

/* Granted by the account, but refused by RLIMIT_MEMLOCK. */
static void undone(struct bc_group *g, const struct bc_pin_kind *k)
{
	struct bc_worker w;
	long long before = start(&w, g, k, k->pages - 1);

	bc_eq(bc_call(&w, k->act, BC_PIN_PAGES), -1);
	bc_settles(g, BC_LOCKED, k->drops ? 0 : before);
	bc_eq(bc_resource(g, BC_LOCKED, "failcnt"), 0);
	bc_worker_stop(&w);
	bc_settles(g, BC_LOCKED, 0);
}

/* The pin is left to a process in another group, which does not pay for it. */
static void inherited(struct bc_group *g, const struct bc_pin_kind *k)
{
	struct bc_group a, b;
	struct bc_worker w;
	long long all;
	long heir;

	bc_group_make(&a, g, "a");
	bc_group_make(&b, g, "b");
	all = start(&w, &a, k, 0) + k->pages;
	act(&w, k);
	heir = bc_call(&w, bc_fork, 0);
	bc_true(heir > 0);
	bc_eq(bc_group_attach(&b, heir), 0);
	bc_worker_stop(&w);
	bc_pause_ms(50);
	bc_eq(bc_held_of(&a, BC_LOCKED), all);
	bc_eq(bc_held_of(&b, BC_LOCKED), 0);
	/* The pin outlives the group that pays for it. */
	bc_eq(bc_group_remove(&a), 0);
	bc_eq(bc_held_of(g, BC_LOCKED), all);
	kill(heir, SIGKILL);
	bc_settles(g, BC_LOCKED, 0);
}

void bc_pin_test(struct bc_group *g, const struct bc_pin_kind *k)
{
	struct bc_group sub;

	if (k->setup)
		k->setup();
	bc_group_make(&sub, g, "granted");
	granted(&sub, k, 0);
	bc_group_make(&sub, g, "granted_user");
	granted(&sub, k, WIDE);
	bc_group_make(&sub, g, "refused");
	refused(&sub, k, 0);
	bc_group_make(&sub, g, "refused_user");
	refused(&sub, k, WIDE);
	bc_group_make(&sub, g, "undone");
	undone(&sub, k);
	if (k->leaves)
		return;
	bc_group_make(&sub, g, "inherited");
	inherited(&sub, k);
}

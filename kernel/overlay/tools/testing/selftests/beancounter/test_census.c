// SPDX-License-Identifier: GPL-2.0-only
/*
 * The census lists what nobody pays for with its callers, finds a hole that was
 * made on purpose, and does not list what a group pays for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bc_jobs.h"

#define CENSUS "/sys/kernel/debug/bc/census"
#define HOLE "bc_census_dig"

static char list[1 << 20];

static void need_census(void)
{
	if (access(CENSUS, R_OK))
		bc_skip("no census: %s", strerror(errno));
}

/* In a group: lets an interrupt make an object meanwhile. */
static long dig(long unused)
{
	(void)unused;
	return bc_write_path(CENSUS, "dig");
}

static long make_events(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (bc_keep_fd(eventfd(0, 0)))
			break;
	}
	return i;
}

static long make_name(long unused)
{
	int fd = open("name", O_CREAT | O_RDWR, 0600);

	(void)unused;
	return fd < 0 ? -1 : close(fd) ?: unlink("name");
}

/* Adds up the lines with @site in them, each of which has to begin with @why. */
static long objects_at(const char *site, const char *why)
{
	char *line, *rest = list, *at;
	long sum = 0;

	bc_true(bc_slurp_path(CENSUS, list, sizeof(list)) > 0);
	while ((line = strsep(&rest, "\n"))) {
		at = strstr(line, " objects=");
		/* The notes of kmemleak about an object are no objects of the test. */
		if (!at || !strstr(line, site) || strstr(line, "kmemleak"))
			continue;
		if (why && strncmp(line, why, strlen(why)))
			bc_fail(__FILE__, __LINE__, "%s", line);
		sum += atol(at + strlen(" objects="));
	}
	return sum;
}

/* The softirq may be left to its thread, which is in no group. */
static bool dig_until_seen(struct bc_worker *w)
{
	int i;

	for (i = 0; i < 100; i++) {
		bc_eq(bc_call(w, dig, 0), 0);
		if (objects_at(HOLE, "interrupt bytes=") == 2)
			return true;
	}
	return false;
}

static void test_hole(struct bc_group *g)
{
	struct bc_worker w;

	need_census();
	bc_worker_start(&w, g);
	bc_eq(bc_write_path(CENSUS, "on"), 0);
	bc_eq(objects_at(HOLE, NULL), 0);
	bc_true(dig_until_seen(&w));
	bc_eq(bc_write_path(CENSUS, "fill"), 0);
	bc_eq(objects_at(HOLE, NULL), 0);

	bc_eq(bc_write_path(CENSUS, "off"), 0);
	bc_eq(bc_call(&w, dig, 0), 0);
	bc_eq(objects_at(HOLE, NULL), 0);
	bc_eq(bc_write_path(CENSUS, "fill"), 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* Objects that are paid for are not listed; exempt ones are, with the reason. */
static void test_paid(struct bc_group *g)
{
	struct bc_worker w;

	need_census();
	bc_tmpfs();
	bc_worker_start(&w, g);
	bc_eq(bc_write_path(CENSUS, "on"), 0);
	bc_eq(bc_call(&w, make_events, 100), 100);
	/*
	 * Vectors of owners are exempt, one for each slab, which has few objects in a
	 * debug kernel. The objects themselves are not: a hundred of each kind.
	 */
	bc_true(objects_at("do_eventfd", NULL) < 50);
	bc_eq(bc_call(&w, make_name, 0), 0);
	bc_call(&w, bc_drop_kept, 0);
	bc_worker_stop(&w);
	bc_eq(bc_write_path(CENSUS, "off"), 0);
	bc_eq(objects_at("hole bytes=", NULL), 0);
	bc_held_is(g, 0);
}

static void test_bad_input(struct bc_group *g)
{
	(void)g;
	need_census();
	bc_eq(bc_write_path(CENSUS, "perhaps"), -EINVAL);
	bc_eq(bc_write_path(CENSUS, "on and on"), -EINVAL);
	bc_eq(bc_write_path(CENSUS, " "), -EINVAL);
}

static const struct bc_case cases[] = {
	{ "hole", test_hole },
	{ "paid", test_paid },
	{ "bad_input", test_bad_input },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

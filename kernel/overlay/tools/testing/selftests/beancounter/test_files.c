// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of a group: which there are, what they say, and who may write to
 * them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bc_jobs.h"

static const char *const all_files[] = {
	"bc.held",    "bc.maxheld",	  "bc.barrier",	  "bc.limit",
	"bc.failcnt", "bc.failcnt.local", "bc.resources",
};

static const char *const flat_files[] = {
	"bc.held",  "bc.maxheld", "bc.barrier",
	"bc.limit", "bc.failcnt", "bc.failcnt.local",
};

static const char *const fixed_files[] = {
	"bc.held",
	"bc.failcnt",
	"bc.failcnt.local",
	"bc.resources",
};

/* Each line is "word number", no resource comes twice, and kmemsize is there. */
static void check_flat(const struct bc_group *g, const char *file)
{
	char buf[4096], name[64], value[64], seen[2048] = " ", *line,
					     *save = NULL;
	bool kmem = false;
	int end;

	bc_true(bc_slurp(g, file, buf, sizeof(buf)) > 0);
	bc_eq(buf[strlen(buf) - 1], '\n');
	for (line = strtok_r(buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char word[80];

		end = -1;
		if (sscanf(line, "%63[a-z] %63[0-9max]%n", name, value, &end) !=
			    2 ||
		    line[end])
			bc_fail(__FILE__, __LINE__, "%s: \"%s\"", file, line);
		snprintf(word, sizeof(word), " %s ", name);
		if (strstr(seen, word))
			bc_fail(__FILE__, __LINE__, "%s: %s twice", file, name);
		strcat(seen, word + 1);
		if (strspn(value, "0123456789") != strlen(value))
			bc_true(!strcmp(value, "max"));
		kmem |= !strcmp(name, BC_KMEM);
	}
	bc_true(kmem);
}

static void test_flat_format(struct bc_group *g)
{
	size_t i;

	for (i = 0; i < BC_COUNT(flat_files); i++)
		check_flat(g, flat_files[i]);
}

/* All resources of the flat files, in the same order, with all the fields. */
static void test_nested_format(struct bc_group *g)
{
	static const char *const fields[] = {
		"held", "maxheld", "barrier", "limit", "failcnt", "forced",
	};
	char nested[4096], flat[4096], *a, *b, *sa = NULL, *sb = NULL;
	size_t i, n;

	bc_true(bc_slurp(g, "bc.resources", nested, sizeof(nested)) > 0);
	bc_true(bc_slurp(g, "bc.held", flat, sizeof(flat)) > 0);
	a = strtok_r(nested, "\n", &sa);
	b = strtok_r(flat, "\n", &sb);
	for (; a && b;
	     a = strtok_r(NULL, "\n", &sa), b = strtok_r(NULL, "\n", &sb)) {
		n = strcspn(b, " ");
		if (strncmp(a, b, n + 1))
			bc_fail(__FILE__, __LINE__, "\"%s\" beside \"%s\"", a,
				b);
		a += n;
		for (i = 0; i < BC_COUNT(fields); i++) {
			char want[32];

			n = snprintf(want, sizeof(want), " %s=", fields[i]);
			if (strncmp(a, want, n))
				bc_fail(__FILE__, __LINE__, "no %s in \"%s\"",
					want, a);
			a += n;
			n = strspn(a, "0123456789max");
			bc_true(n > 0);
			a += n;
		}
		bc_eq(*a, 0);
	}
	bc_true(!a && !b);
}

static void test_defaults(struct bc_group *g)
{
	bc_eq(bc_held(g), 0);
	bc_eq(bc_maxheld(g), 0);
	bc_eq(bc_read_key(g, "bc.barrier", BC_KMEM), BC_MAX);
	bc_eq(bc_read_key(g, "bc.limit", BC_KMEM), BC_MAX);
	bc_eq(bc_failcnt(g), 0);
	bc_eq(bc_failcnt_local(g), 0);
	bc_eq(bc_resource(g, BC_KMEM, "held"), 0);
	bc_eq(bc_resource(g, BC_KMEM, "maxheld"), 0);
	bc_eq(bc_resource(g, BC_KMEM, "barrier"), BC_MAX);
	bc_eq(bc_resource(g, BC_KMEM, "limit"), BC_MAX);
	bc_eq(bc_resource(g, BC_KMEM, "failcnt"), 0);
	bc_eq(bc_resource(g, BC_KMEM, "forced"), 0);
}

/*
 * The controller is implicit: its files are there without subtree_control, but
 * not in the root.
 */
static void test_implicit(struct bc_group *g)
{
	struct bc_group root, sub;
	struct stat st;
	char path[384], buf[256];
	size_t i;

	snprintf(root.path, sizeof(root.path), "%s", bc_root());
	bc_group_make(&sub, g, "sub");
	for (i = 0; i < BC_COUNT(all_files); i++) {
		snprintf(path, sizeof(path), "%s/%s", root.path, all_files[i]);
		bc_true(stat(path, &st) && errno == ENOENT);
		snprintf(path, sizeof(path), "%s/%s", sub.path, all_files[i]);
		bc_sys(stat(path, &st));
	}
	bc_slurp(&root, "cgroup.controllers", buf, sizeof(buf));
	bc_true(!strstr(buf, " bc ") && strncmp(buf, "bc ", 3));
}

static void test_modes(struct bc_group *g)
{
	struct stat st;
	char path[384];
	size_t i;

	for (i = 0; i < BC_COUNT(all_files); i++) {
		int mode = 0444;

		snprintf(path, sizeof(path), "%s/%s", g->path, all_files[i]);
		bc_sys(stat(path, &st));
		if (!strcmp(all_files[i], "bc.maxheld") || i == 2 || i == 3)
			mode = 0644;
		if ((st.st_mode & 0777) != (mode_t)mode)
			bc_fail(__FILE__, __LINE__, "%s is %o", all_files[i],
				st.st_mode & 0777);
	}
}

/* Files that only report take no value, not even from root. */
static void test_read_only(struct bc_group *g)
{
	size_t i;

	for (i = 0; i < BC_COUNT(fixed_files); i++) {
		int err = bc_write(g, fixed_files[i], "kmemsize 0\n");

		if (err != -EACCES && err != -EPERM && err != -EINVAL)
			bc_fail(__FILE__, __LINE__, "%s took a write: %d",
				fixed_files[i], err);
	}
}

/* A write sets maxheld back to held, and to nothing else. */
static void test_maxheld(struct bc_group *g)
{
	static const char *const bad[] = {
		"kmemsize 1\n",
		"kmemsize max\n",
		"kmemsize -0\n",
		"kmemsize\n",
		"",
		"nosuch 0\n",
		"kmemsize 0\nkmemsize 1\n",
		"kmemsize 0x\n",
		"0\n",
	};
	long long peak, base;
	struct bc_worker w;
	size_t i;

	base = bc_start_warm(&w, g, 300);
	bc_call(&w, bc_open_null, 300);
	peak = bc_held(g);
	bc_call(&w, bc_drop_kept, 0);
	bc_held_is(g, base);
	bc_true(bc_maxheld(g) >= peak);
	for (i = 0; i < BC_COUNT(bad); i++) {
		int err = bc_write(g, "bc.maxheld", bad[i]);

		if (err != -EINVAL && !(!err && !bad[i][0]))
			bc_fail(__FILE__, __LINE__, "\"%s\" gives %d", bad[i],
				err);
		bc_true(bc_maxheld(g) >= peak);
	}
	bc_reset_maxheld(g);
	bc_eq(bc_maxheld(g), bc_held(g));
	bc_worker_stop(&w);
}

static const struct bc_case cases[] = {
	{ "flat_format", test_flat_format },
	{ "nested_format", test_nested_format },
	{ "defaults", test_defaults },
	{ "implicit", test_implicit },
	{ "modes", test_modes },
	{ "read_only", test_read_only },
	{ "maxheld", test_maxheld },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

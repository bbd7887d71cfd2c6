// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of a group: what they say, what they take and what they do not.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bc_util.h"

static const char *const all_files[] = {
	"bc.held",    "bc.maxheld",	  "bc.barrier",	  "bc.limit",
	"bc.failcnt", "bc.failcnt.local", "bc.resources",
};

static const char *const flat_files[] = {
	"bc.held",  "bc.maxheld", "bc.barrier",
	"bc.limit", "bc.failcnt", "bc.failcnt.local",
};

static const char *const bound_files[] = { "bc.barrier", "bc.limit" };

static const char *const fixed_files[] = {
	"bc.held",
	"bc.failcnt",
	"bc.failcnt.local",
	"bc.resources",
};

/* One line for a resource: "word number", no resource twice, kmemsize there. */
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

/* Implicit: there without a word in subtree_control, not there for the root. */
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

/* What only reports does not take a value, not even root's. */
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

struct good {
	const char *text;
	long long value;
};

static void test_values(struct bc_group *g)
{
	static const struct good good[] = {
		{ "kmemsize 0\n", 0 },
		{ "kmemsize 1\n", 1 },
		{ "kmemsize 12345678", 12345678 },
		{ "kmemsize 4K\n", 4 * BC_KIB },
		{ "kmemsize 4k\n", 4 * BC_KIB },
		{ "kmemsize 16M", 16 * BC_MIB },
		{ "kmemsize 2G\n", 2048 * BC_MIB },
		{ "kmemsize 3T\n", 3 * BC_MIB * BC_MIB },
		{ "kmemsize max\n", BC_MAX },
	};
	size_t f, i;

	for (f = 0; f < BC_COUNT(bound_files); f++) {
		for (i = 0; i < BC_COUNT(good); i++) {
			int err = bc_write(g, bound_files[f], good[i].text);

			if (err)
				bc_fail(__FILE__, __LINE__, "\"%s\" to %s: %s",
					good[i].text, bound_files[f],
					strerror(-err));
			bc_eq(bc_read_key(g, bound_files[f], BC_KMEM),
			      good[i].value);
		}
		bc_set_key(g, bound_files[f], BC_KMEM, BC_MAX);
	}
}

/* Decimal: a leading zero is none, or it is refused; it does not make octal. */
static void test_leading_zero(struct bc_group *g)
{
	int err = bc_write(g, "bc.barrier", "kmemsize 0100\n");

	if (err)
		bc_eq(err, -EINVAL);
	else
		bc_eq(bc_read_key(g, "bc.barrier", BC_KMEM), 100);
}

static const char *const bad_values[] = {
	"",
	"\n",
	" ",
	"\n\n",
	"kmemsize",
	"kmemsize\n",
	"kmemsize \n",
	"kmemsize  \n",
	"4096\n",
	"max\n",
	"kmemsiz 1\n",
	"kmemsizes 1\n",
	"KMEMSIZE 1\n",
	"nosuch 1\n",
	"kmemsize -1\n",
	"kmemsize +1\n",
	"kmemsize 1 2\n",
	"kmemsize 1x\n",
	"kmemsize 0x10\n",
	"kmemsize 0x10z\n",
	"kmemsize 12KB\n",
	"kmemsize 4KK\n",
	"kmemsize K\n",
	"kmemsize 1.5M\n",
	"kmemsize maxi\n",
	"kmemsize ma\n",
	"kmemsize MAX\n",
	"kmemsize max max\n",
	"kmemsize=1\n",
	"kmemsize:1\n",
	"kmemsize,1\n",
	"kmemsize 9223372036854775808\n",
	"kmemsize 18446744073709551615\n",
	"kmemsize 18446744073709551616\n",
	"kmemsize 18446744073709551617\n",
	"kmemsize 99999999999999999999999999\n",
	"kmemsize 16777216T\n",
	"kmemsize 9007199254740992K\n",
	"kmemsize 18014398509481985K\n",
	"kmemsize infinity\n",
	"kmemsize \t\n",
	"kmemsize 8192\nkmemsize 4096\n",
	"kmemsize 8192\nkmemsize 8192\n",
	"kmemsize 1\nkmemsize\n",
	"kmemsize 1\nnosuch 1\n",
	"nosuch 1\nkmemsize 1\n",
	"kmemsize 1\nkmemsize -1\n",
	"kmemsize 1\nkmemsize 1x\nkmemsize 2\n",
	"kmemsize 1 kmemsize 2\n",
};

/* Refused, and nothing of it done, also not the lines that are right. */
static void check_bad(struct bc_group *g, const char *file, const void *buf,
		      size_t len, const char *what)
{
	char before[4096], after[4096];
	int err;

	bc_slurp(g, "bc.resources", before, sizeof(before));
	err = bc_write_raw(g, file, buf, len);
	bc_slurp(g, "bc.resources", after, sizeof(after));
	if (err != -EINVAL && !(!len && !err) &&
	    !(len > 4000 && (err == -E2BIG || err == -ENOSPC)))
		bc_fail(__FILE__, __LINE__, "%s to %s: %d", what, file, err);
	if (strcmp(before, after))
		bc_fail(__FILE__, __LINE__, "%s has changed something: %s",
			what, after);
}

static void test_bad_values(struct bc_group *g)
{
	size_t f, i;

	bc_set_barrier(g, 64 * BC_MIB);
	bc_set_limit(g, 65 * BC_MIB);
	for (f = 0; f < BC_COUNT(bound_files); f++) {
		for (i = 0; i < BC_COUNT(bad_values); i++)
			check_bad(g, bound_files[f], bad_values[i],
				  strlen(bad_values[i]), bad_values[i]);
	}
}

/* NUL bytes, bytes above 127, and far too much. */
static void test_bad_bytes(struct bc_group *g)
{
	static const char nul_end[] = "kmemsize 1\0", nul_mid[] = "kmemsize 1\0"
								  "2\n";
	static const char nul_lines[] = "kmemsize 1\n\0kmemsize x\n";
	static const char high[] = "kmemsize \xff\xfe\n", nuls[16];
	static char big[1 << 20];
	size_t f, i;

	bc_set_barrier(g, 64 * BC_MIB);
	bc_set_limit(g, 65 * BC_MIB);
	for (f = 0; f < BC_COUNT(bound_files); f++) {
		const char *file = bound_files[f];

		check_bad(g, file, nul_end, sizeof(nul_end),
			  "a NUL at the end");
		check_bad(g, file, nul_mid, sizeof(nul_mid) - 1,
			  "a NUL inside");
		check_bad(g, file, nul_lines, sizeof(nul_lines) - 1,
			  "a NUL between");
		check_bad(g, file, high, sizeof(high) - 1, "bytes above 127");
		check_bad(g, file, nuls, sizeof(nuls), "nothing but NULs");
		memset(big, 'a', sizeof(big));
		check_bad(g, file, big, sizeof(big), "1 MiB of a");
		for (i = 0; i + 11 <= sizeof(big); i += 11)
			memcpy(big + i, "kmemsize 1\n", 11);
		check_bad(g, file, big, i, "1 MiB of good lines");
		memset(big, '\n', sizeof(big));
		check_bad(g, file, big, sizeof(big), "1 MiB of newlines");
	}
}

/* maxheld goes back to held, and nowhere else. */
static int null_fd[300];

static long take(long n)
{
	while (n-- > 0)
		null_fd[n] = open("/dev/null", O_RDONLY);
	return 0;
}

static long give(long n)
{
	while (n-- > 0)
		close(null_fd[n]);
	return 0;
}

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

	bc_sys(open("/dev/null", O_RDONLY));
	bc_worker_start(&w, g);
	bc_call(&w, take, 300);
	bc_call(&w, give, 300);
	base = bc_rest(g);
	bc_call(&w, take, 300);
	peak = bc_held(g);
	bc_call(&w, give, 300);
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

/* Many write at once: one of the values is there, never a mixture of two. */
static struct bc_group *shared;

static void *write_often(void *arg)
{
	long me = (long)arg, i;

	for (i = 0; i < 200; i++) {
		if (bc_set_key(shared, me & 1 ? "bc.limit" : "bc.barrier",
			       BC_KMEM, (100 + me) * 1000000))
			return (void *)1;
	}
	return NULL;
}

static void test_concurrent(struct bc_group *g)
{
	pthread_t t[16];
	void *bad;
	size_t i;

	shared = g;
	for (i = 0; i < BC_COUNT(t); i++)
		bc_eq(pthread_create(&t[i], NULL, write_often, (void *)i), 0);
	for (i = 0; i < 300; i++) {
		long long v = bc_read_key(g, "bc.barrier", BC_KMEM);

		if (v != BC_MAX &&
		    (v % 1000000 || v < 100000000 || v > 116000000))
			bc_fail(__FILE__, __LINE__, "the barrier was %lld", v);
	}
	for (i = 0; i < BC_COUNT(t); i++) {
		pthread_join(t[i], &bad);
		bc_true(!bad);
	}
}

static const struct bc_case cases[] = {
	{ "flat_format", test_flat_format },
	{ "nested_format", test_nested_format },
	{ "defaults", test_defaults },
	{ "implicit", test_implicit },
	{ "modes", test_modes },
	{ "read_only", test_read_only },
	{ "values", test_values },
	{ "leading_zero", test_leading_zero },
	{ "bad_values", test_bad_values },
	{ "bad_bytes", test_bad_bytes },
	{ "maxheld", test_maxheld },
	{ "concurrent_writes", test_concurrent },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

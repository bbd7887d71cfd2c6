// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing to bc.barrier and bc.limit: what is accepted; and that a write that
 * is not accepted changes nothing at all.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "bc_util.h"

static const char *const bound_files[] = { "bc.barrier", "bc.limit" };

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

/* For programs that keep one line for each file. */
static void test_one_line(struct bc_group *g)
{
	static const char *const texts[] = {
		"kmemsize 4M numproc 20",
		"numproc\t20 \t kmemsize 4M\n",
		"numproc 20\nkmemsize 4M numfile 7\n",
	};
	size_t f, i;

	for (f = 0; f < BC_COUNT(bound_files); f++)
		for (i = 0; i < BC_COUNT(texts); i++) {
			bc_eq(bc_write(g, bound_files[f],
				       "kmemsize max numproc max numfile 7"),
			      0);
			bc_eq(bc_write(g, bound_files[f], texts[i]), 0);
			bc_eq(bc_read_key(g, bound_files[f], BC_KMEM),
			      4 * BC_MIB);
			bc_eq(bc_read_key(g, bound_files[f], "numproc"), 20);
			bc_eq(bc_read_key(g, bound_files[f], "numfile"), 7);
		}
}

/* Numbers are decimal: a leading zero is ignored or refused, and never means octal. */
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
	"kmemsize 1 numproc\n",
	"kmemsize 1 numproc -1\n",
	"kmemsize 1 numproc 1K\n",
	"kmemsize 1 nosuch 1\n",
	"nosuch 1 kmemsize 1\n",
	"kmemsize 1, numproc 2\n",
	"kmemsize 1 numproc 2 3\n",
	"kmemsize 1 numproc 2\nkmemsize 1\n",
};

/* The write is refused, and nothing of it is done, not even its correct lines. */
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

/* Many tasks write at once: one of the values is there, never a mixture of two. */
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
	{ "values", test_values },
	{ "one_line", test_one_line },
	{ "leading_zero", test_leading_zero },
	{ "bad_values", test_bad_values },
	{ "bad_bytes", test_bad_bytes },
	{ "concurrent_writes", test_concurrent },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

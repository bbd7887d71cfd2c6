// SPDX-License-Identifier: GPL-2.0-only
/*
 * Setting limits: which files are written, in which order, and what happens
 * when a write fails. __wrap_group_file_write() receives the writes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "unit.h"

int __wrap_group_file_write(int fd, const char *text);

static struct {
	char log[4096];
	int writes, fail_at, fail_undo;
} fake;

int __wrap_group_file_write(int fd, const char *text)
{
	char link[64], path[4096], *name;
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	assert_true(len > 0);
	path[len] = '\0';
	name = strrchr(path, '/') + 1;
	snprintf(fake.log + strlen(fake.log),
		 sizeof(fake.log) - strlen(fake.log), "%s: %s", name, text);
	fake.writes++;
	if (fake.writes == fake.fail_at)
		return -EINVAL;
	if (fake.fail_at && fake.writes > fake.fail_at && fake.fail_undo)
		return -EIO;
	return 0;
}

/* A group that may be written, because its directory is not below a sysroot. */
static struct libbc_group *group(void)
{
	struct libbc_group *found = NULL;
	char path[4096];
	int dir;

	snprintf(path, sizeof(path), "%s/farm/sys/fs/cgroup two", MACHINES);
	dir = open(path, O_PATH | O_DIRECTORY);
	assert_true(dir >= 0);
	assert_int_equal(group_at(dir, "web", "/web", false, &found), 0);
	close(dir);
	memset(&fake, 0, sizeof(fake));
	return found;
}

struct wish {
	const char *name;
	enum libbc_field field;
	uint64_t value;
};

static int apply(const struct libbc_group *to, const struct wish *wishes,
		 size_t count)
{
	struct libbc_settings *settings;
	int ret = libbc_settings_new(&settings);
	size_t i;

	for (i = 0; i < count && !ret; i++)
		ret = libbc_settings_add(settings, wishes[i].name,
					 wishes[i].field, wishes[i].value);
	if (!ret)
		ret = libbc_settings_apply(settings, to);
	libbc_settings_free(settings);
	return ret;
}

/* kmemsize is 16777216:18874368, privvmpages 65536:69632, numproc 240:240 */
static const struct wish all_three[] = {
	{ "kmemsize", LIBBC_BARRIER, 20000000 },
	{ "kmemsize", LIBBC_LIMIT, 21000000 },
	{ "privvmpages", LIBBC_BARRIER, 1000 },
	{ "privvmpages", LIBBC_LIMIT, 2000 },
	{ "numproc", LIBBC_LIMIT, LIBBC_MAX },
};

static void test_order(void **state)
{
	struct libbc_group *to = group();

	(void)state;
	assert_int_equal(apply(to, all_three, 5), 0);
	assert_string_equal(fake.log,
			    "bc.limit: kmemsize 21000000\nnumproc max\n"
			    "bc.barrier: kmemsize 20000000\nprivvmpages 1000\n"
			    "bc.limit: privvmpages 2000\n");
	libbc_group_close(to);
}

static void test_undo(void **state)
{
	struct libbc_group *to = group();

	(void)state;
	fake.fail_at = 3;
	assert_int_equal(apply(to, all_three, 5), -EINVAL);
	assert_string_equal(fake.log,
			    "bc.limit: kmemsize 21000000\nnumproc max\n"
			    "bc.barrier: kmemsize 20000000\nprivvmpages 1000\n"
			    "bc.limit: privvmpages 2000\n"
			    "bc.barrier: kmemsize 16777216\nprivvmpages 65536\n"
			    "bc.limit: kmemsize 18874368\nnumproc 240\n");
	memset(&fake, 0, sizeof(fake));
	fake.fail_at = 1;
	assert_int_equal(apply(to, all_three, 5), -EINVAL);
	assert_int_equal(fake.writes, 1);
	memset(&fake, 0, sizeof(fake));
	fake.fail_at = 2;
	fake.fail_undo = 1;
	assert_int_equal(apply(to, all_three, 5), -ENOTRECOVERABLE);
	libbc_group_close(to);
}

static void test_checked_before(void **state)
{
	static const struct wish unknown[] = {
		{ "kmemsize", LIBBC_BARRIER, 1 },
		{ "nothing", LIBBC_BARRIER, 1 },
	};
	static const struct wish twice[] = {
		{ "kmemsize", LIBBC_BARRIER, 1 },
		{ "kmemsize", LIBBC_BARRIER, 2 },
	};
	static const struct wish held[] = { { "kmemsize", LIBBC_HELD, 1 } };
	static const struct wish lines[] = { { "a 1\nkmemsize", LIBBC_BARRIER,
					       1 } };
	static const struct wish large[] = { { "kmemsize", LIBBC_BARRIER,
					       1ull << 63 } };
	static const struct wish same[] = { { "kmemsize", LIBBC_BARRIER,
					      16777216 } };
	struct libbc_group *to = group();

	(void)state;
	assert_int_equal(apply(to, unknown, 2), -ENXIO);
	assert_int_equal(apply(to, twice, 2), -EEXIST);
	assert_int_equal(apply(to, held, 1), -EINVAL);
	assert_int_equal(apply(to, lines, 1), -EINVAL);
	assert_int_equal(apply(to, large, 1), -EINVAL);
	assert_int_equal(apply(to, same, 1), 0);
	assert_int_equal(apply(to, NULL, 0), 0);
	assert_int_equal(fake.writes, 0);
	libbc_group_close(to);
}

static void test_reset(void **state)
{
	static const char *const names[] = { "numproc", "kmemsize" };
	struct libbc_group *to = group();

	(void)state;
	assert_int_equal(libbc_maxheld_reset(to, names, 2), 0);
	assert_string_equal(fake.log, "bc.maxheld: numproc 0\nkmemsize 0\n");
	fake.log[0] = '\0';
	assert_int_equal(libbc_maxheld_reset(to, NULL, 0), 0);
	assert_string_equal(fake.log,
			    "bc.maxheld: kmemsize 0\nprivvmpages 0\nnumproc 0\n"
			    "numwidget 0\n");
	libbc_group_close(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_undo),
		cmocka_unit_test(test_checked_before),
		cmocka_unit_test(test_reset),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups, their accounts and the tree, on copies of machines.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

static struct libbc_host *machine(const char *name)
{
	struct libbc_host *host = NULL;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", MACHINES, name);
	assert_int_equal(libbc_host_open(path, &host), 0);
	return host;
}

static void test_controller(void **state)
{
	static const struct {
		const char *name;
		int expected;
	} machines[] = {
		{ "farm", LIBBC_CONTROLLER_PRESENT },
		{ "none", LIBBC_CONTROLLER_ABSENT },
		{ "disabled", LIBBC_CONTROLLER_DISABLED },
	};
	struct libbc_host *host;
	char path[4096];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(machines) / sizeof(*machines); i++) {
		host = machine(machines[i].name);
		assert_int_equal(libbc_host_controller(host),
				 machines[i].expected);
		libbc_host_close(host);
	}
	snprintf(path, sizeof(path), "%s/v1", MACHINES);
	assert_int_equal(libbc_host_open(path, &host), -ENOENT);
	assert_int_equal(libbc_host_open("/nonexistent", &host), -ENOENT);
	libbc_host_close(NULL);
}

static void check_group(const struct libbc_host *host, const char *name,
			const char *path)
{
	struct libbc_group *group = NULL, *same = NULL;

	assert_int_equal(libbc_group_open(host, name, &group), 0);
	assert_string_equal(libbc_group_path(group), path);
	assert_int_equal(
		libbc_group_open_id(host, libbc_group_id(group), &same), 0);
	assert_string_equal(libbc_group_path(same), path);
	libbc_group_close(group);
	libbc_group_close(same);
}

static void test_group(void **state)
{
	struct libbc_host *host = machine("farm");
	struct libbc_group *group;
	char whole[5000];

	(void)state;
	check_group(host, "/", "/");
	check_group(host, "web", "/web");
	check_group(host, "//web//./job/", "/web/job");
	snprintf(whole, sizeof(whole), "%s/web", libbc_host_mount(host));
	check_group(host, whole, "/web");
	check_group(host, libbc_host_mount(host), "/");
	assert_int_equal(libbc_group_open(host, "/nope", &group), -ENOENT);
	assert_int_equal(libbc_group_open(host, "/web/../db", &group), -EINVAL);
	assert_int_equal(libbc_group_open(host, "/web/bc.held", &group),
			 -ENOTDIR);
	assert_int_equal(libbc_group_open_id(host, 1ull << 60, &group),
			 -ENODEV);
	assert_int_equal(libbc_group_open_pid(host, 4711, &group), 0);
	assert_string_equal(libbc_group_path(group), "/db");
	libbc_group_close(group);
	assert_int_equal(libbc_group_open_pid(host, 0, &group), 0);
	assert_string_equal(libbc_group_path(group), "/web/job");
	libbc_group_close(group);
	assert_int_equal(libbc_group_open_pid(host, 4712, &group), -ENODEV);
	assert_int_equal(libbc_group_open_pid(host, 1, &group), -ESRCH);
	assert_int_equal(libbc_group_open_pid(host, -1, &group), -EINVAL);
	libbc_host_close(host);
}

static void test_account(void **state)
{
	struct libbc_host *host = machine("farm");
	const struct libbc_resource *resource;
	struct libbc_account *account;
	struct libbc_group *group;

	(void)state;
	assert_int_equal(libbc_group_open(host, "/web/job", &group), 0);
	assert_int_equal(libbc_account_read(group, 0x80, &account), -EINVAL);
	assert_int_equal(libbc_account_read(group, 0, &account), 0);
	assert_int_equal(libbc_account_count(account), 4);
	resource = libbc_account_find(account, "kmemsize");
	assert_false(libbc_resource_has(resource, LIBBC_FAILCNT_LOCAL));
	libbc_account_free(account);
	assert_int_equal(libbc_account_read(group, LIBBC_READ_LOCAL, &account),
			 0);
	resource = libbc_account_find(account, "numproc");
	assert_int_equal(libbc_resource_value(resource, LIBBC_FAILCNT_LOCAL),
			 3);
	libbc_account_free(account);
	libbc_group_close(group);
	assert_int_equal(libbc_group_open(host, "/", &group), 0);
	assert_int_equal(libbc_account_read(group, 0, &account), -EOPNOTSUPP);
	libbc_group_close(group);
	libbc_host_close(host);
	host = machine("broken");
	assert_int_equal(libbc_group_open(host, "/a", &group), 0);
	assert_int_equal(libbc_account_read(group, 0, &account), -EBADMSG);
	libbc_group_close(group);
	libbc_host_close(host);
}

static void test_captured_is_not_written(void **state)
{
	struct libbc_host *host = machine("farm");
	static const char *const unknown[] = { "nothing" };
	struct libbc_settings *settings;
	struct libbc_group *group;

	(void)state;
	assert_int_equal(libbc_group_open(host, "/web", &group), 0);
	assert_int_equal(libbc_settings_new(&settings), 0);
	assert_int_equal(
		libbc_settings_add(settings, "kmemsize", LIBBC_BARRIER, 1), 0);
	assert_int_equal(libbc_settings_apply(settings, group), -EROFS);
	assert_int_equal(libbc_maxheld_reset(group, NULL, 0), -EROFS);
	assert_int_equal(libbc_maxheld_reset(group, unknown, 1), -ENXIO);
	libbc_settings_free(settings);
	libbc_group_close(group);
	libbc_host_close(host);
}

static void test_walk(void **state)
{
	static const char *const expected[] = {
		"0 /",
		"1 /db",
		"1 /quiet",
		"2 /quiet/deep",
		"3 /quiet/deep/\"odd\\name\"",
		"1 /web",
		"2 /web/job",
	};
	struct libbc_host *host = machine("farm");
	struct libbc_group *group;
	struct libbc_walk *walk;
	char line[4096];
	size_t i;

	(void)state;
	assert_int_equal(libbc_group_open(host, "/", &group), 0);
	assert_int_equal(libbc_walk_open(group, &walk), 0);
	libbc_group_close(group);
	for (i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		assert_int_equal(libbc_walk_next(walk, &group), 1);
		snprintf(line, sizeof(line), "%zu %s", libbc_walk_depth(walk),
			 libbc_group_path(group));
		assert_string_equal(line, expected[i]);
		libbc_group_close(group);
	}
	assert_int_equal(libbc_walk_next(walk, &group), 0);
	assert_int_equal(libbc_walk_next(walk, &group), 0);
	libbc_walk_close(walk);
	/* A walk that ends in the middle. */
	assert_int_equal(libbc_group_open(host, "/quiet", &group), 0);
	assert_int_equal(libbc_walk_open(group, &walk), 0);
	libbc_group_close(group);
	assert_int_equal(libbc_walk_next(walk, &group), 1);
	libbc_group_close(group);
	libbc_walk_close(walk);
	libbc_host_close(host);
}

static void test_events(void **state)
{
	struct libbc_host *host = machine("farm");
	struct libbc_events *events;
	struct libbc_group *group;
	uint64_t refusals;
	const char *name;
	char path[5000];
	FILE *file;

	(void)state;
	assert_int_equal(libbc_group_open(host, "/db", &group), 0);
	assert_int_equal(libbc_events_open(group, 0x80, &events), -EINVAL);
	assert_int_equal(libbc_events_open(group, 0, &events), 0);
	assert_true(libbc_events_fd(events) >= 0);
	assert_int_equal(libbc_events_next(events, &name, &refusals), 0);
	snprintf(path, sizeof(path), "%s/db/bc.failcnt",
		 libbc_host_mount(host));
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("kmemsize 2\nprivvmpages 0\nnumproc 5\nnumwidget 0\n", file);
	fclose(file);
	assert_int_equal(libbc_events_next(events, &name, &refusals), 1);
	assert_string_equal(name, "kmemsize");
	assert_int_equal(refusals, 2);
	assert_int_equal(libbc_events_next(events, &name, &refusals), 1);
	assert_string_equal(name, "numproc");
	assert_int_equal(refusals, 5);
	assert_int_equal(libbc_events_next(events, &name, &refusals), 0);
	assert_int_equal(libbc_events_next(events, &name, &refusals), 0);
	libbc_events_close(events);
	libbc_group_close(group);
	libbc_host_close(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_controller),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_account),
		cmocka_unit_test(test_captured_is_not_written),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_events),
	};

	return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parsing the kernel's files, and texts that only look like them.
 */
#include <errno.h>
#include <string.h>

#include "unit.h"

static int parse(const char *text, struct libbc_account **account)
{
	return libbc_account_parse(text, strlen(text), account);
}

static void test_resources(void **state)
{
	static const char text[] =
		"kmemsize held=1 maxheld=18446744073709551615 barrier=16777216 limit=max failcnt=5 forced=6\n"
		"numfile held=7 later=what? maxheld=8\n";
	const struct libbc_resource *r;
	struct libbc_account *account;

	(void)state;
	assert_int_equal(parse(text, &account), 0);
	assert_int_equal(libbc_account_count(account), 2);
	r = libbc_account_find(account, "kmemsize");
	assert_ptr_equal(r, libbc_account_get(account, 0));
	assert_int_equal(libbc_resource_value(r, LIBBC_HELD), 1);
	assert_true(libbc_resource_value(r, LIBBC_MAXHELD) == UINT64_MAX);
	assert_int_equal(libbc_resource_value(r, LIBBC_BARRIER), 16777216);
	assert_true(libbc_resource_value(r, LIBBC_LIMIT) == LIBBC_MAX);
	assert_int_equal(libbc_resource_value(r, LIBBC_FAILCNT), 5);
	assert_int_equal(libbc_resource_value(r, LIBBC_FORCED), 6);
	assert_int_equal(libbc_resource_unit(r), LIBBC_BYTES);
	r = libbc_account_get(account, 1);
	assert_string_equal(libbc_resource_name(r), "numfile");
	assert_int_equal(libbc_resource_unit(r), LIBBC_ITEMS);
	assert_true(libbc_resource_has(r, LIBBC_MAXHELD));
	assert_false(libbc_resource_has(r, LIBBC_BARRIER));
	assert_null(libbc_account_get(account, 2));
	assert_null(libbc_account_find(account, "kmem"));
	assert_null(libbc_account_find(account, "kmemsizes"));
	libbc_account_free(account);
}

static void test_resources_malformed(void **state)
{
	static const char *const wrong[] = {
		"\n",
		"held=1\n",
		"kmemsize held\n",
		"kmemsize =1\n",
		"kmemsize held=\n",
		"kmemsize held=-1\n",
		"kmemsize held=1x\n",
		"kmemsize held=18446744073709551616\n",
		"kmemsize held=1 held=2\n",
		"kmemsize held=1\nkmemsize held=2\n",
		"kmemsize held=maximum\n",
	};
	struct libbc_account *account;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(parse(wrong[i], &account), -EBADMSG);
	assert_int_equal(libbc_account_parse("a\0b held=1\n", 11, &account),
			 -EBADMSG);
	assert_int_equal(parse("", &account), 0);
	assert_int_equal(libbc_account_count(account), 0);
	libbc_account_free(account);
	/* Without the last newline, as in a text that was copied by hand. */
	assert_int_equal(parse("kmemsize held=1", &account), 0);
	libbc_account_free(account);
}

static void test_flat(void **state)
{
	struct libbc_account *account = calloc(1, sizeof(*account));
	static const char text[] = "kmemsize 3\nnumfile max\n";

	(void)state;
	assert_int_equal(parse_flat(text, strlen(text), LIBBC_FAILCNT_LOCAL,
				    account),
			 0);
	assert_int_equal(account->count, 2);
	assert_int_equal(account->resources[0].value[LIBBC_FAILCNT_LOCAL], 3);
	assert_true(account->resources[1].value[LIBBC_FAILCNT_LOCAL] ==
		    LIBBC_MAX);
	assert_int_equal(parse_flat("kmemsize\n", 9, LIBBC_HELD, account),
			 -EBADMSG);
	assert_int_equal(parse_flat("kmemsize 1 2\n", 13, LIBBC_HELD, account),
			 -EBADMSG);
	assert_int_equal(parse_flat("kmemsize 1K\n", 12, LIBBC_HELD, account),
			 -EBADMSG);
	libbc_account_free(account);
}

static void check_mount(const char *text, int result, const char *mount,
			const char *root)
{
	char *found = NULL, *found_root = NULL;

	assert_int_equal(parse_mountinfo(text, &found, &found_root), result);
	if (!result) {
		assert_string_equal(found, mount);
		assert_string_equal(found_root, root);
	}
	free(found);
	free(found_root);
}

static void test_mountinfo(void **state)
{
	(void)state;
	check_mount("30 22 0:26 / /sys/fs/cgroup rw - cgroup2 none rw\n", 0,
		    "/sys/fs/cgroup", "/");
	/* A mount of the whole hierarchy counts more; escapes; optional fields. */
	check_mount(
		"29 22 0:26 /part /mnt rw - cgroup2 none rw\n"
		"30 22 0:26 / /sys/fs/c\\040g rw shared:1 master:2 - cgroup2 none rw\n",
		0, "/sys/fs/c g", "/");
	check_mount("29 22 0:26 /part /mnt rw - cgroup2 none rw\n", 0, "/mnt",
		    "/part");
	check_mount("29 22 0:26 / /mnt\\04 rw - cgroup2 none rw\n", 0,
		    "/mnt\\04", "/");
	check_mount("30 22 0:26 / /sys/fs/cgroup rw - cgroup cgroup2 rw\n",
		    -ENOENT, NULL, NULL);
	check_mount("30 22 0:26 / /cgroup2 rw - ext4 cgroup2 rw\n", -ENOENT,
		    NULL, NULL);
	check_mount("", -ENOENT, NULL, NULL);
	check_mount("- cgroup2\n", -ENOENT, NULL, NULL);
}

static void test_proc(void **state)
{
	char *path;

	(void)state;
	assert_int_equal(parse_proc_cgroup("1:cpu:/x\n0::/web\n", &path), 0);
	assert_string_equal(path, "/web");
	free(path);
	assert_int_equal(parse_proc_cgroup("0::/web (deleted)\n", &path),
			 -ENODEV);
	assert_int_equal(parse_proc_cgroup("1:cpu:/x\n", &path), -ENOENT);
	assert_int_equal(parse_proc_cgroups("bc\t0\t5\t1\n"),
			 LIBBC_CONTROLLER_PRESENT);
	assert_int_equal(parse_proc_cgroups("cpu\t0\t5\t1\nbc\t0\t5\t0\n"),
			 LIBBC_CONTROLLER_DISABLED);
	assert_int_equal(parse_proc_cgroups("bcx\t0\t5\t1\n"),
			 LIBBC_CONTROLLER_ABSENT);
	assert_int_equal(parse_proc_cgroups("bc\t0\n"), -EBADMSG);
	assert_int_equal(parse_cmdline("a cgroup_disable=cpu,bc b\n"),
			 LIBBC_CONTROLLER_DISABLED);
	assert_int_equal(parse_cmdline("xcgroup_disable=bc\n"),
			 LIBBC_CONTROLLER_ABSENT);
	assert_int_equal(parse_cmdline("cgroup_disable=bcd\n"),
			 LIBBC_CONTROLLER_ABSENT);
	assert_int_equal(parse_cmdline("cgroup_disable=,,bc"),
			 LIBBC_CONTROLLER_DISABLED);
}

static void test_refusal(void **state)
{
	static const char line[] =
		"         python3-82      [000]    12.345678: bc_refuse: group=18446744073709551615 payer=7 resource=kmemsize requested=720 held=16776576 barrier=16777216 limit=9223372036854775807 severity=barrier";
	/* A process name that looks like the rest of a line. */
	static const char liar[] =
		"  a\n bc_refuse: -4194304 [001]    12.345678: bc_refuse: group=1 payer=2 resource=numproc requested=3 held=4 barrier=5 limit=6 severity=limit";
	struct libbc_refusal r;

	(void)state;
	assert_int_equal(parse_refusal(line, &r), 0);
	assert_string_equal(libbc_refusal_process(&r), "python3");
	assert_string_equal(libbc_refusal_resource(&r), "kmemsize");
	assert_true(libbc_refusal_value(&r, LIBBC_REFUSAL_GROUP) == UINT64_MAX);
	assert_int_equal(libbc_refusal_value(&r, LIBBC_REFUSAL_PAYER), 7);
	assert_int_equal(libbc_refusal_value(&r, LIBBC_REFUSAL_PID), 82);
	assert_int_equal(libbc_refusal_value(&r, LIBBC_REFUSAL_REQUESTED), 720);
	assert_int_equal(libbc_refusal_value(&r, LIBBC_REFUSAL_HELD), 16776576);
	assert_int_equal(libbc_refusal_value(&r, LIBBC_REFUSAL_BARRIER),
			 16777216);
	assert_true(libbc_refusal_value(&r, LIBBC_REFUSAL_LIMIT) == LIBBC_MAX);
	assert_int_equal(parse_refusal(liar, &r), 0);
	assert_string_equal(libbc_refusal_process(&r), "a\n bc_refuse: ");
	assert_int_equal(libbc_refusal_value(&r, LIBBC_REFUSAL_PID), 4194304);
	assert_int_equal(libbc_refusal_value(&r, LIBBC_REFUSAL_LIMIT), 6);
	assert_string_equal(libbc_refusal_resource(&r), "numproc");
}

static void test_refusal_malformed(void **state)
{
	static const char *const wrong[] = {
		"",
		"\n",
		"         python3",
		"         python3-",
		"         python3-82",
		"         python3-x [000] 1.0: bc_refuse: group=1",
		"         python3-82 [000] 1.0: bc_force: group=1 resource=kmemsize",
		"         python3-82 [000] 1.0: bc_refuse: ",
		"         python3-82 [000] 1.0: bc_refuse: group=1 payer=2 resource=",
		"         python3-82 [000] 1.0: bc_refuse: group=1 payer=2 resource=a requested=1 held=-1 barrier=1 limit=1",
		"         python3-82 [000] 1.0: bc_refuse: group=1 payer=2 resource=a requested=1 held=1 barrier=1",
		"         python3-82 [000] 1.0: bc_refuse: group=1 payer=2 resource=a234567890123456789012345678901234567890123456789012345678901234 requested=1 held=1 barrier=1 limit=1",
	};
	struct libbc_refusal refusal;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(parse_refusal(wrong[i], &refusal), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resources),
		cmocka_unit_test(test_resources_malformed),
		cmocka_unit_test(test_flat),
		cmocka_unit_test(test_mountinfo),
		cmocka_unit_test(test_proc),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_refusal_malformed),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits of a step of Slurm: which limits are allowed, and the report.
 */
#include <string.h>

#include "unit.h"

#include "../../../slurm/limits.c"
#include "../../../slurm/step.c"

static struct limits limits_of(const char *text)
{
	char message[MESSAGE_LEN] = "";
	struct limits limits = { .count = 0 };

	if (limits_parse(text, &limits, message))
		fail_msg("%s: %s", text, message);
	return limits;
}

/* Return the message, or "" when the limits are allowed; completes ASKED. */
static const char *complete(struct limits *asked, const char *defaults,
			    const char *most)
{
	static char message[MESSAGE_LEN];
	struct limits a = limits_of(defaults), b = limits_of(most);

	*message = '\0';
	if (!limits_complete(asked, &a, &b, message))
		assert_string_equal(message, "");
	return message;
}

static void test_limits(void **state)
{
	struct limits asked = limits_of("numtcpsock=20");

	(void)state;
	assert_string_equal(complete(&asked, "numpty=4:4",
				     "numtcpsock=30,numflock=9:10"),
			    "");
	assert_int_equal(asked.count, 3);
	assert_int_equal(find(&asked, "numtcpsock")->limit, 30);
	assert_int_equal(find(&asked, "numflock")->limit, 10);
	asked = limits_of("numtcpsock=31");
	assert_non_null(strstr(complete(&asked, "", "numtcpsock=30"),
			       "a barrier of 31 for numtcpsock is too much"));
}

static void test_guarantees(void **state)
{
	struct limits asked = limits_of("oomguarpages=1G");

	(void)state;
	assert_int_equal(asked.v[0].limit, LIBBC_MAX);
	assert_string_equal(
		complete(&asked, "", "vmguarpages=2G"),
		"no guarantee of oomguarpages is allowed on this cluster");
	assert_string_equal(complete(&asked, "", "oomguarpages=1G"), "");
	/* The most that is allowed does not become its limit. */
	assert_int_equal(find(&asked, "oomguarpages")->limit, LIBBC_MAX);
	assert_non_null(strstr(complete(&asked, "", "oomguarpages=1023M"),
			       "a barrier of 1G for oomguarpages is too much"));
	/* max is no guarantee, so it is allowed. */
	asked = limits_of("oomguarpages=max");
	assert_string_equal(complete(&asked, "", "oomguarpages=1M"), "");
	/* A step that does not ask gets the default, not the most. */
	asked = limits_of("");
	assert_string_equal(complete(&asked, "vmguarpages=1M",
				     "vmguarpages=2M,oomguarpages=2M"),
			    "");
	assert_int_equal(asked.count, 1);
	assert_string_equal(asked.v[0].name, "vmguarpages");
	assert_int_equal(asked.v[0].limit, LIBBC_MAX);
}

static void test_report(void **state)
{
	static const char text[] =
		"kmemsize held=0 maxheld=2048 barrier=max limit=max failcnt=0 forced=0\n"
		"numtcpsock held=0 maxheld=9 barrier=9 limit=9 failcnt=3 forced=0\n"
		"numpty held=0 maxheld=0 barrier=max limit=max failcnt=0 forced=0\n";
	struct libbc_account *account;
	char report[REPORT_LEN];

	(void)state;
	assert_int_equal(libbc_account_parse(text, strlen(text), &account), 0);
	assert_true(step_report(account, report));
	assert_string_equal(
		report,
		"3 refusals of numtcpsock at 9; needed kmemsize=2K numtcpsock=9");
	libbc_account_free(account);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_guarantees),
		cmocka_unit_test(test_report),
	};

	return cmocka_run_group_tests_name("slurm", tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beancounters: KUnit tests of the parser of the files and of their output.
 */
#include <kunit/test.h>
#include <linux/ctype.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "util.h"

#define BC_LONG 8000

struct bc_line {
	const char *text;
	u64 value;
};

/* All lines are for kmemsize, which is in bytes. */
static const struct bc_line bc_good_lines[] = {
	{ "kmemsize 0", 0 },
	{ "kmemsize 1", 1 },
	{ "kmemsize 007", 7 },
	{ "kmemsize 4096", 4096 },
	{ "kmemsize max", BC_MAX },
	{ "kmemsize 9223372036854775806", BC_MAX - 1 },
	{ "kmemsize 9223372036854775807", BC_MAX },
	{ "kmemsize 00009223372036854775807", BC_MAX },
	{ "kmemsize 0K", 0 },
	{ "kmemsize 1K", 1ULL << 10 },
	{ "kmemsize 1k", 1ULL << 10 },
	{ "kmemsize 3M", 3ULL << 20 },
	{ "kmemsize 3m", 3ULL << 20 },
	{ "kmemsize 5G", 5ULL << 30 },
	{ "kmemsize 5g", 5ULL << 30 },
	{ "kmemsize 7T", 7ULL << 40 },
	{ "kmemsize 7t", 7ULL << 40 },
	{ "kmemsize 9P", 9ULL << 50 },
	{ "kmemsize 9p", 9ULL << 50 },
	{ "kmemsize 7E", 7ULL << 60 },
	{ "kmemsize 7e", 7ULL << 60 },
	{ "kmemsize 9007199254740991K", (u64)BC_MAX - 1023 },
	{ "kmemsize 8191P", 8191ULL << 50 },
	/* Blanks between the words and around the line. */
	{ "kmemsize  17", 17 },
	{ "kmemsize\t17", 17 },
	{ "kmemsize \t \t17", 17 },
	{ " kmemsize 17", 17 },
	{ "\tkmemsize 17", 17 },
	{ "kmemsize 17 ", 17 },
	{ "kmemsize 17\t", 17 },
	{ "kmemsize 17\n", 17 },
	{ "kmemsize 17\n\n", 17 },
	{ "\nkmemsize 17\n", 17 },
	{ "kmemsize 17\r\n", 17 },
	{ "kmemsize max\n", BC_MAX },
};

static const char *const bc_bad_texts[] = {
	"",
	" ",
	"\n",
	"\n\n",
	"\t\n\t",
	"\r\n",
	/* No value, no resource, or no blank between them. */
	"kmemsize",
	"kmemsize ",
	"kmemsize\n",
	"17",
	"max",
	" 17",
	"kmemsize17",
	"kmemsize=17",
	"kmemsize:17",
	"kmemsize\n17",
	"kmemsize\r17",
	"kmemsize,17",
	/* Not a resource. */
	"kmem 17",
	"kmemsiz 17",
	"kmemsizes 17",
	"KMEMSIZE 17",
	"kmemsize\001 17",
	"kmemsize\xff 17",
	"bc.kmemsize 17",
	"nonsense 17",
	"all 17",
	"* 17",
	/* Not a number. */
	"kmemsize -1",
	"kmemsize -0",
	"kmemsize - 1",
	"kmemsize +1",
	"kmemsize 0x10",
	"kmemsize 0X10",
	"kmemsize 1e3",
	"kmemsize 1.5",
	"kmemsize 1.5M",
	"kmemsize 1,000",
	"kmemsize 1_000",
	"kmemsize ten",
	"kmemsize a",
	"kmemsize 1a",
	"kmemsize a1",
	"kmemsize \"1\"",
	"kmemsize \xb2",
	"kmemsize 1\xb2",
	"kmemsize 1\001",
	"kmemsize MAX",
	"kmemsize Max",
	"kmemsize ma",
	"kmemsize maxx",
	"kmemsize max1",
	"kmemsize unlimited",
	"kmemsize inf",
	/* Not a suffix, or more than one. */
	"kmemsize K",
	"kmemsize 1B",
	"kmemsize 1KB",
	"kmemsize 1KiB",
	"kmemsize 1Ki",
	"kmemsize 1KK",
	"kmemsize 1K1",
	"kmemsize 1 K",
	"kmemsize 1Z",
	"kmemsize 1Y",
	"kmemsize maxK",
	"kmemsize 1%",
	/* Too much. */
	"kmemsize 9223372036854775808",
	"kmemsize 18446744073709551615",
	"kmemsize 18446744073709551616",
	"kmemsize 18446744073709551617",
	"kmemsize 99999999999999999999",
	"kmemsize 340282366920938463463374607431768211456",
	"kmemsize 9007199254740992K",
	"kmemsize 8796093022208M",
	"kmemsize 8589934592G",
	"kmemsize 8388608T",
	"kmemsize 8192P",
	"kmemsize 8E",
	"kmemsize 15E",
	/* These would wrap to a small number. */
	"kmemsize 16E",
	"kmemsize 17E",
	"kmemsize 18014398509481985K",
	"kmemsize 17592186044417M",
	"kmemsize 16777217T",
	"kmemsize 9223372036854775807K",
	"kmemsize 18446744073709551615E",
	/* Text after the value that is not another valid pair. */
	"kmemsize 17 18",
	"kmemsize 17 max",
	"kmemsize 17 kmemsize 17",
	"kmemsize 17 kmemsize 18",
	"kmemsize 17 nonsense 17",
	"kmemsize 17 numproc",
	"kmemsize 17 numproc ",
	"kmemsize 17 numproc 1K",
	"kmemsize 17 numproc -1",
	"kmemsize 17, numproc 18",
	"kmemsize 17\rnumproc 18",
	"kmemsize 17 numproc 18 19",
	"nonsense 17 kmemsize 17",
	"numproc 18 kmemsize",
	"numproc kmemsize 17 18",
	"kmemsize 17;",
	"kmemsize 17 #",
	/* A good line does not make up for a bad one. */
	"kmemsize 17\nkmemsize 17",
	"kmemsize 17\nkmemsize 18\n",
	"kmemsize 17\nkmemsize max",
	"kmemsize 17\nnonsense 17",
	"nonsense 17\nkmemsize 17",
	"kmemsize 17\nkmemsize",
	"kmemsize 17\n17",
	"kmemsize 17\n.",
	"kmemsize 17 numproc 18\nkmemsize 17",
	"kmemsize 17 numproc 18\nnumfile",
};

/* The parser modifies its text, so it gets a copy. */
static int bc_parse(struct kunit *test, const char *text,
		    struct bc_limits *limits)
{
	char *copy = kstrdup(text, GFP_KERNEL);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, copy);
	/* Old contents of @limits must not matter. */
	memset(limits, 0xff, sizeof(*limits));
	ret = bc_limits_parse(copy, limits);
	kfree(copy);
	return ret;
}

static void files_good(struct kunit *test)
{
	struct bc_limits limits;
	int i;

	for (i = 0; i < ARRAY_SIZE(bc_good_lines); i++) {
		const struct bc_line *line = &bc_good_lines[i];

		KUNIT_EXPECT_EQ_MSG(test, 0,
				    bc_parse(test, line->text, &limits),
				    "\"%s\"", line->text);
		KUNIT_EXPECT_EQ_MSG(test, limits.set, BIT(BC_KMEMSIZE),
				    "\"%s\"", line->text);
		KUNIT_EXPECT_EQ_MSG(test, limits.value[BC_KMEMSIZE],
				    line->value, "\"%s\"", line->text);
	}
}

static void files_bad(struct kunit *test)
{
	struct bc_limits limits;
	int i;

	for (i = 0; i < ARRAY_SIZE(bc_bad_texts); i++)
		KUNIT_EXPECT_EQ_MSG(test, -EINVAL,
				    bc_parse(test, bc_bad_texts[i], &limits),
				    "\"%s\"", bc_bad_texts[i]);
}

/* Each possible byte at each place of a good line, to find unexpected cases. */
static void files_bytes(struct kunit *test)
{
	static const char line[] = "kmemsize 17";
	struct bc_limits limits;
	char text[sizeof(line)];
	int at, c, ret;
	bool good;

	for (at = 0; at < sizeof(line) - 1; at++)
		for (c = 1; c < 256; c++) {
			bool digit = at > 8 && c >= '0' && c <= '9';
			bool blank = at == 8 && (c == ' ' || c == '\t');
			bool suffix = at == 10 && strchr("kmgtpeKMGTPE", c);
			/* White space instead of a digit, which does not break the line. */
			bool edge = at > 8 && isspace(c) &&
				    (at == 10 || c != '\n');

			memcpy(text, line, sizeof(line));
			text[at] = c;
			ret = bc_parse(test, text, &limits);
			good = c == line[at] || digit || blank || suffix ||
			       edge;
			KUNIT_EXPECT_EQ_MSG(test, ret, good ? 0 : -EINVAL,
					    "byte %#x at %d", c, at);
		}
}

static void files_long(struct kunit *test)
{
	static const struct {
		char c;
		const char *before;
		const char *after;
		int ret;
	} cases[] = {
		{ 'k', "", " 17", -EINVAL },
		{ '9', "kmemsize ", "", -EINVAL },
		{ 'x', "kmemsize 17", "", -EINVAL },
		{ '\n', "kmemsize", "17", -EINVAL },
		/* These are long, but still a valid line and number. */
		{ '0', "kmemsize ", "17", 0 },
		{ ' ', "kmemsize", "17", 0 },
		{ '\n', "", "kmemsize 17", 0 },
		{ '\n', "kmemsize 17", "", 0 },
	};
	char *text = kunit_kmalloc(test, BC_LONG + 64, GFP_KERNEL);
	char *run = kunit_kzalloc(test, BC_LONG + 1, GFP_KERNEL);
	struct bc_limits limits;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_ASSERT_NOT_NULL(test, run);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(run, cases[i].c, BC_LONG);
		snprintf(text, BC_LONG + 64, "%s%s%s", cases[i].before, run,
			 cases[i].after);
		KUNIT_EXPECT_EQ_MSG(test, cases[i].ret,
				    bc_parse(test, text, &limits), "case %d",
				    i);
		if (!cases[i].ret)
			KUNIT_EXPECT_EQ(test, limits.value[BC_KMEMSIZE], 17);
	}
}

/* All resources in one write, and each of them a second time. */
static void files_all_with(struct kunit *test, const char *between)
{
	char *text = kunit_kzalloc(test, BC_LONG, GFP_KERNEL);
	struct bc_limits limits;
	int res, len = 0;

	KUNIT_ASSERT_NOT_NULL(test, text);
	for (res = BC_NR_RESOURCES - 1; res >= 0; res--)
		len += scnprintf(text + len, BC_LONG - len, "%s %d%s",
				 bc_resources[res].name, 1000 + res, between);
	KUNIT_EXPECT_EQ(test, 0, bc_parse(test, text, &limits));
	KUNIT_EXPECT_EQ(test, limits.set, GENMASK(BC_NR_RESOURCES - 1, 0));
	for (res = 0; res < BC_NR_RESOURCES; res++)
		KUNIT_EXPECT_EQ(test, limits.value[res], 1000 + res);
	for (res = 0; res < BC_NR_RESOURCES; res++) {
		scnprintf(text + len, BC_LONG - len, "%s 5\n",
			  bc_resources[res].name);
		KUNIT_EXPECT_EQ(test, -EINVAL, bc_parse(test, text, &limits));
	}
}

static void files_all_resources(struct kunit *test)
{
	files_all_with(test, "\n");
}

/* In one line, as programs write that have one value for each file. */
static void files_one_line(struct kunit *test)
{
	files_all_with(test, " ");
	files_all_with(test, "\t");
	files_all_with(test, " \t  ");
}

/* Suffixes are accepted for bytes only. */
static void files_units(struct kunit *test)
{
	struct bc_limits limits;
	char text[64];
	int res;

	for (res = 0; res < BC_NR_RESOURCES; res++) {
		bool bytes = bc_resources[res].unit == BC_BYTES;

		snprintf(text, sizeof(text), "%s 2K", bc_resources[res].name);
		KUNIT_EXPECT_EQ_MSG(test, bytes ? 0 : -EINVAL,
				    bc_parse(test, text, &limits), "%s", text);
	}
}

static void files_print(struct kunit *test)
{
	char buf[BC_VALUE_LEN];

	KUNIT_EXPECT_STREQ(test, bc_value_print(0, buf), "0");
	KUNIT_EXPECT_STREQ(test, bc_value_print(1, buf), "1");
	KUNIT_EXPECT_STREQ(test, bc_value_print(4096, buf), "4096");
	KUNIT_EXPECT_STREQ(test, bc_value_print(BC_MAX - 1, buf),
			   "9223372036854775806");
	KUNIT_EXPECT_STREQ(test, bc_value_print(BC_MAX, buf), "max");
	KUNIT_EXPECT_STREQ(test, bc_value_print(BC_MAX + 1, buf), "max");
	KUNIT_EXPECT_STREQ(test, bc_value_print(BC_AUTO, buf), "auto");
	KUNIT_EXPECT_PTR_EQ(test, bc_value_print(5, buf), (const char *)buf);
}

/* A value that the files print can be written. */
static void files_round_trip(struct kunit *test)
{
	char value[BC_VALUE_LEN], text[64];
	struct bc_limits limits;
	int bit, off;

	for (bit = 0; bit < 63; bit++)
		for (off = -1; off <= 1; off++) {
			u64 n = (1ULL << bit) + off;

			snprintf(text, sizeof(text), "%s %s\n",
				 bc_resources[BC_KMEMSIZE].name,
				 bc_value_print(n, value));
			KUNIT_EXPECT_EQ(test, 0, bc_parse(test, text, &limits));
			KUNIT_EXPECT_EQ(test, limits.value[BC_KMEMSIZE], n);
		}
}

/* Only the named resource changes, and of its values only the kind that is written. */
static void files_apply(struct kunit *test)
{
	struct beancounter *bc = bc_kunit_alloc(test, NULL);
	struct bc_limits limits;
	int res, other;

	for (res = 0; res < BC_NR_RESOURCES; res++)
		bc_kunit_limits(bc, res, 100 + res, 200 + res);
	for (res = 0; res < BC_NR_RESOURCES; res++) {
		memset(&limits, 0xff, sizeof(limits));
		limits.set = BIT(res);
		limits.value[res] = 5;
		bc_limits_apply(bc, BC_SET_BARRIER, &limits);
		for (other = 0; other < BC_NR_RESOURCES; other++) {
			struct bc_counter c = bc_kunit_counter(bc, other);

			KUNIT_EXPECT_EQ(test, c.barrier,
					other <= res ? 5 : 100 + other);
			KUNIT_EXPECT_EQ(test, c.limit, 200 + other);
		}
	}
	limits.set = 0;
	bc_limits_apply(bc, BC_SET_LIMIT, &limits);
	for (res = 0; res < BC_NR_RESOURCES; res++)
		KUNIT_EXPECT_EQ(test, bc_kunit_counter(bc, res).limit,
				200 + res);
}

/* Users and scripts depend on the names. */
static void files_table(struct kunit *test)
{
	int i, j;

	KUNIT_EXPECT_STREQ(test, bc_resources[BC_KMEMSIZE].name, "kmemsize");
	for (i = 0; i < BC_NR_RESOURCES; i++) {
		const struct bc_resource_desc *desc = &bc_resources[i];

		KUNIT_EXPECT_GT(test, strlen(desc->name), 0);
		KUNIT_EXPECT_EQ(test, strlen(desc->name),
				strspn(desc->name,
				       "abcdefghijklmnopqrstuvwxyz"));
		KUNIT_EXPECT_LE(test, desc->dfl, BC_MAX);
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_STRNEQ(test, desc->name,
					    bc_resources[j].name);
	}
}

/* The root cgroup has no such files, and those of a container are not delegatable. */
static void files_flags(struct kunit *test)
{
	const struct cftype *cft;

	for (cft = bc_files; cft->name[0]; cft++) {
		KUNIT_EXPECT_TRUE_MSG(test, cft->flags & CFTYPE_NOT_ON_ROOT,
				      "%s", cft->name);
		KUNIT_EXPECT_FALSE_MSG(test, cft->flags & CFTYPE_NS_DELEGATABLE,
				       "%s", cft->name);
		KUNIT_EXPECT_NOT_NULL(test, cft->seq_show);
	}
}

static struct kunit_case bc_files_cases[] = {
	KUNIT_CASE(files_good),
	KUNIT_CASE(files_bad),
	KUNIT_CASE(files_bytes),
	KUNIT_CASE(files_long),
	KUNIT_CASE(files_all_resources),
	KUNIT_CASE(files_one_line),
	KUNIT_CASE(files_units),
	KUNIT_CASE(files_print),
	KUNIT_CASE(files_round_trip),
	KUNIT_CASE(files_apply),
	KUNIT_CASE(files_table),
	KUNIT_CASE(files_flags),
	{},
};

static struct kunit_suite bc_files_suite = {
	.name = "beancounters_files",
	.test_cases = bc_files_cases,
};

kunit_test_suite(bc_files_suite);

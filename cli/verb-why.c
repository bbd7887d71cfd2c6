// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl why - sum up refusals.
 */
#define _GNU_SOURCE
#include <string.h>

#include "refusal.h"
#include "table.h"

enum { OPT_FROM = OPT_OWN, OPT_FOR };

enum {
	COL_COUNT,
	COL_GROUP,
	COL_RESOURCE,
	COL_PROCESS,
	COL_FUNCTION,
	COL_LEAST,
	COL_MOST,
	COL_BOUND,
	COL_PAYER,
};

static const struct column columns[] = {
	[COL_COUNT] = { "COUNT", NUMBER, SCOLS_FL_RIGHT, "how many refusals" },
	[COL_GROUP] = { "GROUP", TEXT, 0,
			"the group whose barrier or limit refused" },
	[COL_RESOURCE] = { "RESOURCE", TEXT, 0, "the resource" },
	[COL_PROCESS] = { "PROCESS", TEXT, 0, "the program that asked" },
	[COL_FUNCTION] = { "FUNCTION", TEXT, 0,
			   "the kernel function that asked" },
	[COL_LEAST] = { "LEAST", NUMBER, SCOLS_FL_RIGHT,
			"the smallest request" },
	[COL_MOST] = { "MOST", NUMBER, SCOLS_FL_RIGHT, "the largest request" },
	[COL_BOUND] = { "BARRIER", NUMBER, SCOLS_FL_RIGHT,
			"the barrier at the last refusal" },
	[COL_PAYER] = { "PAYER", TEXT, 0, "the group that would have paid" },
	{ NULL },
};

/* Refusals that have all names in common. */
struct sum {
	char *key[5]; /* group, resource, process, function, payer */
	uint64_t count, least, most, barrier;
};

struct sums {
	struct bcctl *ctl;
	const char *group;
	struct sum *v;
	size_t count;
};

static struct sum *sum_for(struct sums *sums, const char *const key[5])
{
	struct sum *more, *sum;
	size_t i, j;

	for (i = 0; i < sums->count; i++) {
		for (j = 0; j < 5; j++)
			if (strcmp(sums->v[i].key[j], key[j]))
				break;
		if (j == 5)
			return &sums->v[i];
	}
	more = reallocarray(sums->v, sums->count + 1, sizeof(*more));
	if (!more)
		return NULL;
	sums->v = more;
	sum = &more[sums->count];
	*sum = (struct sum){ .least = UINT64_MAX };
	for (j = 0; j < 5; j++) {
		sum->key[j] = strdup(key[j]);
		if (!sum->key[j])
			return NULL;
	}
	sums->count++;
	return sum;
}

static int on_refusal(void *arg, const struct refusal *refusal)
{
	const char *const key[5] = { refusal->group, refusal->resource,
				     refusal->process, refusal->function,
				     refusal->payer };
	struct sums *sums = arg;
	struct sum *sum;

	if (!refusal_concerns(refusal, sums->group))
		return 0;
	sum = sum_for(sums, key);
	if (!sum)
		return no_memory(sums->ctl);
	sum->count++;
	if (refusal->requested < sum->least)
		sum->least = refusal->requested;
	if (refusal->requested > sum->most)
		sum->most = refusal->requested;
	sum->barrier = refusal->barrier < refusal->limit ? refusal->barrier :
							   refusal->limit;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->key[0], y->key[0]);
}

static int add_line(struct table *table, const struct sum *sum)
{
	struct libscols_line *line = table_line(table, NULL);
	enum libbc_unit unit = libbc_unit_of(sum->key[1]);

	if (!line ||
	    table_set_number(table, line, COL_COUNT, (long long)sum->count) ||
	    table_set(table, line, COL_GROUP, sum->key[0]) ||
	    table_set(table, line, COL_RESOURCE, sum->key[1]) ||
	    table_set(table, line, COL_PROCESS, sum->key[2]) ||
	    table_set(table, line, COL_FUNCTION, sum->key[3]) ||
	    table_set(table, line, COL_PAYER, sum->key[4]) ||
	    table_set_value(table, line, COL_LEAST, sum->least, unit) ||
	    table_set_value(table, line, COL_MOST, sum->most, unit) ||
	    table_set_value(table, line, COL_BOUND, sum->barrier, unit))
		return no_memory(table->ctl);
	return 0;
}

static int print(struct bcctl *ctl, struct sums *sums)
{
	struct table table;
	size_t i;
	int ret;

	if (!sums->count && !ctl->json && !ctl->raw) {
		printf("nothing was refused\n");
		return 0;
	}
	qsort(sums->v, sums->count, sizeof(*sums->v), compare);
	ret = table_new(
		ctl, &table, "refusals", columns,
		ctl->json ?
			"COUNT,GROUP,PAYER,RESOURCE,PROCESS,FUNCTION,LEAST,MOST,BARRIER" :
			"COUNT,GROUP,RESOURCE,PROCESS,FUNCTION,LEAST,MOST,BARRIER",
		false);
	for (i = 0; i < sums->count && !ret; i++)
		ret = add_line(&table, &sums->v[i]);
	if (!ret)
		ret = table_print(&table);
	table_free(&table);
	return ret;
}

static int why(struct bcctl *ctl, struct sums *sums, const char *from,
	       double seconds)
{
	struct tracer *tracer = NULL;
	int ret;

	if (from) {
		ret = refusals_read(ctl, from, on_refusal, sums);
	} else {
		ret = tracer_open(ctl, &tracer);
		if (!ret) {
			fprintf(stderr,
				"recording for %g seconds; Ctrl-C ends it\n",
				seconds);
			ret = tracer_follow(tracer, seconds, on_refusal, sums);
		}
		tracer_close(tracer);
	}
	return ret ? ret : print(ctl, sums);
}

static void sums_free(struct sums *sums)
{
	size_t i, j;

	for (i = 0; i < sums->count; i++)
		for (j = 0; j < 5; j++)
			free(sums->v[i].key[j]);
	free(sums->v);
}

static int run_why(struct bcctl *ctl)
{
	struct sums sums = { .ctl = ctl };
	struct libbc_group *group = NULL;
	const char *value, *from = NULL;
	double seconds = 10;
	int id, ret = 0;

	while (!ret && (id = next_option(ctl, &value)) > 0) {
		if (id == OPT_FROM)
			from = value;
		else
			ret = parse_seconds(ctl, "--for", value, &seconds);
	}
	if (ret || id < 0)
		return ret ? ret : ctl->failure;
	if (ctl->argc > 1)
		return bad_usage(ctl, "at most one GROUP");
	/* A recording may name groups that have been removed. */
	if (ctl->argc && from && ctl->argv[0][0] == '/') {
		sums.group = ctl->argv[0];
	} else if (ctl->argc) {
		ret = target_open(ctl, ctl->argv[0], &group);
		if (!ret)
			sums.group = libbc_group_path(group);
	}
	if (!ret)
		ret = why(ctl, &sums, from, seconds);
	sums_free(&sums);
	libbc_group_close(group);
	return ret;
}

static const struct opt opts[] = {
	{ OPT_FROM, "from", "FILE",
	  "a recording: the output of watch --json; - is stdin" },
	{ OPT_FOR, "for", "SECONDS",
	  "without --from: record for this time (10)" },
	{ 0 },
};

const struct verb why_verb = {
	.name = "why",
	.args = "[GROUP|PID|.]",
	.summary = "sum up refusals",
	.about =
		"Sum up all refusals, or those by or to GROUP and the groups below it: how many, of\n"
		"which resource, to which program, and which kernel function asked.",
	.opts = opts,
	.takes = TAKES_JSON | TAKES_BYTES | TAKES_TABLE,
	.columns = columns,
	.run = run_why,
};

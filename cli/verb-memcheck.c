// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl memcheck - is there as much memory as the groups use and may use?
 *
 * The sums are those of vzmemcheck(8), whose privvmpages included shared
 * memory. Groups nest here: held of a group includes held of the groups below
 * it. A group cannot take more than its own limit nor, if there are groups
 * below it, more than these can take together.
 */
#include <string.h>

#include "snapshot.h"
#include "table.h"

enum { OPT_GROUPS = OPT_OWN };

enum {
	COL_GROUP,
	COL_MEMORY,
	COL_SIZE,
	COL_USED,
	COL_USED_PERCENT,
	COL_PROMISED,
	COL_PROMISED_PERCENT,
};

static const struct column columns[] = {
	[COL_GROUP] = { "GROUP", TEXT, 0, "the group, or all of them" },
	[COL_MEMORY] = { "MEMORY", TEXT, 0, "which memory" },
	[COL_SIZE] = { "SIZE", NUMBER, SCOLS_FL_RIGHT,
		       "how much of it the machine has" },
	[COL_USED] = { "UTILIZED", NUMBER, SCOLS_FL_RIGHT,
		       "how much of it is used" },
	[COL_USED_PERCENT] = { "UTIL%", NUMBER, SCOLS_FL_RIGHT,
			       "the same in percent" },
	[COL_PROMISED] = { "COMMITTED", NUMBER, SCOLS_FL_RIGHT,
			   "how much of it has been promised" },
	[COL_PROMISED_PERCENT] = { "COMMIT%", NUMBER, SCOLS_FL_RIGHT,
				   "the same in percent" },
	{ NULL },
};

/* What the groups use and may use, in bytes; LIBBC_MAX is unlimited. */
enum {
	HELD_KERNEL, /* kernel memory, which includes buffers of sockets */
	HELD_RAM,
	HELD_MAPPED, /* in RAM and swap, of address spaces */
	HELD_RAM_AND_SWAP,
	HELD_PRIVATE,
	MAY_KERNEL,
	MAY_PRIVATE,
	GUARANTEED_RAM,
	GUARANTEED_PRIVATE,
	NR_SUMS,
};

/* Which values make up a sum. */
static const struct part {
	int sum;
	const char *name;
	enum libbc_field field;
} parts[] = {
	{ HELD_KERNEL, "kmemsize", LIBBC_HELD },
	{ HELD_RAM, "physpages", LIBBC_HELD },
	{ HELD_MAPPED, "physpages", LIBBC_HELD },
	{ HELD_MAPPED, "swappages", LIBBC_HELD },
	{ HELD_RAM_AND_SWAP, "oomguarpages", LIBBC_HELD },
	{ HELD_RAM_AND_SWAP, "shmpages", LIBBC_HELD },
	{ HELD_PRIVATE, "privvmpages", LIBBC_HELD },
	{ HELD_PRIVATE, "shmpages", LIBBC_HELD },
	{ MAY_KERNEL, "kmemsize", LIBBC_LIMIT },
	{ MAY_PRIVATE, "privvmpages", LIBBC_LIMIT },
	{ MAY_PRIVATE, "shmpages", LIBBC_LIMIT },
	{ GUARANTEED_RAM, "oomguarpages", LIBBC_BARRIER },
	{ GUARANTEED_PRIVATE, "vmguarpages", LIBBC_BARRIER },
};

/* One line of the answer: what is compared with what. */
static const struct line {
	const char *name;
	bool with_swap;
	int used, promised; /* beside kernel memory; negative for none */
} lines[] = {
	{ "kernel memory", false, NR_SUMS, NR_SUMS },
	{ "RAM", false, HELD_RAM, -1 },
	{ "RAM and swap", true, HELD_RAM_AND_SWAP, GUARANTEED_RAM },
	{ "allocated", true, HELD_PRIVATE, GUARANTEED_PRIVATE },
	{ "allocated at most", true, -1, MAY_PRIVATE },
};

struct sums {
	uint64_t v[NR_SUMS + 1]; /* the last one is 0 */
};

static uint64_t in_bytes(const struct libbc_resource *resource,
			 enum libbc_field field)
{
	uint64_t value = libbc_resource_value(resource, field);
	uint64_t page = libbc_resource_unit(resource) == LIBBC_PAGES ?
				(uint64_t)sysconf(_SC_PAGESIZE) :
				1;

	/* A guarantee of max is none. */
	if (value == LIBBC_MAX &&
	    resource_kind(libbc_resource_name(resource)) == RESOURCE_GUARANTEE)
		return 0;
	return value > INT64_MAX / page ? LIBBC_MAX : value * page;
}

static void own_sums(const struct node *node, struct sums *sums)
{
	size_t i;

	*sums = (struct sums){ { 0 } };
	for (i = 0; node->account && i < ARRAY_SIZE(parts); i++) {
		const struct libbc_resource *resource =
			libbc_account_find(node->account, parts[i].name);
		uint64_t *sum = &sums->v[parts[i].sum];

		if (resource)
			*sum = plus(*sum, in_bytes(resource, parts[i].field));
	}
	/* Without oomguarpages, count the pages that are mapped. */
	if (node->account && !libbc_account_find(node->account, "oomguarpages"))
		sums->v[HELD_RAM_AND_SWAP] = sums->v[HELD_MAPPED];
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The sums of a group, from its account and the sums of the groups below it. */
static void combine(const struct node *node, bool leaf,
		    const struct sums *below, struct sums *sums)
{
	own_sums(node, sums);
	if (!node->account) {
		/* The root has no account: its sums are those of its groups. */
		*sums = *below;
		return;
	}
	if (!leaf) {
		sums->v[MAY_KERNEL] =
			least(sums->v[MAY_KERNEL], below->v[MAY_KERNEL]);
		sums->v[MAY_PRIVATE] =
			least(sums->v[MAY_PRIVATE], below->v[MAY_PRIVATE]);
	}
	sums->v[GUARANTEED_RAM] =
		most(sums->v[GUARANTEED_RAM], below->v[GUARANTEED_RAM]);
	sums->v[GUARANTEED_PRIVATE] =
		most(sums->v[GUARANTEED_PRIVATE], below->v[GUARANTEED_PRIVATE]);
}

struct memory {
	struct bcctl *ctl;
	uint64_t ram, swap;
	struct snapshot snapshot;
	struct sums *sums, *below; /* of each node */
};

static int add_up(struct memory *memory)
{
	size_t i, j, count = memory->snapshot.count;
	bool *leaf = malloc((count + 1) * sizeof(*leaf));

	memory->sums = calloc(count + 1, sizeof(*memory->sums));
	memory->below = calloc(count + 1, sizeof(*memory->below));
	if (!leaf || !memory->sums || !memory->below) {
		free(leaf);
		return no_memory(memory->ctl);
	}
	memset(leaf, true, count + 1);
	for (i = count; i-- > 0;) {
		const struct node *node = &memory->snapshot.nodes[i];
		struct sums *above;

		combine(node, leaf[i], &memory->below[i], &memory->sums[i]);
		if (node->parent < 0)
			continue;
		leaf[node->parent] = false;
		above = &memory->below[node->parent];
		for (j = 0; j < NR_SUMS; j++)
			above->v[j] = plus(above->v[j], memory->sums[i].v[j]);
	}
	free(leaf);
	return 0;
}

static int percent(struct table *table, struct libscols_line *line, int column,
		   uint64_t value, uint64_t size)
{
	if (value == LIBBC_MAX || !size)
		return table_set(table, line, column,
				 table->ctl->json ? "" : "max");
	return table_set_number(table, line, column,
				(long long)((__uint128_t)value * 100 / size));
}

static int add_line(const struct memory *memory, struct table *table,
		    const char *group, const struct sums *sums,
		    const struct line *what)
{
	struct libscols_line *line = table_line(table, NULL);
	uint64_t size = memory->ram + (what->with_swap ? memory->swap : 0);
	int ret;

	if (!line)
		return -1;
	ret = table_set(table, line, COL_GROUP, group) ||
	      table_set(table, line, COL_MEMORY, what->name) ||
	      table_set_value(table, line, COL_SIZE, size, LIBBC_BYTES);
	if (!ret && what->used >= 0) {
		uint64_t used = plus(sums->v[what->used], sums->v[HELD_KERNEL]);

		ret = table_set_value(table, line, COL_USED, used,
				      LIBBC_BYTES) ||
		      percent(table, line, COL_USED_PERCENT, used, size);
	}
	if (!ret && what->promised >= 0) {
		uint64_t promised =
			plus(sums->v[what->promised], sums->v[MAY_KERNEL]);

		ret = table_set_value(table, line, COL_PROMISED, promised,
				      LIBBC_BYTES) ||
		      percent(table, line, COL_PROMISED_PERCENT, promised,
			      size);
	}
	return ret;
}

static int print(const struct memory *memory, bool groups)
{
	struct bcctl *ctl = memory->ctl;
	struct table table;
	size_t i, j;
	int ret;

	ret = table_new(
		ctl, &table, "memory", columns,
		groups || ctl->json ?
			"GROUP,MEMORY,SIZE,UTILIZED,UTIL%,COMMITTED,COMMIT%" :
			"MEMORY,SIZE,UTILIZED,UTIL%,COMMITTED,COMMIT%",
		false);
	for (i = 0; !ret && i < memory->snapshot.count; i++) {
		const struct node *node = &memory->snapshot.nodes[i];

		/* The top, and the groups directly below it. */
		if (i && (!groups || node->parent))
			continue;
		for (j = 0; j < ARRAY_SIZE(lines) && !ret; j++)
			if (add_line(memory, &table, node->path,
				     &memory->sums[i], &lines[j]))
				ret = no_memory(ctl);
	}
	if (!ret)
		ret = table_print(&table);
	table_free(&table);
	return ret;
}

static int run_memcheck(struct bcctl *ctl)
{
	struct memory memory = { .ctl = ctl };
	struct libbc_group *top = NULL;
	bool groups = false;
	const char *value;
	int id, ret;

	while ((id = next_option(ctl, &value)) > 0)
		groups = true;
	if (id < 0)
		return ctl->failure;
	if (ctl->argc > 1)
		return bad_usage(ctl, "at most one GROUP");
	ret = meminfo_read(ctl, &memory.ram, &memory.swap);
	if (!ret)
		ret = target_open(ctl, ctl->argc ? ctl->argv[0] : "/", &top);
	if (!ret)
		ret = snapshot_take(ctl, top, -1, &memory.snapshot);
	if (!ret)
		ret = add_up(&memory);
	if (!ret)
		ret = print(&memory, groups);
	free(memory.sums);
	free(memory.below);
	snapshot_free(&memory.snapshot);
	libbc_group_close(top);
	return ret;
}

static const struct opt opts[] = {
	{ OPT_GROUPS, "groups", NULL, "also each group directly below" },
	{ 0 },
};

const struct verb memcheck_verb = {
	.name = "memcheck",
	.args = "[GROUP|PID|.]",
	.summary =
		"compare the machine's memory with what groups use and may use",
	.about =
		"Compare the memory of the machine with the memory that all groups, or GROUP, use and\n"
		"with the memory that their limits and guarantees have promised, as vzmemcheck of\n"
		"OpenVZ did. More than 100 in UTIL% means that memory is short now, and more than 100\n"
		"in COMMIT% that it can become short.",
	.opts = opts,
	.takes = TAKES_JSON | TAKES_BYTES | TAKES_TABLE,
	.columns = columns,
	.run = run_memcheck,
};

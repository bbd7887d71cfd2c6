// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl ubc - print the accounts as /proc/user_beancounters, format 2.5.
 *
 * Many installers take that file for a sign of an OpenVZ guest, so that not
 * every machine has it; programs that read the format can get it from here.
 */
#include <inttypes.h>
#include <string.h>

#include "advise.h"
#include "snapshot.h"

enum { OPT_FULL = OPT_OWN, OPT_FROM };

/* The number of an account from a file: no group has 1, the ID of the root. */
#define UID_FROM_FILE 1

/* The number of rows in the format; swappages, the next number, is newer. */
#define ROWS 24

/* Unlimited is the highest value of a long of 64 bits. */
static uint64_t as_long(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : value;
}

static void print_row(const char *uid, const char *name,
		      const struct libbc_resource *resource)
{
	/* A resource that is not counted holds nothing and is unlimited. */
	uint64_t held = 0, maxheld = 0, failcnt = 0;
	uint64_t barrier = INT64_MAX, limit = INT64_MAX;

	if (!strcmp(name, "dummy")) {
		barrier = 0;
		limit = 0;
	}
	if (resource) {
		held = libbc_resource_value(resource, LIBBC_HELD);
		maxheld = libbc_resource_value(resource, LIBBC_MAXHELD);
		barrier = libbc_resource_value(resource, LIBBC_BARRIER);
		limit = libbc_resource_value(resource, LIBBC_LIMIT);
		/* Its own refusals: a sum over groups counts each once. */
		failcnt = libbc_resource_value(
			resource,
			libbc_resource_has(resource, LIBBC_FAILCNT_LOCAL) ?
				LIBBC_FAILCNT_LOCAL :
				LIBBC_FAILCNT);
	}
	printf("%10s  %-12s %20" PRIu64 " %20" PRIu64 " %20" PRIu64
	       " %20" PRIu64 " %20" PRIu64 "\n",
	       uid, name, as_long(held), as_long(maxheld), as_long(barrier),
	       as_long(limit), as_long(failcnt));
}

static bool has_row(const char *name)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (resource_numbered(i) && !strcmp(resource_numbered(i), name))
			return true;
	return false;
}

/* The resources of @known for which the format has no row. */
static void print_rest(const struct libbc_account *account,
		       const struct libbc_account *known)
{
	size_t i;

	for (i = 0; i < libbc_account_count(known); i++) {
		const char *name =
			libbc_resource_name(libbc_account_get(known, i));

		if (!has_row(name))
			print_row("", name,
				  account ? libbc_account_find(account, name) :
					    NULL);
	}
}

/* @known is the account of any group: it has all resources of the kernel. */
static void print_node(const struct node *node, bool full,
		       const struct libbc_account *known)
{
	const struct libbc_account *account = node->account;
	char number[16];
	const char *uid = number;
	size_t i;

	/* The root, which is the host, was 0. */
	snprintf(number, sizeof(number), "%" PRIu32 ":", node_uid(node));
	for (i = 0; i < ROWS; i++) {
		const char *name = resource_numbered(i);

		/* A dummy holds the place of an unused number. */
		if (!name && full)
			continue;
		print_row(uid, name ? name : "dummy",
			  account && name ? libbc_account_find(account, name) :
					    NULL);
		uid = "";
	}
	if (full && known)
		print_rest(account, known);
}

/* The root has no account, but the resources that all others have. */
static const struct libbc_account *any_account(const struct snapshot *snapshot)
{
	size_t i;

	for (i = 0; i < snapshot->count; i++) {
		if (snapshot->nodes[i].account)
			return snapshot->nodes[i].account;
	}
	return NULL;
}

static void print_head(void)
{
	printf("Version: 2.5\n%10s  %-12s %20s %20s %20s %20s %20s\n", "uid",
	       "resource", "held", "maxheld", "barrier", "limit", "failcnt");
}

static int from_file(struct bcctl *ctl, const char *file, bool full)
{
	struct node node = { .id = UID_FROM_FILE };
	int ret = account_from_file(ctl, file, &node.account);

	if (!ret) {
		print_head();
		print_node(&node, full, node.account);
	}
	libbc_account_free(node.account);
	return ret;
}

static int run_ubc(struct bcctl *ctl)
{
	struct snapshot snapshot = { NULL };
	const char *value, *from = NULL;
	struct libbc_group *top = NULL;
	bool full = false;
	int id, ret;
	size_t i;

	while ((id = next_option(ctl, &value)) > 0) {
		if (id == OPT_FROM)
			from = value;
		else
			full = true;
	}
	if (id < 0)
		return ctl->failure;
	if (ctl->argc > !from)
		return bad_usage(ctl, from ? "no GROUP with --from" :
					     "at most one GROUP");
	if (from)
		return from_file(ctl, from, full);
	ret = target_open(ctl, ctl->argc ? ctl->argv[0] : "/", &top);
	if (!ret)
		ret = snapshot_take(ctl, top, ctl->argc ? 0 : -1, &snapshot);
	if (!ret) {
		print_head();
		for (i = 0; i < snapshot.count; i++)
			print_node(&snapshot.nodes[i], full,
				   any_account(&snapshot));
	}
	snapshot_free(&snapshot);
	libbc_group_close(top);
	return ret;
}

static const struct opt opts[] = {
	{ OPT_FULL, "full", NULL,
	  "as /proc/bc/resources: all resources, and no dummies" },
	{ OPT_FROM, "from", "FILE",
	  "a copy of bc.resources, or the output of show --json" },
	{ 0 },
};

const struct verb ubc_verb = {
	.name = "ubc",
	.args = "[GROUP|PID|.]",
	.summary = "print the accounts in the format of OpenVZ",
	.about =
		"Print the accounts of all groups, or of GROUP alone, in the format 2.5 of OpenVZ's\n"
		"/proc/user_beancounters, for programs that read it. The number of a group is its UID,\n"
		"which \"bcctl list -o +UID\" shows. FILE may be - for standard input.",
	.opts = opts,
	.run = run_ubc,
};

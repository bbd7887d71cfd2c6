// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl ubc - the text of /proc/user_beancounters, format 2.5.
 *
 * Many installers take that file for a sign of an OpenVZ guest, so that it is not
 * on every machine; what reads the format can read it from here.
 */
#include <inttypes.h>
#include <string.h>

#include "snapshot.h"

enum { OPT_FULL = OPT_OWN };

/* The rows of the format: swappages, the next number, came after it. */
#define ROWS 24

/* Unlimited is what a long of 64 bits can hold. */
static uint64_t as_long(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : value;
}

static void print_row(const char *uid, const char *name,
		      const struct libbc_resource *resource)
{
	/* A resource that is not counted is not full. */
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
		/* Its own, so that a sum over groups counts each once. */
		failcnt = libbc_resource_value(resource, LIBBC_FAILCNT_LOCAL);
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

static void print_node(const struct node *node, bool full)
{
	const struct libbc_account *account = node->account;
	char number[24];
	const char *uid = number;
	size_t i;

	/* The root, which is the host, was 0. */
	snprintf(number, sizeof(number), "%" PRIu64 ":",
		 account ? node->id : UINT64_C(0));
	for (i = 0; i < ROWS; i++) {
		const char *name = resource_numbered(i);

		/* A dummy holds the place of a number. */
		if (!name && full)
			continue;
		print_row(uid, name ? name : "dummy",
			  account && name ? libbc_account_find(account, name) :
					    NULL);
		uid = "";
	}
	for (i = 0; full && account && i < libbc_account_count(account); i++) {
		const struct libbc_resource *resource =
			libbc_account_get(account, i);
		const char *name = libbc_resource_name(resource);

		if (!has_row(name))
			print_row("", name, resource);
	}
}

static int run_ubc(struct bcctl *ctl)
{
	struct snapshot snapshot = { NULL };
	struct libbc_group *top = NULL;
	bool full = false;
	const char *value;
	int id, ret;
	size_t i;

	while ((id = next_option(ctl, &value)) > 0)
		full = true;
	if (id < 0)
		return ctl->failure;
	if (ctl->argc > 1)
		return bad_usage(ctl, "at most one GROUP");
	ret = target_open(ctl, ctl->argc ? ctl->argv[0] : "/", &top);
	if (!ret)
		ret = snapshot_take(ctl, top, ctl->argc ? 0 : -1, &snapshot);
	if (!ret) {
		printf("Version: 2.5\n%10s  %-12s %20s %20s %20s %20s %20s\n",
		       "uid", "resource", "held", "maxheld", "barrier", "limit",
		       "failcnt");
		for (i = 0; i < snapshot.count; i++)
			print_node(&snapshot.nodes[i], full);
	}
	snapshot_free(&snapshot);
	libbc_group_close(top);
	return ret;
}

static const struct opt opts[] = {
	{ OPT_FULL, "full", NULL,
	  "as /proc/bc/resources: all resources, and no dummies" },
	{ 0 },
};

const struct verb ubc_verb = {
	.name = "ubc",
	.args = "[GROUP|PID|.]",
	.summary = "the text of /proc/user_beancounters of OpenVZ",
	.about =
		"Print the accounts of all groups, or of GROUP alone, in the format 2.5 of OpenVZ's\n"
		"/proc/user_beancounters, for what reads that. The number of a group is its ID,\n"
		"which \"bcctl list -o +ID\" shows.",
	.opts = opts,
	.run = run_ubc,
};

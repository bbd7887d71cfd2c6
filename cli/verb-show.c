// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl show - show the account of one group.
 */
#include "columns.h"

static int show(struct bcctl *ctl, const struct node *node)
{
	struct table table;
	size_t i, count = libbc_account_count(node->account);
	int ret;

	ret = table_new(
		ctl, &table, "account", account_columns,
		ctl->json ?
			"GROUP,RESOURCE,UNIT,STATE,HELD,MAXHELD,BARRIER,LIMIT,FAILCNT,LOCAL,FORCED" :
			"RESOURCE,HELD,FILL,USE%,MAXHELD,BARRIER,LIMIT,FAILCNT,WHAT",
		false);
	for (i = 0; i < count && !ret; i++) {
		struct libscols_line *line = table_line(&table, NULL);

		ret = line ? account_line(&table, line, node,
					  libbc_account_get(node->account, i)) :
			     no_memory(ctl);
	}
	if (!ret)
		ret = table_print(&table);
	table_free(&table);
	return ret;
}

static int run_show(struct bcctl *ctl)
{
	struct libbc_group *group = NULL;
	struct node node = { NULL };
	const char *value;
	int ret;

	if (next_option(ctl, &value) < 0)
		return ctl->failure;
	if (ctl->argc != 1)
		return bad_usage(ctl, "one GROUP is needed");
	ret = target_open(ctl, ctl->argv[0], &group);
	if (!ret)
		ret = account_read(ctl, group, LIBBC_READ_LOCAL, &node.account);
	if (!ret) {
		node.path = (char *)libbc_group_path(group);
		node.id = libbc_group_id(group);
		if (!ctl->json && !ctl->raw && !ctl->noheadings)
			printf("%s\n", node.path);
		ret = show(ctl, &node);
	}
	libbc_account_free(node.account);
	libbc_group_close(group);
	return ret;
}

const struct verb show_verb = {
	.name = "show",
	.args = "GROUP|PID|.",
	.summary = "show the account of one group",
	.about =
		"Show what a group holds, has held, and may hold, and how often it was refused.\n"
		"GROUP is the path of a group, the ID of a process in it, or \".\" for bcctl's own.",
	.takes = TAKES_JSON | TAKES_BYTES | TAKES_TABLE,
	.columns = account_columns,
	.run = run_show,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl profile - list, print and set ready-made sets of limits.
 */
#define _GNU_SOURCE
#include <string.h>

#include "profile.h"
#include "table.h"

enum { OPT_DRY_RUN = OPT_OWN };

enum { COL_NAME, COL_TEXT };

static const struct column columns[] = {
	[COL_NAME] = { "NAME", TEXT, 0, "name of the profile" },
	[COL_TEXT] = { "WHAT", TEXT, 0, "what it is for" },
	{ NULL },
};

/* The first comment, which is "# What it is for". */
static char *summary(const char *text)
{
	while (!strncmp(text, "# SPDX", 6))
		text += strcspn(text, "\n") + 1;
	text += strspn(text, "# ");
	return strndup(text, strcspn(text, "\n"));
}

static int list(const struct bcctl *ctl, const struct profiles *profiles)
{
	struct table table;
	size_t i;
	int ret;

	ret = table_new(ctl, &table, "profiles", columns, "NAME,WHAT", false);
	for (i = 0; i < profiles->count && !ret; i++) {
		struct libscols_line *line = table_line(&table, NULL);
		char *text = summary(profiles->v[i].text);

		if (!line || !text ||
		    table_set(&table, line, COL_NAME, profiles->v[i].name) ||
		    table_set(&table, line, COL_TEXT, text))
			ret = no_memory(ctl);
		free(text);
	}
	if (!ret)
		ret = table_print(&table);
	table_free(&table);
	return ret;
}

static int apply(struct bcctl *ctl, const struct profile *profile,
		 const char *name, bool dry_run)
{
	struct libbc_account *account = NULL;
	struct libbc_group *group = NULL;
	struct specs specs = { NULL };
	size_t left_out = 0;
	int ret;

	ret = target_open(ctl, name, &group);
	if (!ret)
		ret = account_read(ctl, group, 0, &account);
	if (!ret)
		ret = profile_parse(ctl, profile, account, &specs, &left_out);
	if (!ret && left_out)
		warn("%zu of the resources of %s are not in this kernel and left out",
		     left_out, profile->name);
	if (!ret && dry_run) {
		printf("bcctl set %s", libbc_group_path(group));
		specs_print(stdout, &specs);
		putchar('\n');
	}
	if (!ret)
		rules_check(ctl, group, account, &specs);
	if (!ret && !dry_run)
		ret = specs_apply(ctl, &specs, group);
	specs_free(&specs);
	libbc_account_free(account);
	libbc_group_close(group);
	return ret;
}

static int run_profile(struct bcctl *ctl)
{
	struct profiles profiles = { NULL };
	const struct profile *chosen = NULL;
	bool dry_run = false;
	const char *value;
	int id, ret;

	while ((id = next_option(ctl, &value)) > 0)
		dry_run = true;
	if (id < 0)
		return ctl->failure;
	if (ctl->argc > 2)
		return bad_usage(ctl, "at most a NAME and a GROUP");
	ret = profiles_load(ctl, &profiles);
	if (!ret && ctl->argc) {
		chosen = profile_find(ctl, &profiles, ctl->argv[0]);
		ret = chosen ? 0 : ctl->failure;
	}
	if (!ret && !ctl->argc)
		ret = list(ctl, &profiles);
	else if (!ret && ctl->argc == 1)
		fputs(chosen->text, stdout);
	else if (!ret)
		ret = apply(ctl, chosen, ctl->argv[1], dry_run);
	profiles_free(&profiles);
	return ret;
}

static const struct opt opts[] = {
	{ OPT_DRY_RUN, "dry-run", NULL, "print the bcctl set line instead" },
	{ 0 },
};

const struct verb profile_verb = {
	.name = "profile",
	.args = "[NAME [GROUP|PID|.]]",
	.summary = "list, print and set ready-made sets of limits",
	.about =
		"List the profiles, print a profile, or set the barriers and limits of GROUP to it.\n"
		"Resources that the kernel does not have are left out.",
	.opts = opts,
	.takes = TAKES_JSON | TAKES_TABLE,
	.columns = columns,
	.run = run_profile,
};

// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl profile - ready sets of limits.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <glob.h>
#include <string.h>

#include "profiles.h"
#include "table.h"

enum { OPT_DRY_RUN = OPT_OWN };

enum { COL_NAME, COL_TEXT };

static const struct column columns[] = {
	[COL_NAME] = { "NAME", TEXT, 0, "name of the profile" },
	[COL_TEXT] = { "WHAT", TEXT, 0, "what it is for" },
	{ NULL },
};

/* Built in, and one file each in the directory of the machine's own. */
struct profile {
	char *name, *text;
};

struct profiles {
	struct profile *v;
	size_t count;
};

static int add(const struct bcctl *ctl, struct profiles *profiles,
	       const char *name, const char *text)
{
	struct profile *more;
	size_t i;

	for (i = 0; i < profiles->count; i++)
		if (!strcmp(profiles->v[i].name, name))
			return 0;
	more = reallocarray(profiles->v, profiles->count + 1, sizeof(*more));
	if (!more)
		return no_memory(ctl);
	profiles->v = more;
	more += profiles->count++;
	more->name = strdup(name);
	more->text = strdup(text);
	return more->name && more->text ? 0 : no_memory(ctl);
}

static int add_file(const struct bcctl *ctl, struct profiles *profiles,
		    const char *path)
{
	const char *base = strrchr(path, '/') + 1;
	FILE *file = fopen(path, "re");
	char *text, *name;
	int ret;

	text = file ? read_all(file) : NULL;
	if (!text) {
		ret = fail(ctl, "cannot read profile %s: %s", path,
			   strerror(errno));
	} else {
		name = strndup(base, strlen(base) - strlen(".conf"));
		ret = name ? add(ctl, profiles, name, text) : no_memory(ctl);
		free(name);
	}
	if (file)
		fclose(file);
	free(text);
	return ret;
}

/* The machine's own come first and hide those built in. */
static int load(const struct bcctl *ctl, struct profiles *profiles)
{
	char pattern[4096];
	glob_t found;
	size_t i;
	int ret = 0;

	snprintf(pattern, sizeof(pattern), "%s%s/bcctl/profiles/*.conf",
		 ctl->sysroot ? ctl->sysroot : "", SYSCONFDIR);
	if (!glob(pattern, 0, NULL, &found))
		for (i = 0; i < found.gl_pathc && !ret; i++)
			ret = add_file(ctl, profiles, found.gl_pathv[i]);
	globfree(&found);
	for (i = 0; i < ARRAY_SIZE(builtin_profiles) && !ret; i++)
		ret = add(ctl, profiles, builtin_profiles[i].name,
			  builtin_profiles[i].text);
	return ret;
}

static void unload(struct profiles *profiles)
{
	size_t i;

	for (i = 0; i < profiles->count; i++) {
		free(profiles->v[i].name);
		free(profiles->v[i].text);
	}
	free(profiles->v);
}

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

/*
 * The lines "RESOURCE=BARRIER:LIMIT" of a profile. With an account, only those
 * that the kernel has.
 */
static int parse(const struct bcctl *ctl, const struct profile *profile,
		 const struct libbc_account *account, struct specs *specs)
{
	char *copy = strdup(profile->text), *line, *save = NULL;
	size_t left_out = 0;
	int ret = 0;

	if (!copy)
		return no_memory(ctl);
	for (line = strtok_r(copy, "\n", &save); line && !ret;
	     line = strtok_r(NULL, "\n", &save)) {
		size_t len = strcspn(line, "=");
		char name[64];

		line[strcspn(line, " \t#")] = '\0';
		if (!*line)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)len, line);
		if (account && !libbc_account_find(account, name))
			left_out++;
		else if (account && resource_kind(name) == RESOURCE_SHOWN)
			continue;
		else
			ret = specs_add(ctl, specs, account, line);
	}
	if (ret) {
		hint("this is in profile %s", profile->name);
		ret = ctl->failure;
	}
	if (!ret && left_out)
		warn("%zu of the resources of %s are not in this kernel and left out",
		     left_out, profile->name);
	free(copy);
	return ret;
}

static int apply(struct bcctl *ctl, const struct profile *profile,
		 const char *name, bool dry_run)
{
	struct libbc_account *account = NULL;
	struct libbc_group *group = NULL;
	struct specs specs = { NULL };
	int ret;

	ret = target_open(ctl, name, &group);
	if (!ret)
		ret = account_read(ctl, group, 0, &account);
	if (!ret)
		ret = parse(ctl, profile, account, &specs);
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

static const char *profile_name(const void *from, size_t index)
{
	const struct profiles *profiles = from;

	return index < profiles->count ? profiles->v[index].name : NULL;
}

static int unknown(const struct bcctl *ctl, const struct profiles *profiles,
		   const char *name)
{
	const char *close = nearest(name, profile_name, profiles);

	fail(ctl,
	     "there is no profile %s, neither built in nor in %s/bcctl/profiles",
	     name, SYSCONFDIR);
	if (close)
		hint("did you mean %s?", close);
	hint("bcctl profile");
	return ctl->failure;
}

static int run_profile(struct bcctl *ctl)
{
	struct profiles profiles = { NULL };
	const struct profile *chosen = NULL;
	bool dry_run = false;
	const char *value;
	size_t i;
	int id, ret;

	while ((id = next_option(ctl, &value)) > 0)
		dry_run = true;
	if (id < 0)
		return ctl->failure;
	if (ctl->argc > 2)
		return bad_usage(ctl, "at most a NAME and a GROUP");
	ret = load(ctl, &profiles);
	for (i = 0; !ret && ctl->argc && i < profiles.count; i++)
		if (!strcmp(profiles.v[i].name, ctl->argv[0]))
			chosen = &profiles.v[i];
	if (!ret && ctl->argc && !chosen)
		ret = unknown(ctl, &profiles, ctl->argv[0]);
	else if (!ret && !ctl->argc)
		ret = list(ctl, &profiles);
	else if (!ret && ctl->argc == 1)
		fputs(chosen->text, stdout);
	else if (!ret)
		ret = apply(ctl, chosen, ctl->argv[1], dry_run);
	unload(&profiles);
	return ret;
}

static const struct opt opts[] = {
	{ OPT_DRY_RUN, "dry-run", NULL, "print the bcctl set line instead" },
	{ 0 },
};

const struct verb profile_verb = {
	.name = "profile",
	.args = "[NAME [GROUP|PID|.]]",
	.summary = "ready sets of limits",
	.about =
		"List the profiles, print one, or set the barriers and limits of GROUP to it.\n"
		"Resources that the kernel does not have are left out.",
	.opts = opts,
	.takes = TAKES_JSON | TAKES_TABLE,
	.columns = columns,
	.run = run_profile,
};

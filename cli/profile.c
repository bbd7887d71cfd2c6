// SPDX-License-Identifier: GPL-2.0-only
/*
 * Profiles: ready-made sets of limits. Some are built in; each file in a
 * directory of the machine is another one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <glob.h>
#include <string.h>

#include "profile.h"
#include "profiles.h"

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

/* The machine's own profiles come first and hide the built-in ones. */
int profiles_load(const struct bcctl *ctl, struct profiles *profiles)
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

void profiles_free(struct profiles *profiles)
{
	size_t i;

	for (i = 0; i < profiles->count; i++) {
		free(profiles->v[i].name);
		free(profiles->v[i].text);
	}
	free(profiles->v);
}

/*
 * Parse the lines "RESOURCE=BARRIER:LIMIT" of a profile. If there is an
 * account, resources that it does not have are left out and counted.
 */
int profile_parse(const struct bcctl *ctl, const struct profile *profile,
		  const struct libbc_account *account, struct specs *specs,
		  size_t *left_out)
{
	char *copy = strdup(profile->text), *line, *save = NULL;
	int ret = 0;

	*left_out = 0;
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
			++*left_out;
		else if (resource_kind(name) == RESOURCE_SHOWN)
			continue;
		else
			ret = specs_add(ctl, specs, account, line);
	}
	if (ret) {
		hint("this is in profile %s", profile->name);
		ret = ctl->failure;
	}
	free(copy);
	return ret;
}

static const char *profile_name(const void *from, size_t index)
{
	const struct profiles *profiles = from;

	return index < profiles->count ? profiles->v[index].name : NULL;
}

/* The profile of this name; NULL, after a message, if there is none. */
const struct profile *profile_find(const struct bcctl *ctl,
				   const struct profiles *profiles,
				   const char *name)
{
	const char *close;
	size_t i;

	for (i = 0; i < profiles->count; i++)
		if (!strcmp(profiles->v[i].name, name))
			return &profiles->v[i];
	close = nearest(name, profile_name, profiles);
	fail(ctl,
	     "there is no profile %s, neither built in nor in %s/bcctl/profiles",
	     name, SYSCONFDIR);
	if (close)
		hint("did you mean %s?", close);
	hint("bcctl profile");
	return NULL;
}

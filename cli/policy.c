// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policy of a machine: the sections of the files in a directory, and the
 * choice of the section for a group.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#include "policy.h"
#include "profile.h"

/* More than any pattern has characters. */
#define LITERAL SIZE_MAX

/* A backslash is part of a name: systemd has it in those that it escapes. */
#define MATCH (FNM_PATHNAME | FNM_NOESCAPE)

/*
 * How specific a pattern is in one part of the path: LITERAL without wildcards,
 * otherwise the number of its ordinary characters. "[x]" counts as x.
 */
static size_t part_weight(const char *part, size_t len)
{
	bool literal = true;
	size_t i, weight = 0;

	for (i = 0; i < len; i++) {
		if (part[i] == '[' && i + 2 < len && part[i + 2] == ']') {
			i += 2;
			weight++;
		} else if (part[i] == '[') {
			literal = false;
			while (i + 1 < len && part[i] != ']')
				i++;
		} else if (part[i] == '*' || part[i] == '?') {
			literal = false;
		} else {
			weight++;
		}
	}
	return literal ? LITERAL : weight;
}

/*
 * Which of two sections wins if both match: from the top of the path on, the
 * one whose part is more specific; among equals, the one that was read last.
 */
static int compare(const void *left, const void *right)
{
	const struct section *a = left, *b = right;
	const char *pa = a->pattern, *pb = b->pattern;

	while (*pa && *pb) {
		size_t la = strcspn(++pa, "/"), lb = strcspn(++pb, "/");
		size_t wa = part_weight(pa, la), wb = part_weight(pb, lb);

		if (wa != wb)
			return wa > wb ? -1 : 1;
		pa += la;
		pb += lb;
	}
	if (*pa || *pb)
		return *pa ? -1 : 1;
	return a->order > b->order ? -1 : 1;
}

const struct section *policy_find(const struct policy *policy, const char *path)
{
	size_t i;

	/* Skip the root, which has no account but would match a single "*". */
	for (i = 0; path[1] && i < policy->count; i++)
		if (!fnmatch(policy->v[i].pattern, path, MATCH))
			return &policy->v[i];
	return NULL;
}

const struct section *policy_named(const struct policy *policy,
				   const char *pattern)
{
	size_t i;

	for (i = 0; i < policy->count; i++)
		if (!strcmp(policy->v[i].pattern, pattern))
			return &policy->v[i];
	return NULL;
}

void policy_free(struct policy *policy)
{
	size_t i;

	for (i = 0; i < policy->count; i++) {
		struct section *section = &policy->v[i];

		free(section->pattern);
		free(section->file);
		free(section->profile);
		specs_free(&section->specs);
		libbc_settings_free(section->settings);
	}
	free(policy->v);
	*policy = (struct policy){ NULL };
}

static int add_profile(struct bcctl *ctl, const struct profiles *profiles,
		       const struct libbc_account *account,
		       struct section *section)
{
	const struct profile *profile;
	struct specs specs = { NULL };
	size_t left_out;
	int ret;

	profile = profile_find(ctl, profiles, section->profile);
	if (!profile)
		return ctl->failure;
	ret = profile_parse(ctl, profile, account, &specs, &left_out);
	if (!ret)
		ret = specs_merge(ctl, &section->specs, &specs);
	specs_free(&specs);
	return ret;
}

static int fill_settings(struct bcctl *ctl, struct section *section)
{
	int ret = libbc_settings_new(&section->settings);

	if (!ret)
		ret = specs_fill(&section->specs, section->settings);
	return ret ? no_memory(ctl) : 0;
}

static void warn_of_order(const struct section *section)
{
	size_t i;

	for (i = 0; i < section->specs.count; i++) {
		const struct spec *spec = &section->specs.v[i];

		if (spec->has_barrier && spec->has_limit &&
		    spec->barrier > spec->limit)
			warn("%s:%u: [%s] %s: the barrier is above the limit and acts as if it were equal to it",
			     section->file, section->line, section->pattern + 1,
			     spec->name);
	}
}

static int complete(struct bcctl *ctl, const struct libbc_account *account,
		    struct policy *policy, size_t *errors)
{
	struct profiles profiles = { NULL };
	size_t i;
	int ret;

	ret = profiles_load(ctl, &profiles);
	for (i = 0; i < policy->count && !ret; i++) {
		struct section *section = &policy->v[i];

		ctl->file = section->file;
		ctl->line = section->profile_line;
		if (section->profile &&
		    add_profile(ctl, &profiles, account, section))
			++*errors;
		ctl->file = NULL;
		warn_of_order(section);
		ret = fill_settings(ctl, section);
	}
	profiles_free(&profiles);
	return ret;
}

/* The path of the policy: that of --from, or the machine's own. */
int policy_path(const struct bcctl *ctl, const char *from, char **path)
{
	int ret;

	if (from)
		ret = asprintf(path, "%s", from);
	else
		ret = asprintf(path, "%s%s", ctl->sysroot ? ctl->sysroot : "",
			       POLICY_DIRECTORY);
	return ret < 0 ? no_memory(ctl) : 0;
}

static int is_conf(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return *entry->d_name != '.' && len > 5 &&
	       !strcmp(entry->d_name + len - 5, ".conf");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_directory(struct bcctl *ctl, const char *path,
			  const struct libbc_account *account,
			  struct policy *policy, size_t *errors)
{
	struct dirent **names;
	int count = scandir(path, &names, is_conf, by_name), i, ret = 0;

	if (count < 0)
		return fail(ctl, "cannot read the directory %s: %s", path,
			    strerror(errno));
	for (i = 0; i < count; i++) {
		char *file = NULL;

		if (!ret &&
		    asprintf(&file, "%s/%s", path, names[i]->d_name) < 0) {
			file = NULL;
			ret = no_memory(ctl);
		}
		if (!ret)
			ret = policy_read(ctl, file, account, policy, errors);
		free(file);
		free(names[i]);
	}
	free(names);
	return ret;
}

static int read_from(struct bcctl *ctl, const char *from, const char *path,
		     const struct libbc_account *account, struct policy *policy,
		     size_t *errors)
{
	struct stat st;

	if (stat(path, &st)) {
		/* A policy is optional, but the path of --from is not. */
		if (errno == ENOENT && !from)
			return 0;
		return fail(ctl, "cannot read %s: %s", path, strerror(errno));
	}
	if (S_ISDIR(st.st_mode))
		return read_directory(ctl, path, account, policy, errors);
	return policy_read(ctl, path, account, policy, errors);
}

/*
 * If there is an account, only the resources that it has are accepted. After a
 * mistake the policy is empty.
 */
int policy_load(struct bcctl *ctl, const char *from,
		const struct libbc_account *account, struct policy *policy)
{
	size_t errors = 0;
	char *path;
	int ret;

	*policy = (struct policy){ NULL };
	ret = policy_path(ctl, from, &path);
	if (ret)
		return ret;
	ret = read_from(ctl, from, path, account, policy, &errors);
	if (!ret)
		ret = complete(ctl, account, policy, &errors);
	if (!ret && errors) {
		ret = fail(ctl,
			   "%zu mistake%s in %s; no limit has been changed",
			   errors, errors > 1 ? "s" : "", path);
	}
	free(path);
	if (ret) {
		policy_free(policy);
		return ret;
	}
	if (policy->count)
		qsort(policy->v, policy->count, sizeof(*policy->v), compare);
	return 0;
}

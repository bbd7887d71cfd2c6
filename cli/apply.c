// SPDX-License-Identifier: GPL-2.0-only
/*
 * Put the policy into force, for one group or for all groups at and below one.
 */
#include <errno.h>
#include <string.h>

#include "apply.h"

/*
 * The account of any group, which says which resources the kernel has; NULL if
 * there is no such group.
 */
static int any_account(struct bcctl *ctl, struct libbc_account **account)
{
	struct libbc_group *group = NULL;
	struct libbc_walk *walk;
	int ret;

	*account = NULL;
	ret = libbc_group_open(ctl->host, "/", &group);
	if (!ret)
		ret = libbc_walk_open(group, &walk);
	libbc_group_close(group);
	if (ret)
		return explain_open(ctl, "/", ret);
	while (!*account && (ret = libbc_walk_next(walk, &group)) > 0) {
		if (libbc_account_read(group, 0, account))
			*account = NULL;
		libbc_group_close(group);
	}
	libbc_walk_close(walk);
	if (*account ||
	    libbc_host_controller(ctl->host) == LIBBC_CONTROLLER_PRESENT)
		return 0;
	return explain_file(ctl, "/", "bc.resources", -EOPNOTSUPP, false);
}

/* Read the policy; apply->policy is replaced only if there is no mistake. */
int apply_load(struct apply *apply)
{
	struct libbc_account *account = NULL;
	struct policy policy;
	int ret;

	ret = need_host(apply->ctl);
	if (!ret)
		ret = any_account(apply->ctl, &account);
	if (!ret)
		ret = policy_load(apply->ctl, apply->from, account, &policy);
	libbc_account_free(account);
	if (ret)
		return ret;
	policy_free(&apply->policy);
	apply->policy = policy;
	return 0;
}

static void print_pair(const struct apply *apply, char sign,
		       const struct libbc_resource *resource, uint64_t barrier,
		       uint64_t limit)
{
	enum libbc_unit unit = libbc_resource_unit(resource);
	char a[LIBBC_SIZE_LEN], b[LIBBC_SIZE_LEN];

	printf("%c %s %s:%s\n", sign, libbc_resource_name(resource),
	       value_text(apply->ctl, barrier, unit, a),
	       value_text(apply->ctl, limit, unit, b));
}

/* Print the changes of a group; returns how many resources change. */
static size_t compare(const struct apply *apply, const struct section *section,
		      const struct libbc_account *account, const char *path)
{
	size_t i, changes = 0;

	for (i = 0; i < section->specs.count; i++) {
		const struct spec *spec = &section->specs.v[i];
		const struct libbc_resource *resource =
			libbc_account_find(account, spec->name);
		uint64_t barrier =
			libbc_resource_value(resource, LIBBC_BARRIER);
		uint64_t limit = libbc_resource_value(resource, LIBBC_LIMIT);
		uint64_t new_barrier = spec->has_barrier ? spec->barrier :
							   barrier;
		uint64_t new_limit = spec->has_limit ? spec->limit : limit;

		if (barrier == new_barrier && limit == new_limit)
			continue;
		if (!changes++ && apply->diff)
			printf("%s: %s:%u\n", path, section->file,
			       section->line);
		if (!apply->diff)
			continue;
		print_pair(apply, '-', resource, barrier, limit);
		print_pair(apply, '+', resource, new_barrier, new_limit);
	}
	if (changes && !apply->diff)
		printf("%s: %zu resource%s would change, %s:%u\n", path,
		       changes, changes > 1 ? "s" : "", section->file,
		       section->line);
	return changes;
}

/* Say what changes in a group; 0 also if the group has been removed. */
static int look(struct apply *apply, const struct section *section,
		const struct libbc_group *group)
{
	const char *path = libbc_group_path(group);
	struct libbc_account *account;
	int ret;

	ret = libbc_account_read(group, 0, &account);
	if (ret == -ENODEV || ret == -ENOENT)
		return 0;
	if (ret)
		return explain_file(apply->ctl, path, "bc.resources", ret,
				    false);
	ret = specs_known(apply->ctl, &section->specs, account);
	if (ret) {
		hint("this is for %s, by [%s] in %s:%u", path,
		     section->pattern + 1, section->file, section->line);
		ret = apply->ctl->failure;
	} else if (compare(apply, section, account, path)) {
		apply->changed++;
	}
	libbc_account_free(account);
	return ret;
}

static int explain_group(struct apply *apply, const struct section *section,
			 const struct libbc_group *group, int error)
{
	if (apply->failed >= MOST_FAILURES)
		return apply->ctl->failure;
	/* The account tells which resource is not there. */
	if (error == -ENXIO)
		return look(apply, section, group);
	return explain_file(apply->ctl, libbc_group_path(group), "bc.barrier",
			    error, true);
}

/*
 * Returns the exit status: 0 also if no section is for the group, or if the
 * group has been removed.
 */
int apply_group(struct apply *apply, const struct libbc_group *group)
{
	const struct section *section =
		policy_find(&apply->policy, libbc_group_path(group));
	int ret = 0;

	if (!section)
		return 0;
	apply->matched++;
	if (apply->dry_run || apply->diff)
		ret = look(apply, section, group);
	if (!ret && !apply->dry_run) {
		ret = libbc_settings_apply(section->settings, group);
		if (ret == -ENODEV || ret == -ENOENT)
			ret = 0;
		if (ret)
			ret = explain_group(apply, section, group, ret);
	}
	if (ret)
		apply->failed++;
	return ret;
}

/* Go through all groups, even if one of them fails. */
int apply_below(struct apply *apply, const struct libbc_group *top)
{
	const char *path = libbc_group_path(top);
	struct libbc_group *group;
	struct libbc_walk *walk;
	int ret, status = 0;

	ret = libbc_walk_open(top, &walk);
	if (ret)
		return explain_open(apply->ctl, path, ret);
	while ((ret = libbc_walk_next(walk, &group)) > 0) {
		status = apply_group(apply, group) ?: status;
		libbc_group_close(group);
	}
	libbc_walk_close(walk);
	if (ret)
		return explain_open(apply->ctl, path, ret);
	if (apply->failed > MOST_FAILURES)
		fail(apply->ctl, "%zu more groups failed",
		     apply->failed - MOST_FAILURES);
	return status;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl set - set barriers and limits of a group; bcctl reset - its maxheld.
 */
#include "veconfig.h"

enum { OPT_DRY_RUN = OPT_OWN, OPT_VE_CONFIG };

static void print_changes(const struct bcctl *ctl,
			  const struct libbc_account *account,
			  const struct specs *specs)
{
	char old[LIBBC_SIZE_LEN], new[LIBBC_SIZE_LEN];
	unsigned int flags = ctl->bytes ? LIBBC_SIZE_PLAIN : 0;
	size_t i;

	for (i = 0; i < specs->count; i++) {
		const struct spec *spec = &specs->v[i];
		const struct libbc_resource *resource =
			libbc_account_find(account, spec->name);
		enum libbc_unit unit = libbc_resource_unit(resource);

		if (spec->has_barrier)
			printf("%s barrier %s -> %s\n", spec->name,
			       libbc_size_format(
				       libbc_resource_value(resource,
							    LIBBC_BARRIER),
				       unit, flags, old),
			       libbc_size_format(spec->barrier, unit, flags,
						 new));
		if (spec->has_limit)
			printf("%s limit %s -> %s\n", spec->name,
			       libbc_size_format(libbc_resource_value(
							 resource, LIBBC_LIMIT),
						 unit, flags, old),
			       libbc_size_format(spec->limit, unit, flags,
						 new));
	}
}

static int set(struct bcctl *ctl, const struct libbc_group *group,
	       char *const *texts, const char *ve_config, bool dry_run)
{
	struct libbc_account *account = NULL;
	struct specs specs = { NULL };
	int ret;

	ret = account_read(ctl, group, 0, &account);
	if (!ret && ve_config)
		ret = veconfig_read(ctl, ve_config, &specs);
	if (!ret && ve_config)
		veconfig_fit(ctl, group, account, &specs);
	while (!ret && *texts)
		ret = specs_add(ctl, &specs, account, *texts++);
	if (!ret) {
		rules_check(ctl, group, account, &specs);
		if (dry_run)
			print_changes(ctl, account, &specs);
		else
			ret = specs_apply(ctl, &specs, group);
	}
	specs_free(&specs);
	libbc_account_free(account);
	return ret;
}

static int run_set(struct bcctl *ctl)
{
	struct libbc_group *group = NULL;
	const char *value, *ve_config = NULL;
	bool dry_run = false;
	int id, ret;

	while ((id = next_option(ctl, &value)) > 0) {
		if (id == OPT_VE_CONFIG)
			ve_config = value;
		else
			dry_run = true;
	}
	if (id < 0)
		return ctl->failure;
	if (ctl->argc < 2 - !!ve_config)
		return bad_usage(ctl, "a GROUP and what to set are needed");
	ret = target_open(ctl, ctl->argv[0], &group);
	if (!ret)
		ret = set(ctl, group, ctl->argv + 1, ve_config, dry_run);
	libbc_group_close(group);
	return ret;
}

static const struct opt set_opts[] = {
	{ OPT_DRY_RUN, "dry-run", NULL,
	  "check all settings and print what would change" },
	{ OPT_VE_CONFIG, "ve-config", "FILE",
	  "set the limits of an OpenVZ container's configuration" },
	{ OPT_BYTES, "bytes", NULL,
	  "plain numbers are bytes, in settings and in output" },
	{ OPT_PAGES, "pages", NULL,
	  "plain numbers for resources in pages are pages" },
	{ 0 },
};

const struct verb set_verb = {
	.name = "set",
	.args = "GROUP|PID|. RESOURCE=BARRIER[:LIMIT]...",
	.summary = "set barriers and limits of a group, all or none",
	.about =
		"Set barriers and limits. All are checked before any is set, and a bcctl that is\n"
		"killed leaves either all old or all new ones. RESOURCE=:LIMIT sets the limit alone.\n"
		"Sizes are bytes with K, M, G or T (256M, 1.5G), pages with P, or max. A plain\n"
		"number for a resource in pages is refused without --bytes or --pages.",
	.opts = set_opts,
	.run = run_set,
};

static int run_reset(struct bcctl *ctl)
{
	struct libbc_account *account = NULL;
	struct libbc_group *group = NULL;
	const char *value;
	int i, ret;

	if (next_option(ctl, &value) < 0)
		return ctl->failure;
	if (ctl->argc < 1)
		return bad_usage(ctl, "a GROUP is needed");
	ret = target_open(ctl, ctl->argv[0], &group);
	if (!ret)
		ret = account_read(ctl, group, 0, &account);
	for (i = 1; i < ctl->argc && !ret; i++)
		if (!libbc_account_find(account, ctl->argv[i]))
			ret = explain_resource(ctl, account, ctl->argv[i]);
	libbc_account_free(account);
	if (!ret) {
		int error = libbc_maxheld_reset(
			group, (const char *const *)ctl->argv + 1,
			ctl->argc - 1);

		if (error)
			ret = explain_file(ctl, libbc_group_path(group),
					   "bc.maxheld", error, true);
	}
	libbc_group_close(group);
	return ret;
}

const struct verb reset_verb = {
	.name = "reset",
	.args = "GROUP|PID|. [RESOURCE]...",
	.summary = "set maxheld back to what is held now",
	.about =
		"Set maxheld of these resources, or of all, to what is held now, so that it shows\n"
		"the highest value from now on.",
	.run = run_reset,
};

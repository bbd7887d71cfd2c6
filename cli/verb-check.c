// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl check - do the barriers and limits of a group, or of a configuration
 * file of OpenVZ, fit together?
 *
 * A repair for one rule can break another one, as a larger dcachesize needs a
 * larger kmemsize. So the repairs are repeated until nothing is left to repair.
 */
#include <string.h>

#include "rules.h"
#include "veconfig.h"

enum { OPT_FIX = OPT_OWN, OPT_DRY_RUN, OPT_VE_CONFIG };

/* More rounds than repairs that can follow from each other. */
#define MOST_ROUNDS 16

struct check {
	struct bcctl *ctl;
	const char *what; /* the group or the file */
	bool fix, dry_run;
	const char *file;
	struct plan plan;
	struct specs specs; /* the settings of the file, then repairs */
	struct specs fixed; /* the repairs alone */
	size_t count[RULE_ERROR + 1];
	bool failed; /* out of memory */
};

static const char *const severities[] = {
	[RULE_ADVICE] = "advice",
	[RULE_WARNING] = "warning",
	[RULE_ERROR] = "error",
};

static void on_finding(void *arg, const struct finding *finding)
{
	struct check *check = arg;

	check->count[finding->severity]++;
	printf("%s: %s: %s: %s\n", check->what, severities[finding->severity],
	       finding->name, finding->text);
}

static void put(struct check *check, struct specs *specs,
		const struct finding *finding)
{
	struct spec *spec = specs_named(specs, finding->name);

	if (!spec) {
		check->failed = true;
		return;
	}
	spec->has_barrier = true;
	spec->has_limit = true;
	spec->barrier = finding->barrier;
	spec->limit = finding->limit;
}

/* Errors and warnings are repaired, advice is not. */
static void on_repair(void *arg, const struct finding *finding)
{
	struct check *check = arg;

	if (!finding->fixable || finding->severity == RULE_ADVICE)
		return;
	put(check, &check->specs, finding);
	put(check, &check->fixed, finding);
	check->count[finding->severity]++;
}

static void each_rule(struct check *check, finding_fn fn)
{
	size_t i, n = check->plan.account ?
			      libbc_account_count(check->plan.account) :
			      check->specs.count;

	for (i = 0; i < n; i++)
		rules_of_one(&check->plan,
			     check->plan.account ?
				     libbc_resource_name(libbc_account_get(
					     check->plan.account, i)) :
				     check->specs.v[i].name,
			     fn, check);
	rules_of_many(&check->plan, true, fn, check);
}

static bool repair(struct check *check)
{
	int round;

	for (round = 0; round < MOST_ROUNDS && !check->failed; round++) {
		memset(check->count, 0, sizeof(check->count));
		each_rule(check, on_repair);
		if (!check->count[RULE_ERROR] && !check->count[RULE_WARNING])
			return true;
	}
	return false;
}

static void print_repairs(const struct check *check)
{
	printf(check->file ? "%s: repaired:" : "bcctl set %s", check->what);
	specs_print(stdout, &check->fixed);
	putchar('\n');
}

static int finish(struct check *check, const struct libbc_group *group)
{
	struct bcctl *ctl = check->ctl;
	size_t bad = check->count[RULE_ERROR];

	if (!bad && !check->count[RULE_WARNING]) {
		if (!check->count[RULE_ADVICE])
			printf("%s: no complaints\n", check->what);
		return 0;
	}
	if (!check->fix)
		return bad ? ctl->failure : 0;
	if (!repair(check))
		return check->failed ?
			       no_memory(ctl) :
			       fail(ctl, "%s: no values satisfy all rules",
				    check->what);
	print_repairs(check);
	if (check->dry_run)
		return 0;
	return check->file ? veconfig_rewrite(ctl, check->file, &check->fixed) :
			     specs_apply(ctl, &check->fixed, group);
}

static int check_file(struct check *check)
{
	int ret;

	check->what = check->file;
	ret = veconfig_read(check->ctl, check->file, &check->specs);
	if (ret)
		return ret;
	each_rule(check, on_finding);
	return finish(check, NULL);
}

static int check_group(struct check *check, const char *name)
{
	struct libbc_account *account = NULL;
	struct libbc_group *group = NULL;
	int ret;

	ret = target_open(check->ctl, name, &group);
	if (!ret)
		ret = account_read(check->ctl, group, 0, &account);
	if (!ret) {
		check->what = libbc_group_path(group);
		check->plan.account = account;
		each_rule(check, on_finding);
		ret = finish(check, group);
	}
	libbc_account_free(account);
	libbc_group_close(group);
	return ret;
}

static int run_check(struct bcctl *ctl)
{
	struct check check = { .ctl = ctl };
	const char *value;
	int id, ret;

	check.plan.specs = &check.specs;
	while ((id = next_option(ctl, &value)) > 0) {
		if (id == OPT_FIX)
			check.fix = true;
		else if (id == OPT_DRY_RUN)
			check.dry_run = true;
		else
			check.file = value;
	}
	if (id < 0)
		return ctl->failure;
	if (ctl->argc != !check.file)
		return bad_usage(ctl, "one GROUP is needed, or --ve-config");
	if (check.file && !strcmp(check.file, "-") && check.fix &&
	    !check.dry_run)
		return bad_usage(ctl, "--fix cannot write standard input");
	ret = check.file ? check_file(&check) :
			   check_group(&check, ctl->argv[0]);
	specs_free(&check.specs);
	specs_free(&check.fixed);
	return ret;
}

static const struct opt opts[] = {
	{ OPT_FIX, "fix", NULL, "repair errors and warnings" },
	{ OPT_DRY_RUN, "dry-run", NULL, "with --fix: only print the changes" },
	{ OPT_VE_CONFIG, "ve-config", "FILE",
	  "check the configuration file of an OpenVZ container" },
	{ 0 },
};

const struct verb check_verb = {
	.name = "check",
	.args = "GROUP|PID|.",
	.summary = "check whether barriers and limits fit together",
	.about =
		"Say which barriers and limits of a group, or of a configuration file of OpenVZ, do\n"
		"not fit together, as errors, warnings and advice. The exit status is 1 when there\n"
		"is an error that was not repaired.",
	.opts = opts,
	.run = run_check,
};

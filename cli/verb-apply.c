// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl apply - set the limits that files give, for the present groups and,
 * with --watch, for new ones.
 */
#include <errno.h>
#include <string.h>

#include "apply.h"

enum { OPT_DRY_RUN = OPT_OWN, OPT_DIFF, OPT_WATCH, OPT_FROM };

struct once {
	struct apply *apply;
	const struct libbc_group *top;
};

static int work(void *arg)
{
	const struct once *once = arg;
	struct apply *apply = once->apply;
	int ret;

	ret = apply_below(apply, once->top);
	if (apply->dry_run)
		printf("sections: %zu, matching groups: %zu, would change: %zu\n",
		       apply->policy.count, apply->matched, apply->changed);
	return ret;
}

/* If bcctl is killed, the child process that writes does the rest. */
static int apply_once(struct apply *apply, const char *name)
{
	struct libbc_group *top = NULL;
	struct once once = { apply };
	int ret;

	ret = target_open(apply->ctl, name, &top);
	once.top = top;
	if (!ret)
		ret = apply->dry_run ? work(&once) : guarded(work, &once);
	if (ret < 0)
		ret = fail(apply->ctl,
			   "cannot start the process that writes: %s",
			   strerror(-ret));
	libbc_group_close(top);
	return ret;
}

static int run_apply(struct bcctl *ctl)
{
	struct apply apply = { .ctl = ctl };
	bool watch = false;
	const char *value;
	int id, ret;

	while ((id = next_option(ctl, &value)) > 0) {
		apply.dry_run |= id == OPT_DRY_RUN;
		apply.diff |= id == OPT_DIFF;
		watch |= id == OPT_WATCH;
		if (id == OPT_FROM)
			apply.from = value;
	}
	if (id < 0)
		return ctl->failure;
	if (ctl->argc > 1)
		return bad_usage(ctl, "at most one GROUP");
	if (watch && (ctl->argc || apply.dry_run || ctl->sysroot))
		return bad_usage(
			ctl,
			"--watch is for all groups of this machine: leave out GROUP, --dry-run and --sysroot");
	ret = apply_load(&apply);
	if (!ret && watch)
		ret = keep(&apply);
	else if (!ret)
		ret = apply_once(&apply, ctl->argc ? ctl->argv[0] : "/");
	policy_free(&apply.policy);
	return ret;
}

static const struct opt opts[] = {
	{ OPT_DRY_RUN, "dry-run", NULL,
	  "check all files and say which groups would change" },
	{ OPT_DIFF, "diff", NULL, "print what changes" },
	{ OPT_WATCH, "watch", NULL,
	  "keep running, and give new groups their limits" },
	{ OPT_FROM, "from", "PATH",
	  "read this file or directory instead of groups.d" },
	{ 0 },
};

const struct verb apply_verb = {
	.name = "apply",
	.args = "[GROUP|PID|.]",
	.summary = "set the limits that the files in groups.d give",
	.about =
		"Set the barriers and limits that the files /etc/bcctl/groups.d/*.conf give, for all\n"
		"groups, or for GROUP and those below it. All files are checked before anything is\n"
		"set. With --watch it keeps running as a service, and logs refusals.",
	.opts = opts,
	.takes = TAKES_BYTES,
	.run = run_apply,
};

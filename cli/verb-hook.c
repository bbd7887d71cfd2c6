// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl hook - set the limits that a container asks for, as a hook of its
 * runtime.
 *
 * Any user who starts a container may write annotations; the options of the
 * hook say what the administrator allows. When anything is wrong, the container
 * does not start.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "hook.h"
#include "profile.h"

enum { OPT_MOST = OPT_OWN };

struct hook {
	struct bcctl *ctl;
	struct specs defaults, most;
	struct specs asked; /* by annotations */
	struct container container;
	const char *profile;
};

static struct spec *find(const struct specs *specs, const char *name)
{
	size_t i;

	for (i = 0; i < specs->count; i++)
		if (!strcmp(specs->v[i].name, name))
			return &specs->v[i];
	return NULL;
}

static int explain_annotation(const struct hook *hook, const char *key,
			      const char *value)
{
	hint("this is annotation %s=%s of container %s", key, value,
	     hook->container.id);
	return hook->ctl->failure;
}

static int take_annotation(struct hook *hook,
			   const struct libbc_account *account, const char *key,
			   struct json_object *value)
{
	const char *name = key + strlen(ANNOTATION);
	const char *text = json_object_get_string(value);
	char *spec;
	int ret;

	if (!json_object_is_type(value, json_type_string)) {
		fail(hook->ctl, "the value of %s is not a string", key);
		return explain_annotation(hook, key, text ? text : "null");
	}
	if (!strcmp(name, "profile")) {
		hook->profile = text;
		return 0;
	}
	if (asprintf(&spec, "%s=%s", name, text) < 0)
		return no_memory(hook->ctl);
	ret = specs_add(hook->ctl, &hook->asked, account, spec);
	free(spec);
	return ret ? explain_annotation(hook, key, text) : 0;
}

static int take_annotations(struct hook *hook,
			    const struct libbc_account *account)
{
	int ret = 0;

	if (!hook->container.annotations)
		return 0;
	json_object_object_foreach(hook->container.annotations, key, value)
	{
		if (!ret && !strncmp(key, ANNOTATION, strlen(ANNOTATION)))
			ret = take_annotation(hook, account, key, value);
	}
	return ret;
}

/*
 * A guarantee is at the cost of others, so that a container gets one only if
 * the administrator says how much. A barrier of max is no guarantee.
 */
static bool is_guarantee(const struct spec *spec)
{
	return resource_kind(spec->name) == RESOURCE_GUARANTEE;
}

static bool may_have(const struct hook *hook, const struct spec *spec)
{
	return !is_guarantee(spec) || find(&hook->most, spec->name) ||
	       !spec->has_barrier || spec->barrier == LIBBC_MAX;
}

static int check_guarantees(const struct hook *hook)
{
	size_t i;

	for (i = 0; i < hook->asked.count; i++) {
		const struct spec *spec = &hook->asked.v[i];

		if (may_have(hook, spec))
			continue;
		fail(hook->ctl,
		     "container %s asks for %s, and no guarantee is allowed",
		     hook->container.id, spec->name);
		hint("leave out annotation " ANNOTATION
		     "%s, or give the hook --most %s=",
		     spec->name, spec->name);
		return hook->ctl->failure;
	}
	return 0;
}

/* The profile gives what the annotations do not ask for by name. */
static int take_profile(struct hook *hook, const struct libbc_account *account)
{
	struct profiles profiles = { NULL };
	struct specs specs = { NULL };
	const struct profile *profile;
	size_t left_out, i;
	int ret;

	if (!hook->profile)
		return 0;
	ret = profiles_load(hook->ctl, &profiles);
	if (!ret) {
		profile = profile_find(hook->ctl, &profiles, hook->profile);
		ret = profile ? profile_parse(hook->ctl, profile, account,
					      &specs, &left_out) :
				explain_annotation(hook, ANNOTATION "profile",
						   hook->profile);
	}
	for (i = specs.count; i-- > 0;)
		if (!may_have(hook, &specs.v[i]))
			specs_drop(&specs, i);
	if (!ret)
		ret = specs_merge(hook->ctl, &hook->asked, &specs);
	specs_free(&specs);
	profiles_free(&profiles);
	return ret;
}

static int too_much(const struct hook *hook, const struct spec *most,
		    const char *what, uint64_t asked, uint64_t allowed)
{
	enum libbc_unit unit = libbc_unit_of(most->name);
	char a[LIBBC_SIZE_LEN], b[LIBBC_SIZE_LEN];

	fail(hook->ctl,
	     "container %s asks for a %s of %s for %s, and at most %s is allowed",
	     hook->container.id, what, libbc_size_format(asked, unit, 0, a),
	     most->name, libbc_size_format(allowed, unit, 0, b));
	hint("ask for less with annotation " ANNOTATION
	     "%s, or raise --most of the hook",
	     most->name);
	return hook->ctl->failure;
}

static int hold_guarantee(const struct hook *hook, const struct spec *most)
{
	const struct spec *spec = find(&hook->asked, most->name);

	if (!spec || !spec->has_barrier || !most->has_barrier ||
	    spec->barrier == LIBBC_MAX || spec->barrier <= most->barrier)
		return 0;
	return too_much(hook, most, "barrier", spec->barrier, most->barrier);
}

/* Keep what is asked for within the most; give the most to all others. */
static int hold_to(struct hook *hook, const struct spec *most)
{
	uint64_t limit = most->has_limit ? most->limit : most->barrier;
	struct spec *spec = find(&hook->asked, most->name);

	if (most->has_barrier && !spec->has_barrier) {
		spec->has_barrier = true;
		spec->barrier = most->barrier;
	}
	if (!spec->has_limit) {
		spec->has_limit = true;
		spec->limit = limit;
	}
	if (most->has_barrier && spec->barrier > most->barrier)
		return too_much(hook, most, "barrier", spec->barrier,
				most->barrier);
	return spec->limit > limit ?
		       too_much(hook, most, "limit", spec->limit, limit) :
		       0;
}

static int complete(struct hook *hook)
{
	size_t i;
	int ret;

	ret = specs_merge(hook->ctl, &hook->asked, &hook->defaults);
	for (i = 0; i < hook->most.count && !ret; i++) {
		struct spec copy = hook->most.v[i];
		struct specs one = { &copy, 1 };

		if (is_guarantee(&copy)) {
			ret = hold_guarantee(hook, &hook->most.v[i]);
			continue;
		}
		if (!find(&hook->asked, copy.name)) {
			copy.name = strdup(copy.name);
			ret = copy.name ? specs_merge(hook->ctl, &hook->asked,
						      &one) :
					  no_memory(hook->ctl);
			free(copy.name);
		}
		if (!ret)
			ret = hold_to(hook, &hook->most.v[i]);
	}
	return ret;
}

static int limit(struct hook *hook, const struct libbc_group *group)
{
	struct libbc_account *account = NULL;
	struct bcctl *ctl = hook->ctl;
	int ret;

	ret = account_read(ctl, group, 0, &account);
	if (!ret)
		ret = take_annotations(hook, account);
	if (!ret)
		ret = check_guarantees(hook);
	if (!ret)
		ret = take_profile(hook, account);
	if (!ret)
		ret = complete(hook);
	if (!ret)
		ret = specs_known(ctl, &hook->asked, account);
	if (!ret && hook->asked.count)
		ret = specs_apply(ctl, &hook->asked, group);
	libbc_account_free(account);
	return ret;
}

static int act(struct hook *hook)
{
	struct libbc_group *group = NULL;
	struct bcctl *ctl = hook->ctl;
	char pid[16];
	int ret;

	ret = container_read(ctl, stdin, &hook->container);
	if (!ret) {
		snprintf(pid, sizeof(pid), "%d", hook->container.pid);
		ret = target_open(ctl, pid, &group);
	}
	if (!ret)
		ret = limit(hook, group);
	libbc_group_close(group);
	container_free(&hook->container);
	return ret;
}

static int run_hook(struct bcctl *ctl)
{
	struct hook hook = { .ctl = ctl };
	const char *value;
	int id, ret = 0;

	while (!ret && (id = next_option(ctl, &value)) > 0)
		ret = specs_add(ctl, id == 'l' ? &hook.defaults : &hook.most,
				NULL, value);
	if (!ret && id < 0)
		ret = ctl->failure;
	else if (!ret && ctl->argc)
		ret = bad_usage(
			ctl,
			"there are no operands: the state of the container comes on standard input");
	else if (!ret)
		ret = act(&hook);
	specs_free(&hook.defaults);
	specs_free(&hook.most);
	specs_free(&hook.asked);
	return ret;
}

static const struct opt opts[] = {
	{ 'l', "limit", "RES=BAR[:LIM]",
	  "for a container that asks for none; may be repeated" },
	{ OPT_MOST, "most", "RES=BAR[:LIM]",
	  "the most it may ask for; may be repeated" },
	{ 0 },
};

const struct verb hook_verb = {
	.name = "hook",
	.args = "<STATE",
	.summary = "set the limits of a container, as a hook of its runtime",
	.about =
		"Set the limits of the container that an OCI runtime describes on standard input.\n"
		"Its annotations beancounter.RESOURCE=BARRIER[:LIMIT] and beancounter.profile=NAME\n"
		"ask for limits. The hook is for the stage createRuntime; when it fails, the\n"
		"container does not start.",
	.opts = opts,
	.run = run_hook,
};

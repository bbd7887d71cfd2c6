// SPDX-License-Identifier: GPL-2.0-only
/*
 * The limits that a job asks for, written RES=BAR[:LIM],..., and the check that
 * they are allowed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "spank.h"

static struct limit *find(const struct limits *limits, const char *name)
{
	size_t i;

	for (i = 0; i < limits->count; i++)
		if (!strcmp(limits->v[i].name, name))
			return (struct limit *)&limits->v[i];
	return NULL;
}

/* The kernel's files do not say it, but only guarantees have such a name. */
static bool is_guarantee(const char *name)
{
	size_t len = strlen(name), tail = strlen("guarpages");

	return len > tail && !strcmp(name + len - tail, "guarpages");
}

/* For a resource in pages, a plain number may mean bytes or pages. */
static bool two_readings(const char *name, const char *text)
{
	return libbc_unit_of(name) == LIBBC_PAGES && text[strspn(text, "0")] &&
	       !text[strspn(text, "0123456789")];
}

static int parse_value(const char *name, const char *text, uint64_t *value,
		       char message[MESSAGE_LEN])
{
	enum libbc_unit unit = libbc_unit_of(name);

	if (two_readings(name, text))
		snprintf(
			message, MESSAGE_LEN,
			"%s is counted in pages: write %sB for bytes or %sP for pages",
			name, text, text);
	else if (libbc_size_parse(text, unit, value))
		snprintf(message, MESSAGE_LEN,
			 "%s: \"%s\" is not a number of %s", name, text,
			 libbc_unit_name(unit));
	else
		return 0;
	return -1;
}

static int parse_one(char *text, struct limits *limits,
		     char message[MESSAGE_LEN])
{
	char *equals = strchr(text, '='), *colon;
	struct limit limit = { .name = "" };

	if (!equals || equals == text || !equals[1] || !strcmp(equals, "=:") ||
	    (size_t)(equals - text) >= sizeof(limit.name) ||
	    limits->count == MOST_LIMITS) {
		snprintf(
			message, MESSAGE_LEN,
			"\"%s\" is not RESOURCE=BARRIER[:LIMIT], like privvmpages=4G:4400M",
			text);
		return -1;
	}
	*equals = '\0';
	strcpy(limit.name, text);
	if (find(limits, text)) {
		snprintf(message, MESSAGE_LEN, "%s is given twice", text);
		return -1;
	}
	colon = strchr(equals + 1, ':');
	if (colon) {
		*colon = '\0';
		limit.has_limit = true;
		if (parse_value(text, colon + 1, &limit.limit, message))
			return -1;
	}
	limit.has_barrier = equals[1];
	if (limit.has_barrier &&
	    parse_value(text, equals + 1, &limit.barrier, message))
		return -1;
	/* A guarantee has no limit, as nothing is refused above it. */
	if (is_guarantee(limit.name) && !limit.has_limit) {
		limit.has_limit = true;
		limit.limit = LIBBC_MAX;
	}
	limits->v[limits->count++] = limit;
	return 0;
}

int limits_parse(const char *text, struct limits *limits,
		 char message[MESSAGE_LEN])
{
	char copy[4096], *one, *save = NULL;

	if (strlen(text) >= sizeof(copy)) {
		snprintf(message, MESSAGE_LEN,
			 "the list of limits is too long");
		return -1;
	}
	strcpy(copy, text);
	for (one = strtok_r(copy, ",", &save); one;
	     one = strtok_r(NULL, ",", &save))
		if (parse_one(one, limits, message))
			return -1;
	return 0;
}

static int too_much(const struct limit *most, const char *what, uint64_t asked,
		    uint64_t allowed, char message[MESSAGE_LEN])
{
	enum libbc_unit unit = libbc_unit_of(most->name);
	char a[LIBBC_SIZE_LEN], b[LIBBC_SIZE_LEN];

	snprintf(
		message, MESSAGE_LEN,
		"a %s of %s for %s is too much: at most %s is allowed on this cluster",
		what, libbc_size_format(asked, unit, 0, a), most->name,
		libbc_size_format(allowed, unit, 0, b));
	return -1;
}

/* Keep what is asked for within the most; give the most to all others. */
static int hold_to(struct limit *limit, const struct limit *most,
		   char message[MESSAGE_LEN])
{
	uint64_t highest = most->has_limit ? most->limit : most->barrier;

	if (most->has_barrier && !limit->has_barrier) {
		limit->has_barrier = true;
		limit->barrier = most->barrier;
	}
	if (!limit->has_limit) {
		limit->has_limit = true;
		limit->limit = highest;
	}
	if (most->has_barrier && limit->barrier > most->barrier)
		return too_much(most, "barrier", limit->barrier, most->barrier,
				message);
	if (limit->limit > highest)
		return too_much(most, "limit", limit->limit, highest, message);
	return 0;
}

/*
 * A guarantee is at the cost of other jobs: a step that asks for one has to
 * stay within the most, and a step that does not ask gets none. A barrier of
 * max is no guarantee.
 */
static int hold_guarantee(const struct limit *limit, const struct limit *most,
			  char message[MESSAGE_LEN])
{
	if (!limit->has_barrier || limit->barrier == LIBBC_MAX)
		return 0;
	if (!most) {
		snprintf(message, MESSAGE_LEN,
			 "no guarantee of %s is allowed on this cluster",
			 limit->name);
		return -1;
	}
	if (most->has_barrier && limit->barrier > most->barrier)
		return too_much(most, "barrier", limit->barrier, most->barrier,
				message);
	return 0;
}

static int hold_guarantees(const struct limits *limits,
			   const struct limits *most, char message[MESSAGE_LEN])
{
	size_t i;

	for (i = 0; i < limits->count; i++)
		if (is_guarantee(limits->v[i].name) &&
		    hold_guarantee(&limits->v[i], find(most, limits->v[i].name),
				   message))
			return -1;
	return 0;
}

static int add_missing(struct limits *limits, const struct limits *from,
		       bool guarantees, char message[MESSAGE_LEN])
{
	size_t i;

	for (i = 0; i < from->count; i++) {
		if (find(limits, from->v[i].name) ||
		    (!guarantees && is_guarantee(from->v[i].name)))
			continue;
		if (limits->count == MOST_LIMITS) {
			snprintf(message, MESSAGE_LEN,
				 "there are more than %d resources",
				 MOST_LIMITS);
			return -1;
		}
		limits->v[limits->count++] = from->v[i];
	}
	return 0;
}

/* A step that asks for nothing gets the default, or else the most. */
int limits_complete(struct limits *limits, const struct limits *defaults,
		    const struct limits *most, char message[MESSAGE_LEN])
{
	size_t i;

	if (hold_guarantees(limits, most, message) ||
	    add_missing(limits, defaults, true, message) ||
	    add_missing(limits, most, false, message))
		return -1;
	for (i = 0; i < most->count; i++)
		if (!is_guarantee(most->v[i].name) &&
		    hold_to(find(limits, most->v[i].name), &most->v[i],
			    message))
			return -1;
	return 0;
}

static int fill(const struct limits *limits, struct libbc_settings *settings)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < limits->count && !ret; i++) {
		const struct limit *limit = &limits->v[i];

		if (limit->has_barrier)
			ret = libbc_settings_add(settings, limit->name,
						 LIBBC_BARRIER, limit->barrier);
		if (!ret && limit->has_limit)
			ret = libbc_settings_add(settings, limit->name,
						 LIBBC_LIMIT, limit->limit);
	}
	return ret;
}

int limits_apply(const struct limits *limits, const struct libbc_group *group,
		 char message[MESSAGE_LEN])
{
	const char *path = libbc_group_path(group), *bad = NULL;
	struct libbc_settings *settings = NULL;
	struct libbc_account *account = NULL;
	int ret;

	ret = libbc_settings_new(&settings);
	if (!ret)
		ret = fill(limits, settings);
	if (!ret)
		ret = libbc_account_read(group, 0, &account);
	if (!ret)
		ret = libbc_settings_check(settings, account, &bad);
	if (!ret)
		ret = libbc_settings_apply(settings, group);
	if (bad)
		snprintf(message, MESSAGE_LEN,
			 "the kernel of this node has no resource %s", bad);
	else if (ret == -EOPNOTSUPP)
		snprintf(message, MESSAGE_LEN,
			 "the kernel of this node has no beancounters");
	else if (ret)
		snprintf(message, MESSAGE_LEN,
			 "cannot set the limits of group %s: %s", path,
			 strerror(-ret));
	libbc_account_free(account);
	libbc_settings_free(settings);
	return ret ? -1 : 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accounts over time. A recording is lines of JSON; each line has the values of
 * a resource of a group from a time on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <json-c/json.h>
#include <string.h>
#include <time.h>

#include "recording.h"

double wall_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static struct series *series_for(struct recording *recording, const char *group,
				 const char *resource)
{
	struct series *more, *series;
	size_t i;

	for (i = 0; i < recording->count; i++) {
		series = &recording->v[i];
		if (!strcmp(series->resource, resource) &&
		    !strcmp(series->group, group))
			return series;
	}
	more = reallocarray(recording->v, recording->count + 1, sizeof(*more));
	if (!more)
		return NULL;
	recording->v = more;
	series = &more[recording->count];
	*series = (struct series){ .group = strdup(group),
				   .resource = strdup(resource) };
	recording->count++;
	return series->group && series->resource ? series : NULL;
}

/* 1 if the values have changed, 0 if they have not, or -ENOMEM. */
static int add_point(struct recording *recording, struct series *series,
		     const struct point *point)
{
	const struct point *last =
		series->count ? &series->v[series->count - 1] : NULL;
	struct point *more;

	if (!recording->begin)
		recording->begin = point->time;
	if (point->time > recording->end)
		recording->end = point->time;
	if (last && last->held == point->held &&
	    last->barrier == point->barrier && last->limit == point->limit &&
	    last->failcnt == point->failcnt)
		return 0;
	if (series->count == series->room) {
		more = reallocarray(series->v, 2 * series->room + 16,
				    sizeof(*more));
		if (!more)
			return -ENOMEM;
		series->v = more;
		series->room = 2 * series->room + 16;
	}
	series->v[series->count++] = *point;
	return 1;
}

static struct json_object *number(uint64_t value)
{
	return value == LIBBC_MAX ? NULL : json_object_new_uint64(value);
}

static void print_point(FILE *out, const struct series *series,
			const struct point *point)
{
	struct json_object *object = json_object_new_object();
	char seconds[40];

	snprintf(seconds, sizeof(seconds), "%.3f", point->time);
	json_object_object_add(object, "time",
			       json_object_new_double_s(point->time, seconds));
	json_object_object_add(object, "group",
			       json_object_new_string(series->group));
	json_object_object_add(object, "resource",
			       json_object_new_string(series->resource));
	json_object_object_add(object, "unit",
			       json_object_new_string(libbc_unit_name(
				       libbc_unit_of(series->resource))));
	json_object_object_add(object, "held", number(point->held));
	json_object_object_add(object, "barrier", number(point->barrier));
	json_object_object_add(object, "limit", number(point->limit));
	json_object_object_add(object, "failcnt", number(point->failcnt));
	fprintf(out, "%s\n",
		json_object_to_json_string_ext(
			object, JSON_C_TO_STRING_PLAIN |
					JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

int recording_add(struct recording *recording, double time, const char *group,
		  const struct libbc_account *account, FILE *out)
{
	size_t i;
	int ret;

	for (i = 0; i < libbc_account_count(account); i++) {
		const struct libbc_resource *resource =
			libbc_account_get(account, i);
		struct point point = {
			.time = time,
			.held = libbc_resource_value(resource, LIBBC_HELD),
			.barrier =
				libbc_resource_value(resource, LIBBC_BARRIER),
			.limit = libbc_resource_value(resource, LIBBC_LIMIT),
			.failcnt =
				libbc_resource_value(resource, LIBBC_FAILCNT),
		};
		struct series *series = series_for(
			recording, group, libbc_resource_name(resource));

		if (!series)
			return -ENOMEM;
		ret = add_point(recording, series, &point);
		if (ret < 0)
			return ret;
		if (ret && out)
			print_point(out, series, &point);
	}
	return 0;
}

static const char *get_text(struct json_object *object, const char *key)
{
	struct json_object *value = json_object_object_get(object, key);

	return json_object_is_type(value, json_type_string) ?
		       json_object_get_string(value) :
		       NULL;
}

static uint64_t get_number(struct json_object *object, const char *key)
{
	struct json_object *value = json_object_object_get(object, key);

	return json_object_is_type(value, json_type_int) ?
		       json_object_get_uint64(value) :
		       LIBBC_MAX;
}

/* 0, -EBADMSG or -ENOMEM. */
static int take_line(struct recording *recording, const char *line)
{
	struct json_object *object = json_tokener_parse(line);
	const char *group, *resource;
	struct series *series;
	struct point point;
	int ret = -EBADMSG;

	if (json_object_is_type(object, json_type_object)) {
		group = get_text(object, "group");
		resource = get_text(object, "resource");
		point = (struct point){
			.time = json_object_get_double(
				json_object_object_get(object, "time")),
			.held = get_number(object, "held"),
			.barrier = get_number(object, "barrier"),
			.limit = get_number(object, "limit"),
			.failcnt = get_number(object, "failcnt"),
		};
		if (group && resource && point.time > 0 &&
		    point.held != LIBBC_MAX && point.failcnt != LIBBC_MAX) {
			series = series_for(recording, group, resource);
			ret = series ? add_point(recording, series, &point) :
				       -ENOMEM;
		}
	}
	json_object_put(object);
	return ret < 0 ? ret : 0;
}

int recording_read(struct bcctl *ctl, const char *file,
		   struct recording *recording)
{
	FILE *in = strcmp(file, "-") ? fopen(file, "re") : stdin;
	size_t size = 0, number_of = 0;
	char *line = NULL;
	int ret = 0;

	if (!in)
		return fail(ctl, "cannot open %s: %s", file, strerror(errno));
	while (!ret && getline(&line, &size, in) >= 0) {
		number_of++;
		if (line[strspn(line, " \t\n")])
			ret = take_line(recording, line);
	}
	if (!ret && ferror(in)) {
		ret = fail(ctl, "cannot read %s: %s", file, strerror(errno));
	} else if (ret == -ENOMEM) {
		ret = no_memory(ctl);
	} else if (ret) {
		ret = fail(ctl, "%s line %zu is not of a recording", file,
			   number_of);
		hint("bcctl record GROUP >FILE makes such a file");
	}
	free(line);
	if (in != stdin)
		fclose(in);
	return ret;
}

static uint64_t refusals(const struct series *series)
{
	return series->count ? series->v[series->count - 1].failcnt -
				       series->v[0].failcnt :
			       0;
}

/* The highest held as a fraction of the barrier; -1 without a barrier. */
static double fullest(const struct series *series)
{
	double most = -1;
	size_t i;

	if (resource_kind(series->resource) != RESOURCE_LIMITED)
		return most;
	for (i = 0; i < series->count; i++) {
		const struct point *point = &series->v[i];
		uint64_t bound = point->barrier < point->limit ?
					 point->barrier :
					 point->limit;

		if (bound != LIBBC_MAX && bound &&
		    (double)point->held / (double)bound > most)
			most = (double)point->held / (double)bound;
	}
	return most;
}

const struct series *recording_choose(const struct recording *recording,
				      const char *group, const char *resource)
{
	const struct series *best = NULL;
	size_t i;

	for (i = 0; i < recording->count; i++) {
		const struct series *series = &recording->v[i];

		if ((group && strcmp(group, series->group)) ||
		    (resource && strcmp(resource, series->resource)))
			continue;
		if (!best || refusals(series) > refusals(best) ||
		    (refusals(series) == refusals(best) &&
		     fullest(series) > fullest(best)))
			best = series;
	}
	return best;
}

void recording_free(struct recording *recording)
{
	size_t i;

	for (i = 0; i < recording->count; i++) {
		free(recording->v[i].group);
		free(recording->v[i].resource);
		free(recording->v[i].v);
	}
	free(recording->v);
	*recording = (struct recording){ NULL };
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report: how much the command needed, what was refused, and a verdict.
 *
 * The verdict is "refused" if the group of the command refused a request,
 * however the command dealt with that; "ok" if the command ended with 0 and
 * nothing was refused; "failed" otherwise. A group above may have refused
 * requests of the command, too, but these cannot be told from refusals to other
 * groups: they are reported and do not change the verdict.
 */
#define _GNU_SOURCE
#include <json-c/json.h>
#include <string.h>

#include "run.h"

/* The refusals of each group above at the time the command began. */
struct above {
	struct libbc_group *group;
	struct libbc_account *account;
};

struct refusals {
	struct above *v;
	size_t count;
	int log; /* the kernel's log, from the beginning of the command on */
};

int refusals_begin(struct bcctl *ctl, const struct job_group *made,
		   struct refusals **before)
{
	struct refusals *list = calloc(1, sizeof(*list));
	char *path = strdup(made->path), *slash;

	if (list)
		list->log = first_refusal_begin();
	while (list && path && (slash = strrchr(path, '/')) && slash != path) {
		struct above *more, one = { NULL };

		*slash = '\0';
		more = reallocarray(list->v, list->count + 1, sizeof(*more));
		if (!more)
			break;
		list->v = more;
		/* A group that cannot be read is not reported. */
		if (!libbc_group_open(ctl->host, path, &one.group) &&
		    !libbc_account_read(one.group, LIBBC_READ_LOCAL,
					&one.account))
			more[list->count++] = one;
		else
			libbc_group_close(one.group);
	}
	free(path);
	*before = list;
	return list ? 0 : no_memory(ctl);
}

void refusals_free(struct refusals *before)
{
	size_t i;

	for (i = 0; before && i < before->count; i++) {
		libbc_account_free(before->v[i].account);
		libbc_group_close(before->v[i].group);
	}
	if (before) {
		if (before->log >= 0)
			close(before->log);
		free(before->v);
	}
	free(before);
}

static uint64_t refused(const struct libbc_account *account)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < libbc_account_count(account); i++)
		sum += libbc_resource_value(libbc_account_get(account, i),
					    LIBBC_FAILCNT);
	return sum;
}

static const char *verdict(const struct job *job,
			   const struct libbc_account *account)
{
	if (refused(account))
		return "refused";
	return job->status ? "failed" : "ok";
}

static struct json_object *number_or_max(uint64_t value)
{
	return value == LIBBC_MAX ? NULL : json_object_new_uint64(value);
}

static struct json_object *json_resource(const struct libbc_resource *resource)
{
	static const struct {
		const char *name;
		enum libbc_field field;
	} fields[] = {
		{ "maxheld", LIBBC_MAXHELD }, { "barrier", LIBBC_BARRIER },
		{ "limit", LIBBC_LIMIT },     { "failcnt", LIBBC_FAILCNT },
		{ "forced", LIBBC_FORCED },
	};
	struct json_object *object = json_object_new_object();
	size_t i;

	json_object_object_add(
		object, "resource",
		json_object_new_string(libbc_resource_name(resource)));
	json_object_object_add(object, "unit",
			       json_object_new_string(libbc_unit_name(
				       libbc_resource_unit(resource))));
	for (i = 0; i < ARRAY_SIZE(fields); i++)
		if (libbc_resource_has(resource, fields[i].field))
			json_object_object_add(
				object, fields[i].name,
				number_or_max(libbc_resource_value(
					resource, fields[i].field)));
	return object;
}

/* [{ "group": "/web", "resource": "kmemsize", "refusals": 3 }] */
static struct json_object *json_above(const struct refusals *before)
{
	struct json_object *list = json_object_new_array();
	size_t i, j;

	for (i = 0; i < before->count; i++) {
		struct libbc_account *now = NULL;

		if (libbc_account_read(before->v[i].group, LIBBC_READ_LOCAL,
				       &now))
			continue;
		for (j = 0; j < libbc_account_count(now); j++) {
			const struct libbc_resource *new =
				libbc_account_get(now, j);
			const char *name = libbc_resource_name(new);
			const struct libbc_resource *old =
				libbc_account_find(before->v[i].account, name);
			uint64_t more =
				libbc_resource_value(new, LIBBC_FAILCNT_LOCAL);
			struct json_object *entry;

			if (old)
				more -= libbc_resource_value(
					old, LIBBC_FAILCNT_LOCAL);
			if (!more)
				continue;
			entry = json_object_new_object();
			json_object_object_add(
				entry, "group",
				json_object_new_string(
					libbc_group_path(before->v[i].group)));
			json_object_object_add(entry, "resource",
					       json_object_new_string(name));
			json_object_object_add(entry, "refusals",
					       json_object_new_uint64(more));
			json_object_array_add(list, entry);
		}
		libbc_account_free(now);
	}
	return list;
}

static double seconds(const struct timeval *tv)
{
	return tv->tv_sec + tv->tv_usec / 1e6;
}

static struct json_object *json_first(const struct first_refusal *first)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "process",
			       json_object_new_string(first->process));
	json_object_object_add(object, "resource",
			       json_object_new_string(first->resource));
	json_object_object_add(object, "requested",
			       json_object_new_uint64(first->requested));
	json_object_object_add(object, "held",
			       json_object_new_uint64(first->held));
	return object;
}

static struct json_object *json_report(const struct job *job,
				       const struct job_group *made,
				       const struct libbc_account *account,
				       const struct refusals *before,
				       const struct first_refusal *first)
{
	struct json_object *object = json_object_new_object();
	struct json_object *list = json_object_new_array();
	struct json_object *command = json_object_new_array();
	size_t i;

	for (i = 0; job->argv[i]; i++)
		json_object_array_add(command,
				      json_object_new_string(job->argv[i]));
	for (i = 0; i < libbc_account_count(account); i++)
		json_object_array_add(
			list, json_resource(libbc_account_get(account, i)));
	json_object_object_add(object, "verdict",
			       json_object_new_string(verdict(job, account)));
	json_object_object_add(object, "status",
			       json_object_new_int(job->status));
	json_object_object_add(
		object, "signal",
		job->signal ?
			json_object_new_string(sigabbrev_np(job->signal)) :
			NULL);
	json_object_object_add(object, "refusals",
			       json_object_new_uint64(refused(account)));
	json_object_object_add(object, "command", command);
	json_object_object_add(object, "group",
			       json_object_new_string(made->path));
	json_object_object_add(object, "seconds",
			       json_object_new_double(job->seconds));
	json_object_object_add(
		object, "user_seconds",
		json_object_new_double(seconds(&job->usage.ru_utime)));
	json_object_object_add(
		object, "system_seconds",
		json_object_new_double(seconds(&job->usage.ru_stime)));
	json_object_object_add(object, "resources", list);
	json_object_object_add(object, "first_refusal",
			       first ? json_first(first) : NULL);
	json_object_object_add(object, "above", json_above(before));
	return object;
}

static void print_resource(const struct bcctl *ctl, FILE *out,
			   const struct libbc_resource *resource)
{
	unsigned int flags = ctl->bytes ? LIBBC_SIZE_PLAIN : 0;
	enum libbc_unit unit = libbc_resource_unit(resource);
	char held[LIBBC_SIZE_LEN], barrier[LIBBC_SIZE_LEN];
	char limit[LIBBC_SIZE_LEN];
	uint64_t refusals = libbc_resource_value(resource, LIBBC_FAILCNT);

	fprintf(out, "  %-13s needed %8s of %8s:%-8s %llu refusal%s\n",
		libbc_resource_name(resource),
		libbc_size_format(libbc_resource_value(resource, LIBBC_MAXHELD),
				  unit, flags, held),
		libbc_size_format(libbc_resource_value(resource, LIBBC_BARRIER),
				  unit, flags, barrier),
		libbc_size_format(libbc_resource_value(resource, LIBBC_LIMIT),
				  unit, flags, limit),
		(unsigned long long)refusals, refusals == 1 ? "" : "s");
}

/* "asked 600M of privvmpages first, 392K held": more than a count says. */
static void print_first(const struct bcctl *ctl, FILE *out,
			const struct first_refusal *first)
{
	enum libbc_unit unit = libbc_unit_of(first->resource);
	unsigned int flags = ctl->bytes ? LIBBC_SIZE_PLAIN : 0;
	char requested[LIBBC_SIZE_LEN], held[LIBBC_SIZE_LEN];

	fprintf(out, "  %s asked %s of %s first, %s held\n", first->process,
		libbc_size_format(first->requested, unit, flags, requested),
		first->resource,
		libbc_size_format(first->held, unit, flags, held));
}

static void print_text(const struct bcctl *ctl, FILE *out,
		       const struct job *job,
		       const struct libbc_account *account,
		       const struct refusals *before,
		       const struct first_refusal *first)
{
	struct json_object *above = json_above(before);
	size_t i;

	fprintf(out, "bcctl: %s: ", verdict(job, account));
	if (job->signal)
		fprintf(out, "%s was ended by SIG%s", job->argv[0],
			sigabbrev_np(job->signal));
	else
		fprintf(out, "%s ended with %d", job->argv[0], job->status);
	fprintf(out, " after %.2f s\n", job->seconds);
	for (i = 0; i < libbc_account_count(account); i++) {
		const struct libbc_resource *resource =
			libbc_account_get(account, i);

		if (libbc_resource_value(resource, LIBBC_MAXHELD) ||
		    libbc_resource_value(resource, LIBBC_FAILCNT))
			print_resource(ctl, out, resource);
	}
	if (first)
		print_first(ctl, out, first);
	for (i = 0; i < json_object_array_length(above); i++) {
		struct json_object *entry = json_object_array_get_idx(above, i);
		uint64_t refusals = json_object_get_uint64(
			json_object_object_get(entry, "refusals"));

		fprintf(out,
			"  %s: %llu refusal%s of %s meanwhile, to this group or others\n",
			json_object_get_string(
				json_object_object_get(entry, "group")),
			(unsigned long long)refusals, refusals == 1 ? "" : "s",
			json_object_get_string(
				json_object_object_get(entry, "resource")));
	}
	json_object_put(above);
}

int report(struct bcctl *ctl, enum report kind, const char *file,
	   const struct job *job, const struct job_group *made,
	   const struct refusals *before)
{
	struct first_refusal first, *known = NULL;
	struct libbc_account *account = NULL;
	struct json_object *object;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out;
	int ret;

	ret = account_read(ctl, made->group, 0, &account);
	if (ret)
		return ret;
	if (refused(account) &&
	    first_refusal_find(before->log, made->path, &first))
		known = &first;
	out = open_memstream(&text, &bytes);
	if (!out) {
		libbc_account_free(account);
		return no_memory(ctl);
	}
	if (kind == REPORT_JSON) {
		object = json_report(job, made, account, before, known);
		fprintf(out, "%s\n",
			json_object_to_json_string_ext(
				object,
				JSON_C_TO_STRING_PRETTY |
					JSON_C_TO_STRING_NOSLASHESCAPE));
		json_object_put(object);
	} else if (kind == REPORT_TEXT || refused(account)) {
		print_text(ctl, out, job, account, before, known);
	}
	if (fclose(out))
		ret = no_memory(ctl);
	else if (file)
		ret = write_atomically(ctl, file, text, bytes);
	else
		fputs(text, stderr);
	free(text);
	libbc_account_free(account);
	return ret;
}

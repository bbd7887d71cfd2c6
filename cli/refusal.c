// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write and read refusals as lines of JSON, and find the function that asked.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "refusal.h"

/* The functions between the one that asked and the account begin like this. */
static const char *const between[] = {
	"bc_",
	"__bc_",
	"trace_",
	"__traceiter_",
	"perf_trace_",
	"kmem_cache_",
	"__kmem_cache_",
	"kmalloc",
	"__kmalloc",
	"__do_kmalloc",
	"kvmalloc",
	"__kvmalloc",
	"krealloc",
	"kmemdup",
	"__kmemdup",
	"memdup_",
	"vmemdup_",
	"kstrdup",
	"slab_",
	"__slab_",
	"___slab_",
	"alloc_pages",
	"__alloc_pages",
	"__get_free_pages",
	"get_free_pages",
	"get_zeroed_page",
	"vmalloc",
	"__vmalloc",
	"vzalloc",
	"pcpu_",
	"__alloc_percpu",
	"folio_alloc",
	"__folio_alloc",
	"mempool_",
	"__ftrace_",
	"ftrace_",
	"memcg_slab_",
	"new_slab",
	"allocate_slab",
};

/* The stack begins with the innermost function. */
const char *who_asked(const char *const stack[], size_t depth)
{
	size_t i, j;

	for (i = 0; i < depth; i++) {
		for (j = 0; j < ARRAY_SIZE(between); j++)
			if (!strncmp(stack[i], between[j], strlen(between[j])))
				break;
		if (j == ARRAY_SIZE(between))
			return stack[i];
	}
	return "";
}

static bool below(const char *path, const char *group)
{
	size_t len = strlen(group);

	return !group[1] ||
	       (!strncmp(path, group, len) && (!path[len] || path[len] == '/'));
}

/* Did the group or one below it refuse, or would one of them have paid? */
bool refusal_concerns(const struct refusal *refusal, const char *group)
{
	return !group || below(refusal->group, group) ||
	       below(refusal->payer, group);
}

static void add_text(struct json_object *object, const char *key,
		     const char *text)
{
	json_object_object_add(object, key, json_object_new_string(text));
}

static void add_number(struct json_object *object, const char *key,
		       uint64_t number)
{
	json_object_object_add(
		object, key,
		number == LIBBC_MAX ? NULL : json_object_new_uint64(number));
}

void refusal_print_json(FILE *out, const struct refusal *refusal)
{
	struct json_object *object = json_object_new_object();
	struct json_object *stack = json_object_new_array();
	char seconds[40];
	size_t i;

	for (i = 0; i < refusal->depth; i++)
		json_object_array_add(
			stack, json_object_new_string(refusal->stack[i]));
	snprintf(seconds, sizeof(seconds), "%.6f", refusal->time);
	json_object_object_add(object, "time",
			       json_object_new_double_s(refusal->time,
							seconds));
	add_text(object, "group", refusal->group);
	add_text(object, "payer", refusal->payer);
	json_object_object_add(object, "pid",
			       json_object_new_int(refusal->pid));
	add_text(object, "process", refusal->process);
	add_text(object, "resource", refusal->resource);
	add_text(object, "unit",
		 libbc_unit_name(libbc_unit_of(refusal->resource)));
	add_number(object, "requested", refusal->requested);
	add_number(object, "held", refusal->held);
	add_number(object, "barrier", refusal->barrier);
	add_number(object, "limit", refusal->limit);
	add_text(object, "severity", refusal->severity);
	add_text(object, "function", refusal->function);
	json_object_object_add(object, "stack", stack);
	fprintf(out, "%s\n",
		json_object_to_json_string_ext(
			object, JSON_C_TO_STRING_PLAIN |
					JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

static const char *get_text(struct json_object *object, const char *key)
{
	struct json_object *value = json_object_object_get(object, key);

	return json_object_is_type(value, json_type_string) ?
		       json_object_get_string(value) :
		       "";
}

static uint64_t get_number(struct json_object *object, const char *key)
{
	struct json_object *value = json_object_object_get(object, key);

	return json_object_is_type(value, json_type_int) ?
		       json_object_get_uint64(value) :
		       LIBBC_MAX;
}

/* False if it is no refusal. The texts in the refusal belong to the object. */
static bool from_json(struct json_object *object, struct refusal *refusal)
{
	struct json_object *stack;
	size_t i;

	*refusal = (struct refusal){ 0 };
	if (!json_object_is_type(object, json_type_object))
		return false;
	refusal->time =
		json_object_get_double(json_object_object_get(object, "time"));
	refusal->group = get_text(object, "group");
	refusal->payer = get_text(object, "payer");
	refusal->pid =
		json_object_get_int(json_object_object_get(object, "pid"));
	refusal->process = get_text(object, "process");
	refusal->resource = get_text(object, "resource");
	refusal->requested = get_number(object, "requested");
	refusal->held = get_number(object, "held");
	refusal->barrier = get_number(object, "barrier");
	refusal->limit = get_number(object, "limit");
	refusal->severity = get_text(object, "severity");
	refusal->function = get_text(object, "function");
	stack = json_object_object_get(object, "stack");
	if (json_object_is_type(stack, json_type_array))
		for (i = 0;
		     i < json_object_array_length(stack) && i < DEEPEST_STACK;
		     i++) {
			const char *name = json_object_get_string(
				json_object_array_get_idx(stack, i));

			refusal->stack[refusal->depth++] = name ? name : "";
		}
	return *refusal->group == '/' || !strncmp(refusal->group, "id:", 3);
}

static int read_line(struct bcctl *ctl, const char *file, size_t number,
		     const char *line, refusal_fn fn, void *arg)
{
	struct json_object *object = json_tokener_parse(line);
	struct refusal refusal;
	int ret;

	if (!object || !from_json(object, &refusal)) {
		ret = fail(ctl, "%s line %zu is not a refusal", file, number);
		hint("bcctl watch --json >FILE makes such a file");
	} else {
		ret = fn(arg, &refusal);
	}
	json_object_put(object);
	return ret;
}

/* Read a recording, the output of "bcctl watch --json"; "-" is stdin. */
int refusals_read(struct bcctl *ctl, const char *file, refusal_fn fn, void *arg)
{
	FILE *in = strcmp(file, "-") ? fopen(file, "re") : stdin;
	size_t size = 0, number = 0;
	char *line = NULL;
	int ret = 0;

	if (!in)
		return fail(ctl, "cannot open %s: %s", file, strerror(errno));
	errno = 0;
	while (!ret && getline(&line, &size, in) >= 0) {
		number++;
		if (line[strspn(line, " \t\n")])
			ret = read_line(ctl, file, number, line, fn, arg);
		errno = 0;
	}
	if (!ret && ferror(in))
		ret = fail(ctl, "cannot read %s: %s", file,
			   strerror(errno ? errno : EIO));
	free(line);
	if (in != stdin)
		fclose(in);
	return ret;
}

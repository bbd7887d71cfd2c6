// SPDX-License-Identifier: GPL-2.0-only
/*
 * An account that was written to a file, in the form of the kernel or as JSON.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "advise.h"

/* Print one entry as "held=1 maxheld=2 ..."; null is max. */
static int print_fields(FILE *out, struct json_object *entry)
{
	static const struct {
		const char *json, *file;
	} fields[] = {
		{ "held", "held" },	  { "maxheld", "maxheld" },
		{ "barrier", "barrier" }, { "limit", "limit" },
		{ "failcnt", "failcnt" }, { "local", "failcnt_local" },
		{ "forced", "forced" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		struct json_object *value;

		if (!json_object_object_get_ex(entry, fields[i].json, &value))
			continue;
		if (!value)
			fprintf(out, " %s=max", fields[i].file);
		else if (json_object_is_type(value, json_type_int) &&
			 json_object_get_int64(value) >= 0)
			fprintf(out, " %s=%llu", fields[i].file,
				(unsigned long long)json_object_get_uint64(
					value));
		else
			return -EBADMSG;
	}
	fputc('\n', out);
	return 0;
}

/* "show" calls the array "account", and "run" calls it "resources". */
static struct json_object *entries_of(struct json_object *object)
{
	static const char *const keys[] = { "account", "resources" };
	struct json_object *found;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (json_object_object_get_ex(object, keys[i], &found) &&
		    json_object_is_type(found, json_type_array))
			return found;
	return NULL;
}

static int print_entries(FILE *out, struct json_object *entries)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < json_object_array_length(entries) && !ret; i++) {
		struct json_object *entry, *name;

		entry = json_object_array_get_idx(entries, i);
		if (!json_object_is_type(entry, json_type_object) ||
		    !json_object_object_get_ex(entry, "resource", &name) ||
		    !json_object_is_type(name, json_type_string))
			return -EBADMSG;
		fputs(json_object_get_string(name), out);
		ret = print_fields(out, entry);
	}
	return ret;
}

static int from_json(const char *text, struct libbc_account **account)
{
	struct json_object *object = json_tokener_parse(text), *entries = NULL;
	char *lines = NULL;
	size_t bytes = 0;
	int ret = -EBADMSG;
	FILE *out;

	if (json_object_is_type(object, json_type_object))
		entries = entries_of(object);
	out = entries ? open_memstream(&lines, &bytes) : NULL;
	if (out) {
		ret = print_entries(out, entries);
		if (fclose(out))
			ret = -ENOMEM;
		if (!ret)
			ret = libbc_account_parse(lines, bytes, account);
	}
	free(lines);
	json_object_put(object);
	return ret;
}

/* Any list of words can be parsed, but only an account has maxheld. */
static bool plausible(const struct libbc_account *account)
{
	size_t i, count = libbc_account_count(account);

	for (i = 0; i < count; i++)
		if (!libbc_resource_has(libbc_account_get(account, i),
					LIBBC_MAXHELD))
			return false;
	return count;
}

int account_from_text(const char *text, struct libbc_account **account)
{
	const char *start = text + strspn(text, " \t\n");
	struct libbc_account *new;
	int ret;

	if (*start == '{')
		ret = from_json(start, &new);
	else
		ret = libbc_account_parse(text, strlen(text), &new);
	if (ret)
		return ret;
	if (!plausible(new)) {
		libbc_account_free(new);
		return -EBADMSG;
	}
	*account = new;
	return 0;
}

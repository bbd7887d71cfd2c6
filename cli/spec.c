// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settings the way they are written: RESOURCE=BARRIER[:LIMIT].
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "bcctl.h"

/*
 * Is it a plain number for a resource in pages? People who think in bytes and
 * people who think in pages both write such numbers, and mean sizes 4096 times
 * apart.
 */
static bool two_readings(const struct bcctl *ctl, enum libbc_unit unit,
			 const char *text)
{
	return unit == LIBBC_PAGES && !ctl->bytes && !ctl->pages &&
	       text[strspn(text, "0")] && !text[strspn(text, "0123456789")];
}

static int which_reading(const struct bcctl *ctl, const char *spec,
			 const char *name, const char *text)
{
	char bytes[LIBBC_SIZE_LEN], pages[LIBBC_SIZE_LEN];
	uint64_t number;

	if (libbc_size_parse(text, LIBBC_PAGES, &number))
		return misuse(ctl, "%s: %s is too large", spec, text);
	misuse(ctl, "%s: %s is counted in pages: is %s bytes or pages?", spec,
	       name, text);
	hint("write %sB for bytes, which is %s, or %sP for pages, which is %s",
	     text, libbc_size_format(number, LIBBC_BYTES, 0, bytes), text,
	     libbc_size_format(number, LIBBC_PAGES, 0, pages));
	/* A file has no options. */
	if (!ctl->file)
		hint("--bytes or --pages decides this for all plain numbers of resources in pages");
	return ctl->misuse;
}

/* With --bytes a plain number is in bytes, as "show --bytes" prints it. */
static int parse_size(const struct bcctl *ctl, enum libbc_unit unit,
		      const char *text, uint64_t *value)
{
	char bytes[LIBBC_SIZE_LEN];

	if (unit != LIBBC_PAGES || !ctl->bytes || !*text ||
	    text[strspn(text, "0123456789")])
		return libbc_size_parse(text, unit, value);
	if ((size_t)snprintf(bytes, sizeof(bytes), "%sB", text) >=
	    sizeof(bytes))
		return -ERANGE;
	return libbc_size_parse(bytes, unit, value);
}

/* A resource that is only shown takes max, as a number would mean nothing. */
static int refuse_shown(const struct bcctl *ctl, const char *spec,
			const char *name, const char *text)
{
	enum libbc_unit unit = libbc_unit_of(name);
	char bytes[LIBBC_SIZE_LEN] = "the bytes";
	uint64_t value;

	if (!two_readings(ctl, unit, text) &&
	    !parse_size(ctl, unit, text, &value))
		libbc_size_format(value, unit, LIBBC_SIZE_PLAIN, bytes);
	misuse(ctl,
	       "%s: %s is only shown: nothing is refused for it, and it takes no barrier and no limit",
	       spec, name);
	hint("write %s to %s of the group, which is what limits it", bytes,
	     resource_instead(name));
	return ctl->misuse;
}

static int parse_value(const struct bcctl *ctl, const char *spec,
		       const char *name, const char *text, uint64_t *value)
{
	enum libbc_unit unit = libbc_unit_of(name);
	int ret;

	if (resource_kind(name) == RESOURCE_SHOWN && strcmp(text, "max"))
		return refuse_shown(ctl, spec, name, text);
	if (two_readings(ctl, unit, text))
		return which_reading(ctl, spec, name, text);
	ret = parse_size(ctl, unit, text, value);
	if (!ret)
		return 0;
	if (ret == -ERANGE) {
		misuse(ctl, "%s: %s is too large", spec, text);
		hint("write max for unlimited");
		return ctl->misuse;
	}
	misuse(ctl, "%s: \"%s\" is not a number of %s", spec, text,
	       libbc_unit_name(unit));
	switch (unit) {
	case LIBBC_BYTES:
		hint("like 16777216, 16M, 1.5G, 400P for pages, or max");
		break;
	case LIBBC_PAGES:
		hint("like 256M, 65536P for as many pages, or max");
		break;
	case LIBBC_ITEMS:
		hint("like 1000, or max");
		break;
	}
	return ctl->misuse;
}

static int parse_spec(const struct bcctl *ctl,
		      const struct libbc_account *account, const char *text,
		      char *copy, struct spec *spec)
{
	char *equals = strchr(copy, '='), *colon;
	int ret = 0;

	if (!equals || equals == copy || !equals[1] || !strcmp(equals, "=:")) {
		misuse(ctl, "\"%s\" is not RESOURCE=BARRIER[:LIMIT]", text);
		hint("like kmemsize=16M:18M, or numfile=1024");
		return ctl->misuse;
	}
	*equals = '\0';
	spec->name = copy;
	if (account && !libbc_account_find(account, copy))
		return explain_resource(ctl, account, copy);
	colon = strchr(equals + 1, ':');
	if (colon) {
		*colon = '\0';
		spec->has_limit = true;
		if (!strcmp(colon + 1, "auto"))
			spec->limit = LIBBC_AUTO;
		else
			ret = parse_value(ctl, text, copy, colon + 1,
					  &spec->limit);
	}
	if (!ret && equals[1]) {
		spec->has_barrier = true;
		ret = parse_value(ctl, text, copy, equals + 1, &spec->barrier);
	}
	/* A guarantee has no limit, as nothing is refused above it. */
	if (resource_kind(copy) == RESOURCE_GUARANTEE && !spec->has_limit) {
		spec->has_limit = true;
		spec->limit = LIBBC_MAX;
	}
	return ret;
}

/* If there is an account, only resources that it has are accepted. */
int specs_add(const struct bcctl *ctl, struct specs *specs,
	      const struct libbc_account *account, const char *text)
{
	struct spec spec = { NULL }, *more;
	char *copy = strdup(text);
	size_t i;
	int ret;

	more = reallocarray(specs->v, specs->count + 1, sizeof(*more));
	if (more)
		specs->v = more;
	if (!copy || !more) {
		free(copy);
		return no_memory(ctl);
	}
	ret = parse_spec(ctl, account, text, copy, &spec);
	for (i = 0; !ret && i < specs->count; i++)
		if (!strcmp(specs->v[i].name, spec.name))
			ret = misuse(ctl, "%s is given twice", spec.name);
	if (ret) {
		free(copy);
		return ret;
	}
	specs->v[specs->count++] = spec;
	return 0;
}

/* The setting of this name, made if there is none; NULL if out of memory. */
struct spec *specs_named(struct specs *specs, const char *name)
{
	struct spec *more;
	size_t i;

	for (i = 0; i < specs->count; i++)
		if (!strcmp(specs->v[i].name, name))
			return &specs->v[i];
	more = reallocarray(specs->v, specs->count + 1, sizeof(*more));
	if (!more)
		return NULL;
	specs->v = more;
	more += specs->count;
	*more = (struct spec){ .name = strdup(name) };
	if (!more->name)
		return NULL;
	specs->count++;
	return more;
}

void specs_drop(struct specs *specs, size_t index)
{
	free(specs->v[index].name);
	specs->count--;
	memmove(&specs->v[index], &specs->v[index + 1],
		(specs->count - index) * sizeof(*specs->v));
}

int specs_known(const struct bcctl *ctl, const struct specs *specs,
		const struct libbc_account *account)
{
	size_t i;

	for (i = 0; i < specs->count; i++)
		if (!libbc_account_find(account, specs->v[i].name))
			return explain_resource(ctl, account, specs->v[i].name);
	return 0;
}

static bool has_spec(const struct specs *specs, const char *name)
{
	size_t i;

	for (i = 0; i < specs->count; i++)
		if (!strcmp(specs->v[i].name, name))
			return true;
	return false;
}

/* Move settings from "from" to "specs", but for resources that it has already. */
int specs_merge(const struct bcctl *ctl, struct specs *specs,
		struct specs *from)
{
	struct spec *more;
	size_t i;

	more = reallocarray(specs->v, specs->count + from->count + 1,
			    sizeof(*more));
	if (!more)
		return no_memory(ctl);
	specs->v = more;
	for (i = 0; i < from->count; i++) {
		if (has_spec(specs, from->v[i].name))
			continue;
		more[specs->count++] = from->v[i];
		from->v[i].name = NULL;
	}
	return 0;
}

static int fill(struct libbc_settings *settings, const struct spec *spec)
{
	int ret = 0;

	if (spec->has_barrier)
		ret = libbc_settings_add(settings, spec->name, LIBBC_BARRIER,
					 spec->barrier);
	if (!ret && spec->has_limit)
		ret = libbc_settings_add(settings, spec->name, LIBBC_LIMIT,
					 spec->limit);
	return ret;
}

int specs_fill(const struct specs *specs, struct libbc_settings *settings)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < specs->count && !ret; i++)
		ret = fill(settings, &specs->v[i]);
	return ret;
}

int specs_apply(const struct bcctl *ctl, const struct specs *specs,
		const struct libbc_group *group)
{
	struct libbc_settings *settings;
	int ret;

	ret = libbc_settings_new(&settings);
	if (!ret)
		ret = specs_fill(specs, settings);
	if (!ret)
		ret = guarded_apply(settings, group);
	libbc_settings_free(settings);
	if (!ret)
		return 0;
	/* The library does not say which file failed: name a likely one. */
	return explain_file(ctl, libbc_group_path(group),
			    specs->count && specs->v[0].has_barrier ?
				    "bc.barrier" :
				    "bc.limit",
			    ret, true);
}

/* Print a value that "bcctl set" reads in the same way with any options. */
static void print_value(FILE *out, uint64_t value, enum libbc_unit unit)
{
	if (value == LIBBC_MAX || value == LIBBC_AUTO)
		fputs(value == LIBBC_MAX ? "max" : "auto", out);
	else
		fprintf(out, "%llu%s", (unsigned long long)value,
			unit == LIBBC_PAGES ? "P" : "");
}

void specs_print(FILE *out, const struct specs *specs)
{
	size_t i;

	for (i = 0; i < specs->count; i++) {
		const struct spec *spec = &specs->v[i];
		enum libbc_unit unit = libbc_unit_of(spec->name);

		fprintf(out, " %s=", spec->name);
		if (spec->has_barrier)
			print_value(out, spec->barrier, unit);
		if (spec->has_limit) {
			fputc(':', out);
			print_value(out, spec->limit, unit);
		}
	}
}

void specs_free(struct specs *specs)
{
	size_t i;

	for (i = 0; i < specs->count; i++)
		free(specs->v[i].name);
	free(specs->v);
	*specs = (struct specs){ NULL };
}

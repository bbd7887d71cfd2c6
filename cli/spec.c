// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settings the way they are written: RESOURCE=BARRIER[:LIMIT].
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "bcctl.h"

static int parse_value(const struct bcctl *ctl, const char *spec,
		       const char *name, const char *text, uint64_t *value)
{
	enum libbc_unit unit = libbc_unit_of(name);
	int ret = libbc_size_parse(text, unit, value);

	if (!ret)
		return 0;
	if (ret == -ERANGE) {
		fail(ctl, "%s: %s is too large", spec, text);
		hint("write max for unlimited");
		return ctl->failure;
	}
	fail(ctl, "%s: \"%s\" is not a number of %s", spec, text,
	     libbc_unit_name(unit));
	switch (unit) {
	case LIBBC_BYTES:
		hint("like 16777216, 16M, 1.5G, 400P for pages, or max");
		break;
	case LIBBC_PAGES:
		hint("like 65536, 65536P, 256M for as many bytes, or max");
		break;
	case LIBBC_ITEMS:
		hint("like 1000, or max");
		break;
	}
	return ctl->failure;
}

static int parse_spec(const struct bcctl *ctl,
		      const struct libbc_account *account, const char *text,
		      char *copy, struct spec *spec)
{
	char *equals = strchr(copy, '='), *colon;
	int ret = 0;

	if (!equals || equals == copy || !equals[1] || !strcmp(equals, "=:")) {
		fail(ctl, "\"%s\" is not RESOURCE=BARRIER[:LIMIT]", text);
		hint("like kmemsize=16M:18M, or numfile=1024");
		return ctl->failure;
	}
	*equals = '\0';
	spec->name = copy;
	if (account && !libbc_account_find(account, copy))
		return explain_resource(ctl, account, copy);
	colon = strchr(equals + 1, ':');
	if (colon) {
		*colon = '\0';
		spec->has_limit = true;
		ret = parse_value(ctl, text, copy, colon + 1, &spec->limit);
	}
	if (!ret && equals[1]) {
		spec->has_barrier = true;
		ret = parse_value(ctl, text, copy, equals + 1, &spec->barrier);
	}
	return ret;
}

/* With an account, only resources that it has. */
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
			ret = fail(ctl, "%s is given twice", spec.name);
	if (ret) {
		free(copy);
		return ret;
	}
	specs->v[specs->count++] = spec;
	return 0;
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

int specs_apply(const struct bcctl *ctl, const struct specs *specs,
		const struct libbc_group *group)
{
	struct libbc_settings *settings;
	size_t i;
	int ret;

	ret = libbc_settings_new(&settings);
	for (i = 0; i < specs->count && !ret; i++)
		ret = fill(settings, &specs->v[i]);
	if (!ret)
		ret = guarded_apply(settings, group);
	libbc_settings_free(settings);
	if (!ret)
		return 0;
	/* Which of the two files it was matters to nobody but for this. */
	return explain_file(ctl, libbc_group_path(group),
			    specs->count && specs->v[0].has_barrier ?
				    "bc.barrier" :
				    "bc.limit",
			    ret, true);
}

static void print_value(FILE *out, uint64_t value)
{
	if (value == LIBBC_MAX)
		fputs("max", out);
	else
		fprintf(out, "%llu", (unsigned long long)value);
}

void specs_print(FILE *out, const struct specs *specs)
{
	size_t i;

	for (i = 0; i < specs->count; i++) {
		const struct spec *spec = &specs->v[i];

		fprintf(out, " %s=", spec->name);
		if (spec->has_barrier)
			print_value(out, spec->barrier);
		if (spec->has_limit) {
			fputc(':', out);
			print_value(out, spec->limit);
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

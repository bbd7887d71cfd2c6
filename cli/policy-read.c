// SPDX-License-Identifier: GPL-2.0-only
/*
 * One file of the policy:
 *
 *	# comment
 *	[system.slice/web-*.service]
 *	profile = light
 *	kmemsize = 64M:72M
 *	-numtcpsock = 100
 *
 * Reading goes on after a mistake, so that all mistakes are reported at once.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "policy.h"

struct reader {
	struct bcctl *ctl;
	const struct libbc_account *account;
	struct policy *policy;
	const char *path;
	size_t first; /* index of the first section of this file */
	bool skipping; /* below a heading that is wrong */
	size_t errors;
};

static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t\r");
	len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

/* "//web/" becomes "/web"; false if it cannot be the path of a group. */
static bool normalize(const char *text, char *to)
{
	char *begin = to;

	for (;;) {
		size_t len;

		text += strspn(text, "/");
		len = strcspn(text, "/");
		if (!len)
			break;
		if (*text == '.' && (len == 1 || (len == 2 && text[1] == '.')))
			return false;
		*to++ = '/';
		to = mempcpy(to, text, len);
		text += len;
	}
	*to = '\0';
	return to > begin;
}

static int add_section(struct reader *reader, char *pattern)
{
	struct policy *policy = reader->policy;
	const struct section *other = policy_named(policy, pattern);
	struct section *more;

	if (other) {
		fail(reader->ctl, "[%s] is there already, in %s:%u",
		     pattern + 1, other->file, other->line);
		hint("a group has one section; put its lines together");
		return reader->ctl->failure;
	}
	more = reallocarray(policy->v, policy->count + 1, sizeof(*more));
	if (!more)
		return no_memory(reader->ctl);
	policy->v = more;
	more += policy->count;
	*more = (struct section){ .line = reader->ctl->line,
				  .order = policy->count };
	more->pattern = strdup(pattern);
	more->file = strdup(reader->path);
	policy->count++;
	return more->pattern && more->file ? 0 : no_memory(reader->ctl);
}

/* The bracket that nothing but a comment follows. */
static char *end_of_heading(char *text)
{
	for (text = strchr(text, ']'); text; text = strchr(text + 1, ']')) {
		const char *rest = text + 1 + strspn(text + 1, " \t");

		if (!*rest || *rest == '#')
			break;
	}
	return text;
}

static int heading(struct reader *reader, char *text)
{
	char *end = end_of_heading(text), *pattern;
	int ret;

	if (!end) {
		fail(reader->ctl, "\"%s\" has no ] at its end", text);
		hint("like [system.slice/postgresql.service]");
		return reader->ctl->failure;
	}
	*end = '\0';
	text = trim(text + 1);
	pattern = malloc(strlen(text) + 2);
	if (!pattern)
		return no_memory(reader->ctl);
	if (!normalize(text, pattern)) {
		fail(reader->ctl, "[%s] is no group that can have limits",
		     text);
		hint("write its path from the top, like [system.slice/postgresql.service]; the top itself has no account");
		ret = reader->ctl->failure;
	} else {
		ret = add_section(reader, pattern);
	}
	free(pattern);
	return ret;
}

static int name_profile(struct reader *reader, struct section *section,
			const char *value)
{
	if (section->profile)
		return fail(
			reader->ctl,
			"a section can have one profile, and this one has %s already",
			section->profile);
	section->profile = strdup(value);
	section->profile_line = reader->ctl->line;
	return section->profile ? 0 : no_memory(reader->ctl);
}

static void drop_blanks(char *text)
{
	char *to = text;

	for (; *text; text++)
		if (!isspace((unsigned char)*text))
			*to++ = *text;
	*to = '\0';
}

/* A resource after "-" may be one that the kernel does not have. */
static int add_spec(struct reader *reader, struct section *section,
		    const char *name, char *value)
{
	bool optional = *name == '-';
	char *text;
	int ret;

	name += optional;
	if (optional && reader->account &&
	    !libbc_account_find(reader->account, name))
		return 0;
	drop_blanks(value);
	if (asprintf(&text, "%s=%s", name, value) < 0)
		return no_memory(reader->ctl);
	ret = specs_add(reader->ctl, &section->specs, reader->account, text);
	free(text);
	return ret;
}

/* "RESOURCE = BARRIER[:LIMIT]" or "profile = NAME" */
static int assignment(struct reader *reader, char *text)
{
	struct policy *policy = reader->policy;
	char *equals = strchr(text, '=');
	char *value;

	if (!equals) {
		fail(reader->ctl,
		     "\"%s\" is neither [GROUP] nor RESOURCE = BARRIER[:LIMIT]",
		     text);
		hint("like kmemsize = 64M:72M, or profile = light");
		return reader->ctl->failure;
	}
	if (policy->count == reader->first) {
		fail(reader->ctl, "\"%s\" is above the first [GROUP]", text);
		hint("say whose limit it is, like [system.slice/postgresql.service]");
		return reader->ctl->failure;
	}
	*equals = '\0';
	value = trim(equals + 1);
	text = trim(text);
	if (!strcmp(text, "profile"))
		return name_profile(reader, &policy->v[policy->count - 1],
				    value);
	return add_spec(reader, &policy->v[policy->count - 1], text, value);
}

static void line(struct reader *reader, char *text)
{
	int ret = 0;

	text = trim(text);
	if (*text == '[') {
		ret = heading(reader, text);
		reader->skipping = ret;
	} else {
		text[strcspn(text, "#")] = '\0';
		text = trim(text);
		if (*text && *text != ';' && !reader->skipping)
			ret = assignment(reader, text);
	}
	if (ret)
		reader->errors++;
}

int policy_read(struct bcctl *ctl, const char *path,
		const struct libbc_account *account, struct policy *policy,
		size_t *errors)
{
	struct reader reader = { ctl, account, policy, path, policy->count };
	FILE *file = fopen(path, "re");
	size_t size = 0;
	char *text = NULL;
	ssize_t len;
	int ret = 0;

	if (!file)
		return fail(ctl, "cannot open %s: %s", path, strerror(errno));
	ctl->file = path;
	ctl->line = 0;
	errno = 0;
	while ((len = getline(&text, &size, file)) >= 0) {
		ctl->line++;
		if (strlen(text) != (size_t)len) {
			reader.errors++;
			fail(ctl, "there is a NUL byte in this line");
			continue;
		}
		line(&reader, text);
	}
	ctl->file = NULL;
	if (ferror(file))
		ret = fail(ctl, "cannot read %s: %s", path, strerror(errno));
	free(text);
	fclose(file);
	*errors += reader.errors;
	return ret;
}

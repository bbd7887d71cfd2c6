// SPDX-License-Identifier: GPL-2.0-only
/*
 * The service, container or pod of a group, from the names that service
 * managers and container runtimes give to groups: one row in the table for each
 * form.
 *
 * The innermost name counts, but the search ends at a container: the names
 * inside of it were chosen there and say nothing about this machine.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bcctl.h"
#include "labels.h"

/* An ID has 64 digits, and its short forms have 12. */
#define LEAST_ID 12

enum shape {
	ANY, /* any text */
	ESCAPED, /* with \x2d for a dash, as systemd writes it */
	ID, /* hexadecimal digits */
	UID, /* with underscores for dashes */
};

/* "after" is the name of a group that has to be somewhere above. */
static const struct form {
	const char *after, *prefix, *suffix;
	enum shape shape;
	enum label label;
} forms[] = {
	{ NULL, "docker-", ".scope", ID, LABEL_CONTAINER },
	{ "docker", "", "", ID, LABEL_CONTAINER },
	{ NULL, "libpod-", ".scope", ID, LABEL_CONTAINER },
	{ NULL, "libpod-", "", ID, LABEL_CONTAINER },
	{ NULL, "machine-libpod_pod_", ".slice", ID, LABEL_POD },
	{ NULL, "user-libpod_pod_", ".slice", ID, LABEL_POD },
	{ "libpod_parent", "", "", ID, LABEL_POD },
	{ NULL, "cri-containerd-", ".scope", ID, LABEL_CONTAINER },
	{ NULL, "crio-", ".scope", ID, LABEL_CONTAINER },
	{ NULL, "crio-", "", ID, LABEL_CONTAINER },
	{ NULL, "kubepods-pod", ".slice", UID, LABEL_POD },
	{ NULL, "kubepods-burstable-pod", ".slice", UID, LABEL_POD },
	{ NULL, "kubepods-besteffort-pod", ".slice", UID, LABEL_POD },
	{ "kubepods", "pod", "", UID, LABEL_POD },
	{ "kubepods", "", "", ID, LABEL_CONTAINER },
	{ NULL, "lxc.payload.", "", ANY, LABEL_CONTAINER },
	{ "lxc", "", "", ANY, LABEL_CONTAINER },
	{ "machine.slice", "systemd-nspawn@", ".service", ESCAPED,
	  LABEL_CONTAINER },
	{ "machine.slice", "machine-", ".scope", ESCAPED, LABEL_CONTAINER },
};

static const char *const units[] = {
	".service", ".scope", ".slice", ".socket", ".mount", ".swap",
};

static bool ends_in(const char *name, size_t len, const char *tail)
{
	size_t tail_len = strlen(tail);

	return len > tail_len && !memcmp(name + len - tail_len, tail, tail_len);
}

static bool above(const char *path, const char *name, const char *after)
{
	size_t len = strlen(after);
	const char *at;

	for (at = path; (at = strstr(at, after)) && at < name; at += len)
		if (at[-1] == '/' && at[len] == '/')
			return true;
	return false;
}

static bool is_id(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return len >= LEAST_ID;
}

static char *unescape(char *text)
{
	char *from, *to = text;
	unsigned int byte;

	for (from = text; *from; from++) {
		*to++ = *from;
		if (sscanf(from, "\\x%2x", &byte) != 1 || !byte ||
		    !isxdigit((unsigned char)from[3]))
			continue;
		to[-1] = (char)byte;
		from += 3;
	}
	*to = '\0';
	return text;
}

static char *shaped(const char *text, size_t len, enum shape shape)
{
	char *copy = strndup(text, len), *at;

	if (copy && shape == ESCAPED)
		unescape(copy);
	for (at = copy; at && shape == UID && *at; at++)
		if (*at == '_')
			*at = '-';
	return copy;
}

static bool matches(const struct form *form, const char *path, const char *name,
		    size_t len)
{
	size_t prefix = strlen(form->prefix), suffix = strlen(form->suffix);

	return len > prefix + suffix && !memcmp(name, form->prefix, prefix) &&
	       (!suffix || ends_in(name, len, form->suffix)) &&
	       (form->shape != ID ||
		is_id(name + prefix, len - prefix - suffix)) &&
	       (!form->after || above(path, name, form->after));
}

static int put(struct labels *labels, enum label label, char *value)
{
	free(labels->value[label]);
	labels->value[label] = value;
	return value ? 0 : -ENOMEM;
}

static int one_name(const char *path, const char *name, size_t len,
		    struct labels *labels)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(units); i++)
		if (ends_in(name, len, units[i]))
			ret = put(labels, LABEL_UNIT, strndup(name, len));
	for (i = 0; i < ARRAY_SIZE(forms) && !ret; i++) {
		const struct form *form = &forms[i];
		size_t prefix = strlen(form->prefix);

		if (matches(form, path, name, len))
			return put(labels, form->label,
				   shaped(name + prefix,
					  len - prefix - strlen(form->suffix),
					  form->shape));
	}
	return ret;
}

int labels_of(const char *path, struct labels *labels)
{
	const char *name = path;
	int ret = 0;

	*labels = (struct labels){ { NULL } };
	while (*name && !ret && !labels->value[LABEL_CONTAINER]) {
		size_t len;

		name++;
		len = strcspn(name, "/");
		ret = one_name(path, name, len, labels);
		name += len;
	}
	if (ret)
		labels_free(labels);
	return ret;
}

void labels_free(struct labels *labels)
{
	size_t i;

	for (i = 0; i < NR_LABELS; i++)
		free(labels->value[i]);
	*labels = (struct labels){ { NULL } };
}

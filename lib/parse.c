// SPDX-License-Identifier: LGPL-2.1-only
/*
 * Parse the texts that the kernel writes. A text without the expected form is
 * -EBADMSG, and nothing is guessed.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "internal.h"

/* The end of a line without its newline, and where the next line begins. */
static const char *line_end(const char *line, const char *end,
			    const char **next)
{
	const char *newline = memchr(line, '\n', end - line);

	*next = newline ? newline + 1 : end;
	return newline ? newline : end;
}

/* The next word between blanks; false at the end. */
static bool word(const char **at, const char *end, const char **start,
		 size_t *len)
{
	const char *p = *at;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	*start = p;
	while (p < end && *p != ' ' && *p != '\t')
		p++;
	*len = p - *start;
	*at = p;
	return *len > 0;
}

int parse_number(const char *text, size_t len, uint64_t *value)
{
	uint64_t number = 0;
	size_t i;

	if (len == 3 && !memcmp(text, "max", 3)) {
		*value = LIBBC_MAX;
		return 0;
	}
	if (!len)
		return -EBADMSG;
	for (i = 0; i < len; i++) {
		if (!isdigit((unsigned char)text[i]))
			return -EBADMSG;
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, text[i] - '0', &number))
			return -EBADMSG;
	}
	*value = number;
	return 0;
}

/* The files name a field as the enumeration does, in small letters. */
static int field_of(const char *key, size_t len)
{
	static const char *const names[] = {
		[LIBBC_HELD] = "held",
		[LIBBC_MAXHELD] = "maxheld",
		[LIBBC_BARRIER] = "barrier",
		[LIBBC_LIMIT] = "limit",
		[LIBBC_FAILCNT] = "failcnt",
		[LIBBC_FORCED] = "forced",
		[LIBBC_FAILCNT_LOCAL] = "failcnt_local",
		[LIBBC_LIMIT_AUTO] = "limit_auto",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i] && strlen(names[i]) == len &&
		    !memcmp(names[i], key, len))
			return i;
	return -1;
}

static int parse_pairs(const char *at, const char *end,
		       struct libbc_resource *resource)
{
	const char *start;
	size_t len;

	while (word(&at, end, &start, &len)) {
		const char *equals = memchr(start, '=', len);
		uint64_t value;
		int field, ret;

		if (!equals || equals == start)
			return -EBADMSG;
		field = field_of(start, equals - start);
		/* A newer kernel may have more fields, in any form. */
		if (field < 0)
			continue;
		ret = parse_number(equals + 1, start + len - equals - 1,
				   &value);
		if (ret || (resource->has & 1u << field))
			return -EBADMSG;
		resource->value[field] = value;
		resource->has |= 1u << field;
	}
	return 0;
}

/* "kmemsize held=0 maxheld=0 ...", a line for each resource. */
int parse_resources(const char *text, size_t bytes,
		    struct libbc_account *account)
{
	const char *end = text + bytes, *next;

	for (; text < end; text = next) {
		const char *stop = line_end(text, end, &next);
		struct libbc_resource *resource;
		const char *name;
		size_t len;
		int ret;

		if (!word(&text, stop, &name, &len) || memchr(name, '=', len) ||
		    memchr(name, '\0', len) || account_find(account, name, len))
			return -EBADMSG;
		resource = account_add(account, name, len);
		if (!resource)
			return -ENOMEM;
		ret = parse_pairs(text, stop, resource);
		if (ret)
			return ret;
	}
	return 0;
}

/* "kmemsize 0", a line for each resource: one field of each of them. */
int parse_flat(const char *text, size_t bytes, enum libbc_field field,
	       struct libbc_account *account)
{
	const char *end = text + bytes, *next;

	for (; text < end; text = next) {
		const char *stop = line_end(text, end, &next);
		const char *name, *number, *rest;
		struct libbc_resource *resource;
		size_t len, digits, more;
		uint64_t value;

		if (!word(&text, stop, &name, &len) ||
		    memchr(name, '\0', len) ||
		    !word(&text, stop, &number, &digits) ||
		    word(&text, stop, &rest, &more) ||
		    parse_number(number, digits, &value))
			return -EBADMSG;
		resource = account_find(account, name, len);
		if (!resource)
			resource = account_add(account, name, len);
		if (!resource)
			return -ENOMEM;
		resource->value[field] = value;
		resource->has |= 1u << field;
	}
	return 0;
}

/* The kernel writes a blank in a path as \040. */
static char *unescape(const char *text, size_t len)
{
	char *path = malloc(len + 1), *to = path;
	size_t i;

	for (i = 0; path && i < len; i++) {
		unsigned int code = 0;
		int digits = 0;

		if (text[i] == '\\' && len - i > 3)
			while (digits < 3 && text[i + 1 + digits] >= '0' &&
			       text[i + 1 + digits] <= '7')
				code = code * 8 + text[i + 1 + digits++] - '0';
		if (digits == 3 && code > 0 && code < 256) {
			*to++ = (char)code;
			i += 3;
		} else {
			*to++ = text[i];
		}
	}
	if (path)
		*to = '\0';
	return path;
}

/*
 * One line of mountinfo: is it cgroup2? Fields: id, parent, device, root,
 * mount point, options, optional ones, "-", type.
 */
static bool mount_line(const char *at, const char *end, const char *field[2],
		       size_t len[2])
{
	const char *start;
	size_t size, number;
	bool dash = false;

	for (number = 0; word(&at, end, &start, &size); number++) {
		if (number == 3 || number == 4) {
			field[number - 3] = start;
			len[number - 3] = size;
		}
		if (dash)
			return number > 5 && size == 7 &&
			       !memcmp(start, "cgroup2", 7);
		dash = number > 5 && size == 1 && *start == '-';
	}
	return false;
}

/*
 * Where is cgroup2 mounted? The first mount of the whole hierarchy wins, or
 * else the first mount.
 */
int parse_mountinfo(const char *text, char **mount, char **root)
{
	const char *end = text + strlen(text), *next;
	const char *field[2], *best[2] = { NULL, NULL };
	size_t len[2], best_len[2] = { 0, 0 };

	for (; text < end; text = next) {
		const char *stop = line_end(text, end, &next);
		bool whole;

		if (!mount_line(text, stop, field, len))
			continue;
		whole = len[0] == 1;
		if (best[0] && !whole)
			continue;
		memcpy(best, field, sizeof(best));
		memcpy(best_len, len, sizeof(best_len));
		if (whole)
			break;
	}
	if (!best[0])
		return -ENOENT;
	*root = unescape(best[0], best_len[0]);
	*mount = unescape(best[1], best_len[1]);
	if (*root && *mount)
		return 0;
	free(*root);
	free(*mount);
	*root = NULL;
	*mount = NULL;
	return -ENOMEM;
}

/* The line of version 2 in /proc/PID/cgroup: "0::/web/job". */
int parse_proc_cgroup(const char *text, char **path)
{
	static const char deleted[] = " (deleted)";
	const char *end = text + strlen(text), *next;

	for (; text < end; text = next) {
		size_t len = line_end(text, end, &next) - text;
		size_t tail = sizeof(deleted) - 1;

		if (len < 4 || memcmp(text, "0::/", 4))
			continue;
		if (len > tail && !memcmp(text + len - tail, deleted, tail))
			return -ENODEV;
		*path = strndup(text + 3, len - 3);
		return *path ? 0 : -ENOMEM;
	}
	return -ENOENT;
}

/* The line of bc in /proc/cgroups: name, hierarchy, groups, enabled. */
int parse_proc_cgroups(const char *text)
{
	const char *end = text + strlen(text), *next;

	for (; text < end; text = next) {
		const char *stop = line_end(text, end, &next);
		const char *start, *at = text;
		size_t len;
		int i;

		if (!word(&at, stop, &start, &len) || len != 2 ||
		    memcmp(start, "bc", 2))
			continue;
		for (i = 0; i < 3; i++)
			if (!word(&at, stop, &start, &len))
				return -EBADMSG;
		return len == 1 && *start == '0' ? LIBBC_CONTROLLER_DISABLED :
						   LIBBC_CONTROLLER_PRESENT;
	}
	return LIBBC_CONTROLLER_ABSENT;
}

/* cgroup_disable=bc, or with others: cgroup_disable=memory,bc */
int parse_cmdline(const char *text)
{
	static const char option[] = "cgroup_disable=";
	const char *at = text;

	while ((at = strstr(at, option))) {
		bool begins = at == text || isspace((unsigned char)at[-1]);

		at += sizeof(option) - 1;
		while (begins && *at && !isspace((unsigned char)*at)) {
			size_t len = strcspn(at, ", \t\n");

			if (len == 2 && !memcmp(at, "bc", 2))
				return LIBBC_CONTROLLER_DISABLED;
			at += len + (at[len] == ',');
		}
	}
	return LIBBC_CONTROLLER_ABSENT;
}

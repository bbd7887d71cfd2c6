// SPDX-License-Identifier: LGPL-2.1-only
/*
 * Refusals one by one, with the process that asked and the amount: the kernel's
 * event bc_refuse, as text, from a tracefs instance of the caller's own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "internal.h"

/* The kernel pads the name of a process to this width, with blanks in front. */
#define COMM_COLUMN 16

/* Longer than any line: names are short, and the rest of it are numbers. */
#define LONGEST 8192

struct libbc_refusals {
	char *instance; /* the directory, which is removed on close */
	int pipe;
	size_t used, done; /* of text */
	uint64_t lost;
	struct libbc_refusal now;
	char text[LONGEST];
};

static const char *const places[] = {
	"/sys/kernel/tracing",
	"/sys/kernel/debug/tracing",
};

static int put(const char *directory, const char *name, const char *text)
{
	__cleanup_text char *path = NULL;
	int fd, ret;

	if (asprintf(&path, "%s/%s", directory, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = group_file_write(fd, text);
	close(fd);
	return ret;
}

/* Make an instance with a name that is not in use. */
static int make_instance(const char *place, char **instance)
{
	char *path;
	int i;

	for (i = 0; i < 1000; i++) {
		if (asprintf(&path, "%s/instances/libbc-%ld-%d", place,
			     (long)getpid(), i) < 0)
			return -ENOMEM;
		if (!mkdir(path, 0700)) {
			*instance = path;
			return 0;
		}
		free(path);
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* Find tracefs with the event in it, and make an instance there. */
static int find_instance(char **instance)
{
	__cleanup_text char *event = NULL;
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(*places); i++) {
		char *path;

		if (asprintf(&path, "%s/events/bc/bc_refuse/enable",
			     places[i]) < 0)
			return -ENOMEM;
		free(event);
		event = path;
		if (!access(path, F_OK))
			return make_instance(places[i], instance);
		if (errno == EACCES)
			return -EACCES;
	}
	return -EOPNOTSUPP;
}

/* An instance starts with the administrator's options: set the ones needed. */
static void set_format(const char *instance)
{
	static const char *const files[][2] = {
		{ "options/context-info", "1" },
		{ "options/raw", "0" },
		{ "options/hex", "0" },
		{ "options/bin", "0" },
		{ "options/fields", "0" },
		{ "options/latency-format", "0" },
		{ "options/stacktrace", "0" },
		{ "options/record-cmd", "1" },
		{ "options/pause-on-trace", "0" },
		{ "buffer_percent", "0" },
	};
	size_t i;

	/* Errors do not matter: a kernel without an option does not need it. */
	for (i = 0; i < sizeof(files) / sizeof(*files); i++)
		put(instance, files[i][0], files[i][1]);
}

static int start(struct libbc_refusals *new, const struct libbc_group *group)
{
	char filter[80], path[512];
	int ret;

	set_format(new->instance);
	if (group) {
		snprintf(filter, sizeof(filter),
			 "group == %llu || payer == %llu",
			 (unsigned long long)group->id,
			 (unsigned long long)group->id);
		ret = put(new->instance, "events/bc/bc_refuse/filter", filter);
		if (ret)
			return ret;
	}
	snprintf(path, sizeof(path), "%s/trace_pipe", new->instance);
	new->pipe = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (new->pipe < 0)
		return -errno;
	ret = put(new->instance, "events/bc/bc_refuse/enable", "1");
	return ret ?: put(new->instance, "tracing_on", "1");
}

int libbc_refusals_open(const struct libbc_group *group,
			struct libbc_refusals **refusals)
{
	struct libbc_refusals *new;
	int ret;

	if (group && group->captured)
		return -EROFS;
	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->pipe = -1;
	ret = find_instance(&new->instance);
	if (!ret)
		ret = start(new, group);
	if (ret) {
		libbc_refusals_close(new);
		return ret;
	}
	*refusals = new;
	return 0;
}

void libbc_refusals_close(struct libbc_refusals *refusals)
{
	if (!refusals)
		return;
	close_fd(&refusals->pipe);
	if (refusals->instance)
		rmdir(refusals->instance);
	free(refusals->instance);
	free(refusals);
}

int libbc_refusals_fd(const struct libbc_refusals *refusals)
{
	return refusals->pipe;
}

uint64_t libbc_refusals_lost(const struct libbc_refusals *refusals)
{
	return refusals->lost;
}

/* Expect "name=" and step over it; the length of the value is in *len. */
static int take(const char **text, const char *name, size_t *len)
{
	size_t skip = strlen(name);

	if (strncmp(*text, name, skip) || (*text)[skip] != '=')
		return -EBADMSG;
	*text += skip + 1;
	*len = strcspn(*text, " \n");
	return *len ? 0 : -EBADMSG;
}

static int take_number(const char **text, const char *name, uint64_t *value)
{
	size_t len;
	int ret;

	ret = take(text, name, &len) ?: parse_number(*text, len, value);
	*text += ret ? 0 : len + strspn(*text + len, " ");
	return ret;
}

static int take_word(const char **text, const char *name, char *word,
		     size_t size)
{
	size_t len;

	if (take(text, name, &len) || len >= size)
		return -EBADMSG;
	memcpy(word, *text, len);
	word[len] = '\0';
	*text += len + strspn(*text + len, " ");
	return 0;
}

static int parse_numbers(const char *at, struct libbc_refusal *refusal)
{
	static const struct {
		const char *name;
		enum libbc_refusal_field field;
	} numbers[] = {
		{ "requested", LIBBC_REFUSAL_REQUESTED },
		{ "held", LIBBC_REFUSAL_HELD },
		{ "barrier", LIBBC_REFUSAL_BARRIER },
		{ "limit", LIBBC_REFUSAL_LIMIT },
	};
	uint64_t *value = refusal->value;
	size_t i;
	int ret;

	ret = take_number(&at, "group", &value[LIBBC_REFUSAL_GROUP])	     ?:
		      take_number(&at, "payer", &value[LIBBC_REFUSAL_PAYER]) ?:
		      take_word(&at, "resource", refusal->resource,
				sizeof(refusal->resource));
	for (i = 0; i < sizeof(numbers) / sizeof(*numbers) && !ret; i++) {
		ret = take_number(&at, numbers[i].name,
				  &value[numbers[i].field]);
		/* The kernel's highest value is unlimited. */
		if (!ret && i > 1 && value[numbers[i].field] >= INT64_MAX)
			value[numbers[i].field] = LIBBC_MAX;
	}
	return ret;
}

/*
 * Parse a line of the kernel. The name of a process can contain anything, even
 * a line feed or text that looks like a refusal, but its place and its length
 * are fixed.
 */
int parse_refusal(const char *line, struct libbc_refusal *refusal)
{
	static const char event[] = " bc_refuse: ";
	size_t blanks = strspn(line, " "), digits;
	const char *at;

	memset(refusal, 0, sizeof(*refusal));
	if (strnlen(line, COMM_COLUMN + 1) <= COMM_COLUMN ||
	    line[COMM_COLUMN] != '-')
		return -EBADMSG;
	if (blanks > COMM_COLUMN)
		blanks = COMM_COLUMN;
	memcpy(refusal->process, line + blanks, COMM_COLUMN - blanks);
	at = line + COMM_COLUMN + 1;
	digits = strspn(at, "0123456789");
	if (parse_number(at, digits, &refusal->value[LIBBC_REFUSAL_PID]))
		return -EBADMSG;
	at = strstr(at, event);
	return at ? parse_numbers(at + strlen(event), refusal) : -EBADMSG;
}

/* If the kernel has forgotten the name, ask /proc: the process may be there. */
static void name_process(struct libbc_refusal *refusal)
{
	__cleanup_text char *text = NULL;
	char path[40];
	size_t bytes;

	if (strcmp(refusal->process, "<...>"))
		return;
	*refusal->process = '\0';
	snprintf(path, sizeof(path), "/proc/%llu/comm",
		 (unsigned long long)refusal->value[LIBBC_REFUSAL_PID]);
	if (file_read(AT_FDCWD, path, &text, &bytes))
		return;
	snprintf(refusal->process, sizeof(refusal->process), "%.*s",
		 (int)(bytes ? bytes - 1 : 0), text);
}

/* The next line, in place; NULL if its end has not been read yet. */
static char *next_line(struct libbc_refusals *refusals)
{
	char *line = refusals->text + refusals->done, *end;
	size_t left = refusals->used - refusals->done;
	/* A line feed in the name of a process ends no line. */
	size_t name = left && *line == 'C' ? 0 : COMM_COLUMN;

	end = left > name ? memchr(line + name, '\n', left - name) : NULL;
	if (!end)
		return NULL;
	*end = '\0';
	refusals->done += end + 1 - line;
	return line;
}

static int fill(struct libbc_refusals *refusals)
{
	size_t room;
	ssize_t got;

	refusals->used -= refusals->done;
	memmove(refusals->text, refusals->text + refusals->done,
		refusals->used);
	refusals->done = 0;
	room = sizeof(refusals->text) - refusals->used;
	/* The kernel writes no line that is so long. */
	if (!room)
		return -EBADMSG;
	do
		got = read(refusals->pipe, refusals->text + refusals->used,
			   room);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? 0 : -errno;
	refusals->used += got;
	return got > 0;
}

int libbc_refusals_next(struct libbc_refusals *refusals,
			const struct libbc_refusal **refusal)
{
	unsigned long long lost;
	const char *line;
	int ret;

	for (;;) {
		line = next_line(refusals);
		if (!line) {
			ret = fill(refusals);
			if (ret <= 0)
				return ret;
		} else if (sscanf(line, "CPU:%*d [LOST %llu EVENTS]", &lost) ==
			   1) {
			refusals->lost += lost;
		} else if (!parse_refusal(line, &refusals->now)) {
			name_process(&refusals->now);
			*refusal = &refusals->now;
			return 1;
		}
	}
}

uint64_t libbc_refusal_value(const struct libbc_refusal *refusal,
			     enum libbc_refusal_field field)
{
	return field <= LIBBC_REFUSAL_LIMIT ? refusal->value[field] : 0;
}

const char *libbc_refusal_process(const struct libbc_refusal *refusal)
{
	return refusal->process;
}

const char *libbc_refusal_resource(const struct libbc_refusal *refusal)
{
	return refusal->resource;
}

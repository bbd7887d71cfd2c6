// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals in the journal, or on standard error where there is none.
 *
 * A program decides how often it is refused, so in each minute only a few
 * refusals are written for each group, and a limited number for all groups; the
 * others are counted, and their number is written when the minute is over.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <time.h>

#include "apply.h"

#define WINDOW 60
#define MOST_OF_GROUP 5
#define MOST_OF_ALL 200
#define MOST_GROUPS 256
#define MOST_FIELDS 16

#define MESSAGE_ID "5d8b3d1f3c0f4d3c9c2b3a2d0b7f6e10"

struct counted {
	char *group;
	unsigned long refusals, written;
};

struct refusal_log {
	bool journal;
	time_t begin;
	struct counted groups[MOST_GROUPS];
	size_t count;
	unsigned long written, others; /* others: no room for the group */
};

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* Is standard error what systemd has connected to the journal? */
static bool under_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	       !fstat(STDERR_FILENO, &st) && st.st_dev == dev &&
	       st.st_ino == ino;
}

struct refusal_log *refusal_log_new(void)
{
	struct refusal_log *log = calloc(1, sizeof(*log));

	if (log) {
		log->journal = under_journal();
		log->begin = seconds();
	}
	return log;
}

/* The fields of one message. */
struct entry {
	struct iovec v[MOST_FIELDS];
	int count;
};

static void add(struct entry *entry, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void add(struct entry *entry, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return;
	if (entry->count == MOST_FIELDS) {
		free(text);
		return;
	}
	entry->v[entry->count].iov_base = text;
	entry->v[entry->count++].iov_len = len;
}

/* Programs choose their names: keep control characters off a terminal. */
static void print_plain(const char *text)
{
	for (; *text; text++)
		fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text,
		      stderr);
	fputc('\n', stderr);
}

/* The first field is the message. */
static void send(const struct refusal_log *log, struct entry *entry)
{
	const char *message = entry->count ? entry->v[0].iov_base : "";

	if (entry->count &&
	    (!log->journal || sd_journal_sendv(entry->v, entry->count) < 0))
		print_plain(message + strlen("MESSAGE="));
	while (entry->count)
		free(entry->v[--entry->count].iov_base);
}

/* The deepest part of the path that systemd would call a unit. */
static char *unit_of(const char *path)
{
	static const char *const kinds[] = { ".service", ".scope", ".slice" };
	const char *found = NULL;
	size_t found_len = 0, i;

	while (*path) {
		size_t len;

		path += strspn(path, "/");
		len = strcspn(path, "/");
		for (i = 0; i < ARRAY_SIZE(kinds); i++) {
			size_t tail = strlen(kinds[i]);

			if (len > tail &&
			    !memcmp(path + len - tail, kinds[i], tail)) {
				found = path;
				found_len = len;
			}
		}
		path += len;
	}
	return found ? strndup(found, found_len) : NULL;
}

static void add_unit(struct entry *entry, const char *path)
{
	char *unit = unit_of(path);

	if (unit)
		add(entry, "OBJECT_SYSTEMD_UNIT=%s", unit);
	free(unit);
}

static void add_value(struct entry *entry, const char *field, uint64_t value)
{
	if (value == LIBBC_MAX)
		add(entry, "%s=max", field);
	else
		add(entry, "%s=%llu", field, (unsigned long long)value);
}

static void write_refusal(const struct refusal_log *log,
			  const struct refusal *refusal)
{
	enum libbc_unit unit = libbc_unit_of(refusal->resource);
	char asked[LIBBC_SIZE_LEN], held[LIBBC_SIZE_LEN];
	char barrier[LIBBC_SIZE_LEN], limit[LIBBC_SIZE_LEN];
	struct entry entry = { .count = 0 };

	add(&entry,
	    "MESSAGE=%s: %s refused for %s[%d] of %s: requested %s, held %s, barrier %s, limit %s",
	    refusal->group, refusal->resource, refusal->process, refusal->pid,
	    refusal->payer,
	    libbc_size_format(refusal->requested, unit, 0, asked),
	    libbc_size_format(refusal->held, unit, 0, held),
	    libbc_size_format(refusal->barrier, unit, 0, barrier),
	    libbc_size_format(refusal->limit, unit, 0, limit));
	add(&entry, "MESSAGE_ID=" MESSAGE_ID);
	add(&entry, "PRIORITY=4");
	add_unit(&entry, refusal->payer);
	add(&entry, "BC_GROUP=%s", refusal->group);
	add(&entry, "BC_PAYER=%s", refusal->payer);
	add(&entry, "BC_RESOURCE=%s", refusal->resource);
	add(&entry, "BC_PROCESS=%s", refusal->process);
	add(&entry, "BC_PID=%d", refusal->pid);
	add_value(&entry, "BC_REQUESTED", refusal->requested);
	add_value(&entry, "BC_HELD", refusal->held);
	add_value(&entry, "BC_BARRIER", refusal->barrier);
	add_value(&entry, "BC_LIMIT", refusal->limit);
	add(&entry, "BC_FUNCTION=%s", refusal->function);
	send(log, &entry);
}

static void write_count(const struct refusal_log *log, const char *group,
			unsigned long refusals)
{
	struct entry entry = { .count = 0 };

	if (group)
		add(&entry,
		    "MESSAGE=%s: %lu more refusal%s in the last %d seconds",
		    group, refusals, refusals == 1 ? "" : "s", WINDOW);
	else
		add(&entry,
		    "MESSAGE=other groups: %lu more refusal%s in the last %d seconds",
		    refusals, refusals == 1 ? "" : "s", WINDOW);
	add(&entry, "MESSAGE_ID=" MESSAGE_ID);
	add(&entry, "PRIORITY=4");
	if (group) {
		add_unit(&entry, group);
		add(&entry, "BC_GROUP=%s", group);
	}
	add(&entry, "BC_COUNT=%lu", refusals);
	send(log, &entry);
}

static struct counted *find(struct refusal_log *log, const char *group)
{
	struct counted *counted;
	size_t i;

	for (i = 0; i < log->count; i++)
		if (!strcmp(log->groups[i].group, group))
			return &log->groups[i];
	if (log->count == MOST_GROUPS)
		return NULL;
	counted = &log->groups[log->count];
	*counted = (struct counted){ strdup(group) };
	if (!counted->group)
		return NULL;
	log->count++;
	return counted;
}

void refusal_log_add(struct refusal_log *log, const struct refusal *refusal)
{
	struct counted *counted = find(log, refusal->payer);

	if (!counted) {
		log->others++;
		return;
	}
	counted->refusals++;
	if (counted->written == MOST_OF_GROUP || log->written == MOST_OF_ALL)
		return;
	counted->written++;
	log->written++;
	write_refusal(log, refusal);
}

/* Write how many refusals were not written, and begin a new minute. */
static void end_window(struct refusal_log *log)
{
	size_t i;

	for (i = 0; i < log->count; i++) {
		struct counted *counted = &log->groups[i];

		if (counted->refusals > counted->written)
			write_count(log, counted->group,
				    counted->refusals - counted->written);
		free(counted->group);
	}
	if (log->others)
		write_count(log, NULL, log->others);
	log->count = 0;
	log->written = 0;
	log->others = 0;
	log->begin = seconds();
}

void refusal_log_tick(struct refusal_log *log)
{
	if (seconds() - log->begin >= WINDOW)
		end_window(log);
}

void refusal_log_free(struct refusal_log *log)
{
	if (!log)
		return;
	end_window(log);
	free(log);
}

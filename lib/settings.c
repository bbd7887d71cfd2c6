// SPDX-License-Identifier: LGPL-2.1-only
/*
 * Set barriers and limits, all or nothing.
 *
 * The kernel takes the lines of one write as a whole or not at all. Barriers
 * and limits are two files, so up to three writes are needed:
 *
 *	1. the limits that rise
 *	2. the barriers
 *	3. the limits that fall
 *
 * After each of them every value is the old one or the new one, and where
 * barrier <= limit was and will be true, it is true in between: each limit is
 * the higher one of its two values until the end. A process can only be killed
 * at a limit that is in force before or after. When a write fails, the writes
 * before it are undone. Signals are blocked meanwhile.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

struct setting {
	char *name;
	unsigned int has;
	uint64_t value[LIBBC_NR_FIELDS];
};

struct libbc_settings {
	size_t count;
	struct setting *settings;
};

enum { LIMITS_UP, BARRIERS, LIMITS_DOWN, NR_STEPS };

/* One write, and the write that undoes it. */
struct step {
	int fd;
	char *text, *undo;
};

int libbc_settings_new(struct libbc_settings **settings)
{
	*settings = calloc(1, sizeof(**settings));
	return *settings ? 0 : -ENOMEM;
}

void libbc_settings_free(struct libbc_settings *settings)
{
	size_t i;

	if (!settings)
		return;
	for (i = 0; i < settings->count; i++)
		free(settings->settings[i].name);
	free(settings->settings);
	free(settings);
}

static struct setting *setting_for(struct libbc_settings *settings,
				   const char *name)
{
	struct setting *more;
	size_t i;

	for (i = 0; i < settings->count; i++)
		if (!strcmp(settings->settings[i].name, name))
			return &settings->settings[i];
	more = reallocarray(settings->settings, settings->count + 1,
			    sizeof(*more));
	if (!more)
		return NULL;
	settings->settings = more;
	more += settings->count;
	memset(more, 0, sizeof(*more));
	more->name = strdup(name);
	if (!more->name)
		return NULL;
	settings->count++;
	return more;
}

int libbc_settings_add(struct libbc_settings *settings, const char *name,
		       enum libbc_field field, uint64_t value)
{
	struct setting *setting;

	if ((field != LIBBC_BARRIER && field != LIBBC_LIMIT) || !*name ||
	    strpbrk(name, " \t\n=") ||
	    (value > INT64_MAX && value != LIBBC_MAX &&
	     (value != LIBBC_AUTO || field != LIBBC_LIMIT)))
		return -EINVAL;
	setting = setting_for(settings, name);
	if (!setting)
		return -ENOMEM;
	if (setting->has & 1u << field)
		return -EEXIST;
	setting->has |= 1u << field;
	setting->value[field] = value;
	return 0;
}

int libbc_settings_check(const struct libbc_settings *settings,
			 const struct libbc_account *account, const char **bad)
{
	size_t i;

	for (i = 0; i < settings->count; i++) {
		const char *name = settings->settings[i].name;

		if (libbc_account_find(account, name))
			continue;
		if (bad)
			*bad = name;
		return -ENXIO;
	}
	return 0;
}

static int append(char **text, const char *name, uint64_t value)
{
	char *more;
	int ret;

	if (value == LIBBC_MAX || value == LIBBC_AUTO)
		ret = asprintf(&more, "%s%s %s\n", *text ?: "", name,
			       value == LIBBC_MAX ? "max" : "auto");
	else
		ret = asprintf(&more, "%s%s %llu\n", *text ?: "", name,
			       (unsigned long long)value);
	if (ret < 0)
		return -ENOMEM;
	free(*text);
	*text = more;
	return 0;
}

/* The value in force, in the form in which it would be written. */
static uint64_t in_force(const struct libbc_resource *resource,
			 enum libbc_field field)
{
	if (field == LIBBC_LIMIT &&
	    libbc_resource_value(resource, LIBBC_LIMIT_AUTO))
		return LIBBC_AUTO;
	return libbc_resource_value(resource, field);
}

/*
 * Put each change into the step that it belongs to. A limit that follows the
 * barrier counts as its present number. A limit that will follow is written
 * last, when the barrier has been set.
 */
static int plan(const struct libbc_settings *settings,
		const struct libbc_account *old, struct step steps[NR_STEPS])
{
	size_t i;
	int ret = 0;

	for (i = 0; i < settings->count && !ret; i++) {
		const struct setting *setting = &settings->settings[i];
		const struct libbc_resource *resource =
			libbc_account_find(old, setting->name);
		enum libbc_field field;

		for (field = LIBBC_BARRIER; field <= LIBBC_LIMIT; field++) {
			uint64_t before = in_force(resource, field);
			uint64_t after = setting->value[field];
			uint64_t now = libbc_resource_value(resource, field);
			struct step *step = &steps[BARRIERS];

			if (!(setting->has & 1u << field) || before == after)
				continue;
			if (field == LIBBC_LIMIT)
				step = &steps[after > now && after != LIBBC_AUTO ?
						      LIMITS_UP :
						      LIMITS_DOWN];
			ret = append(&step->text, setting->name, after) ?:
				      append(&step->undo, setting->name,
					     before);
			if (ret)
				return ret;
		}
	}
	return ret;
}

/* Write all or nothing; the files are open already. */
static int execute(struct step steps[NR_STEPS])
{
	int i, ret = 0;

	for (i = 0; i < NR_STEPS && !ret; i++)
		if (steps[i].text)
			ret = group_file_write(steps[i].fd, steps[i].text);
	if (!ret)
		return 0;
	for (i -= 2; i >= 0; i--)
		if (steps[i].text &&
		    group_file_write(steps[i].fd, steps[i].undo) &&
		    ret != -ENODEV)
			ret = -ENOTRECOVERABLE;
	return ret;
}

static int open_steps(const struct libbc_group *group,
		      struct step steps[NR_STEPS])
{
	static const char *const names[NR_STEPS] = {
		[LIMITS_UP] = "bc.limit",
		[BARRIERS] = "bc.barrier",
		[LIMITS_DOWN] = "bc.limit",
	};
	int i;

	for (i = 0; i < NR_STEPS; i++) {
		if (!steps[i].text)
			continue;
		if (group->captured)
			return -EROFS;
		steps[i].fd = group_file_open(group, names[i], O_WRONLY);
		if (steps[i].fd < 0)
			return steps[i].fd;
	}
	return 0;
}

int libbc_settings_apply(const struct libbc_settings *settings,
			 const struct libbc_group *group)
{
	struct step steps[NR_STEPS] = { { .fd = -1 },
					{ .fd = -1 },
					{ .fd = -1 } };
	struct libbc_account *old = NULL;
	sigset_t all, before;
	int i, ret;

	ret = libbc_account_read(group, 0, &old);
	if (!ret)
		ret = libbc_settings_check(settings, old, NULL);
	if (!ret)
		ret = plan(settings, old, steps);
	if (!ret)
		ret = open_steps(group, steps);
	if (!ret) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before);
		ret = execute(steps);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	for (i = 0; i < NR_STEPS; i++) {
		close_fd(&steps[i].fd);
		free(steps[i].text);
		free(steps[i].undo);
	}
	libbc_account_free(old);
	return ret;
}

int libbc_maxheld_reset(const struct libbc_group *group,
			const char *const names[], size_t count)
{
	__cleanup_text char *text = NULL;
	struct libbc_account *account = NULL;
	int fd, ret;
	size_t i;

	ret = libbc_account_read(group, 0, &account);
	if (ret)
		return ret;
	for (i = 0; i < count && !ret; i++)
		ret = libbc_account_find(account, names[i]) ?
			      append(&text, names[i], 0) :
			      -ENXIO;
	for (i = 0; !count && i < account->count && !ret; i++)
		ret = append(&text, account->resources[i].name, 0);
	libbc_account_free(account);
	if (ret || !text)
		return ret;
	if (group->captured)
		return -EROFS;
	fd = group_file_open(group, "bc.maxheld", O_WRONLY);
	if (fd < 0)
		return fd;
	ret = group_file_write(fd, text);
	close_fd(&fd);
	return ret;
}

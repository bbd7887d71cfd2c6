// SPDX-License-Identifier: GPL-2.0-only
/*
 * The group that an operand names, its account, and how its values are shown.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "advise.h"

int need_host(struct bcctl *ctl)
{
	int ret;

	if (ctl->host)
		return 0;
	ret = libbc_host_open(ctl->sysroot, &ctl->host);
	return ret ? explain_host(ctl, ret) : 0;
}

/* A path, the ID of a process, or "." for the group that bcctl is in. */
int target_open(struct bcctl *ctl, const char *name, struct libbc_group **group)
{
	int ret = need_host(ctl);

	if (ret)
		return ret;
	if (!strcmp(name, "."))
		ret = libbc_group_open_pid(ctl->host, 0, group);
	else if (*name && !name[strspn(name, "0123456789")])
		ret = strlen(name) > 9 || !atoi(name) ?
			      -ESRCH :
			      libbc_group_open_pid(ctl->host, atoi(name),
						   group);
	else
		ret = libbc_group_open(ctl->host, name, group);
	return ret ? explain_open(ctl, name, ret) : 0;
}

int account_read(struct bcctl *ctl, const struct libbc_group *group,
		 unsigned int flags, struct libbc_account **account)
{
	int ret = libbc_account_read(group, flags, account);

	if (!ret)
		return 0;
	return explain_file(ctl, libbc_group_path(group), "bc.resources", ret,
			    false);
}

/* A barrier above the limit acts as if it were the limit. */
uint64_t effective_barrier(const struct libbc_resource *resource)
{
	uint64_t barrier = libbc_resource_value(resource, LIBBC_BARRIER);
	uint64_t limit = libbc_resource_value(resource, LIBBC_LIMIT);

	return barrier < limit ? barrier : limit;
}

/*
 * The value in percent of the barrier; -1 without a barrier, and for guarantees
 * and resources that are only shown.
 */
int fill_percent(const struct libbc_resource *resource, uint64_t value)
{
	uint64_t barrier = effective_barrier(resource);

	if (barrier == LIBBC_MAX ||
	    resource_kind(libbc_resource_name(resource)) != RESOURCE_LIMITED)
		return -1;
	if (!barrier)
		return value ? 999 : 100;
	if (value / barrier >= 10)
		return 999;
	return (int)((__uint128_t)value * 100 / barrier);
}

/*
 * JSON has plain numbers in the unit of the resource and no value for "max",
 * which is an empty string here.
 */
const char *value_text(const struct bcctl *ctl, uint64_t value,
		       enum libbc_unit unit, char buf[LIBBC_SIZE_LEN])
{
	if (!ctl->json)
		return libbc_size_format(
			value, unit, ctl->bytes ? LIBBC_SIZE_PLAIN : 0, buf);
	if (value == LIBBC_MAX)
		return "";
	if (ctl->bytes)
		return libbc_size_format(value, unit, LIBBC_SIZE_PLAIN, buf);
	snprintf(buf, LIBBC_SIZE_LEN, "%llu", (unsigned long long)value);
	return buf;
}

/* The whole text, to be freed; NULL with errno when it cannot be read. */
char *read_all(FILE *in)
{
	char *text = NULL;
	size_t size = 0;

	errno = 0;
	if (getdelim(&text, &size, '\0', in) >= 0)
		return text;
	free(text);
	/* The file is empty. */
	return ferror(in) || errno ? NULL : strdup("");
}

static int write_all(int fd, const char *text, size_t bytes)
{
	while (bytes) {
		ssize_t done = write(fd, text, bytes);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		text += done;
		bytes -= done;
	}
	return 0;
}

static int write_new(const char *path, char *temporary, const char *text,
		     size_t bytes)
{
	int fd = mkostemp(temporary, O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = write_all(fd, text, bytes);
	if (!ret && (fchmod(fd, 0644) || fsync(fd)))
		ret = -errno;
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret && rename(temporary, path))
		ret = -errno;
	if (ret)
		unlink(temporary);
	return ret;
}

/* A reader of the file sees either the old text or the new one. */
int write_atomically(const struct bcctl *ctl, const char *path,
		     const char *text, size_t bytes)
{
	char *temporary;
	int ret;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return no_memory(ctl);
	ret = write_new(path, temporary, text, bytes);
	free(temporary);
	return ret ? fail(ctl, "cannot write %s: %s", path, strerror(-ret)) : 0;
}

/* Read an account from a file, or from standard input for "-". */
int account_from_file(const struct bcctl *ctl, const char *file,
		      struct libbc_account **account)
{
	FILE *in = strcmp(file, "-") ? fopen(file, "re") : stdin;
	char *text;
	int ret;

	if (!in)
		return fail(ctl, "cannot open %s: %s", file, strerror(errno));
	text = read_all(in);
	if (!text) {
		ret = fail(ctl, "cannot read %s: %s", file, strerror(errno));
	} else {
		ret = account_from_text(text, account);
		if (ret) {
			ret = fail(ctl, "%s is no account: %s", file,
				   strerror(-ret));
			hint("take a copy of bc.resources, or the output of show --json or run --report=json");
		}
	}
	if (in != stdin)
		fclose(in);
	free(text);
	return ret;
}

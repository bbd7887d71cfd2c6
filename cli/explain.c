// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages about failures: what failed, on which file or group, and what to do
 * about it.
 */
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "bcctl.h"

int fail(const struct bcctl *ctl, const char *format, ...)
{
	va_list args;

	fputs("bcctl: ", stderr);
	if (ctl->file)
		fprintf(stderr, "%s:%u: ", ctl->file, ctl->line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return ctl->failure;
}

int misuse(const struct bcctl *ctl, const char *format, ...)
{
	va_list args;

	fputs("bcctl: ", stderr);
	if (ctl->file)
		fprintf(stderr, "%s:%u: ", ctl->file, ctl->line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return ctl->misuse;
}

void hint(const char *format, ...)
{
	va_list args;

	fputs("  -> ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void warn(const char *format, ...)
{
	va_list args;

	fputs("bcctl: warning: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int no_memory(const struct bcctl *ctl)
{
	return fail(ctl, "out of memory");
}

int explain_host(const struct bcctl *ctl, int error)
{
	const char *root = ctl->sysroot ? ctl->sysroot : "";

	if (error == -ENOENT && ctl->sysroot && access(ctl->sysroot, F_OK)) {
		fail(ctl, "--sysroot: there is no directory %s", ctl->sysroot);
		return ctl->failure;
	}
	if (error == -ENOENT) {
		fail(ctl,
		     "no cgroup2 is mounted: there is none in %s/proc/self/mountinfo",
		     root);
		hint("mount -t cgroup2 none /sys/fs/cgroup");
		return ctl->failure;
	}
	return fail(ctl, "cannot find cgroup2 with %s/proc/self/mountinfo: %s",
		    root, strerror(-error));
}

/* Say why there is no account here. */
static int explain_controller(const struct bcctl *ctl, const char *path)
{
	switch (libbc_host_controller(ctl->host)) {
	case LIBBC_CONTROLLER_DISABLED:
		fail(ctl,
		     "the kernel was booted with its beancounters switched off: cgroup_disable=bc in /proc/cmdline");
		hint("take cgroup_disable=bc out of the boot loader's configuration and boot again");
		break;
	case LIBBC_CONTROLLER_ABSENT:
		fail(ctl,
		     "this kernel has no beancounters: there is no line bc in /proc/cgroups");
		hint("boot a kernel with CONFIG_BEANCOUNTERS=y; \"uname -r\" tells which one runs");
		break;
	default:
		if (!strcmp(path, "/")) {
			fail(ctl,
			     "the root group has no account: nothing is charged to it");
			hint("name a group below it; \"bcctl list --all\" shows them");
		} else {
			fail(ctl,
			     "group %s has no account: %s%s/bc.resources is not there",
			     path, libbc_host_mount(ctl->host), path);
			hint("bcctl list --all");
		}
	}
	return ctl->failure;
}

int explain_open(const struct bcctl *ctl, const char *name, int error)
{
	switch (-error) {
	case ENOENT:
		fail(ctl, "there is no group %s below %s", name,
		     libbc_host_mount(ctl->host));
		hint("bcctl list --all");
		break;
	case ENODEV:
		fail(ctl, "the group of %s has been removed", name);
		hint("bcctl list --all");
		break;
	case ESRCH:
		fail(ctl, "there is no process %s", name);
		hint("for a group of that name write ./%s", name);
		break;
	case EXDEV:
		fail(ctl, "process %s is in a group outside of %s", name,
		     libbc_host_mount(ctl->host));
		hint("run bcctl outside of this container");
		break;
	case ENOTDIR:
	case EINVAL:
		fail(ctl, "%s is not a group", name);
		hint("a group is a directory below %s, without \"..\"",
		     libbc_host_mount(ctl->host));
		break;
	default:
		fail(ctl, "cannot open group %s: %s", name, strerror(-error));
	}
	return ctl->failure;
}

static void explain_permission(const struct bcctl *ctl, const char *path,
			       const char *file, bool writing)
{
	char full[4096], owner[64] = "another user";
	const struct passwd *user;
	struct stat st;

	snprintf(full, sizeof(full), "%s%s/%s", libbc_host_mount(ctl->host),
		 path[1] ? path : "", file);
	if (!stat(full, &st)) {
		user = getpwuid(st.st_uid);
		snprintf(owner, sizeof(owner), "%s", user ? user->pw_name : "");
		if (!user)
			snprintf(owner, sizeof(owner), "user %u", st.st_uid);
	}
	fail(ctl, "no permission to %s %s, which belongs to %s",
	     writing ? "write" : "read", full, owner);
	if (geteuid() == 0)
		hint("the limits of the top group of a container are set from outside of it");
	else
		hint("run it as %s", owner);
}

int explain_file(const struct bcctl *ctl, const char *path, const char *file,
		 int error, bool writing)
{
	switch (-error) {
	case EOPNOTSUPP:
		return explain_controller(ctl, path);
	case EACCES:
	case EPERM:
		explain_permission(ctl, path, file, writing);
		break;
	case ENOENT:
	case ENODEV:
		fail(ctl, "group %s has been removed meanwhile", path);
		break;
	case EROFS:
		if (ctl->sysroot) {
			fail(ctl,
			     "%s is a copy of a machine: nothing in it is changed",
			     ctl->sysroot);
			hint("leave out --sysroot, or use --dry-run");
		} else {
			fail(ctl, "%s is mounted read-only",
			     libbc_host_mount(ctl->host));
			hint("run bcctl outside of this container");
		}
		break;
	case EBADMSG:
		fail(ctl, "%s%s/%s has a form that this version does not know",
		     libbc_host_mount(ctl->host), path[1] ? path : "", file);
		hint("is bcctl %s older than the kernel?", libbc_version());
		break;
	case ENOTRECOVERABLE:
		fail(ctl,
		     "%s: a write failed, and what was written before could not be taken back",
		     path);
		hint("bcctl show %s", path);
		break;
	default:
		fail(ctl, "cannot %s %s%s/%s: %s", writing ? "write" : "read",
		     libbc_host_mount(ctl->host), path[1] ? path : "", file,
		     strerror(-error));
	}
	return ctl->failure;
}

static const char *resource_name(const void *from, size_t index)
{
	const struct libbc_resource *resource = libbc_account_get(from, index);

	return resource ? libbc_resource_name(resource) : NULL;
}

int explain_resource(const struct bcctl *ctl,
		     const struct libbc_account *account, const char *name)
{
	const char *close = nearest(name, resource_name, account);
	size_t i;

	fail(ctl, "this kernel has no resource %s", name);
	if (close) {
		hint("did you mean %s?", close);
		return ctl->failure;
	}
	fputs("  -> it has", stderr);
	for (i = 0; i < libbc_account_count(account); i++)
		fprintf(stderr, " %s", resource_name(account, i));
	fputc('\n', stderr);
	return ctl->failure;
}

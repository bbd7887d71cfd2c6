// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks with file systems: names, attributes, caches, files in memory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "attack.h"

static const char *long_name(long i)
{
	static char name[256];

	snprintf(name, sizeof(name), "%0240ld", i);
	return name;
}

static long tmpfs_files(long max)
{
	long i;
	int fd;

	for (i = 0; more(i, max); i++) {
		fd = open(long_name(i), O_CREAT | O_EXCL | O_WRONLY, 0600);
		if (fd < 0)
			break;
		close(fd);
	}
	return i;
}

static long tmpfs_links(long max)
{
	static char target[100];
	char name[32];
	long i;

	memset(target, 'x', sizeof(target) - 1);
	for (i = 0; more(i, max); i++) {
		snprintf(name, sizeof(name), "l%ld", i);
		if (symlink(target, name))
			break;
	}
	return i;
}

/* Names that do not exist: the kernel caches that they do not. */
static long negative_dentries(long max)
{
	struct stat st;
	long i;

	for (i = 0; more(i, max); i++) {
		char path[300];

		snprintf(path, sizeof(path), "/sys/kernel/%s", long_name(i));
		if (!stat(path, &st) || errno != ENOENT)
			break;
	}
	return i;
}

static long create_unlink(long max)
{
	long i;
	int fd;

	for (i = 0; more(i, max); i++) {
		fd = open(long_name(i), O_CREAT | O_EXCL | O_WRONLY, 0600);
		if (fd < 0 || unlink(long_name(i)))
			break;
		close(fd);
	}
	return i;
}

static long memfds(long max)
{
	long i;

	for (i = 0; more(i, max); i++) {
		if (memfd_create("m", 0) < 0)
			break;
	}
	return i;
}

/* User attributes, if this tmpfs supports them. */
static long user_xattrs(long max)
{
	static char value[60000];
	long i;
	int fd;

	for (i = 0; more(i, max); i++) {
		fd = open(long_name(i), O_CREAT | O_EXCL | O_WRONLY, 0600);
		if (fd < 0)
			break;
		if (fsetxattr(fd, "user.big", value, sizeof(value), 0)) {
			if (errno == EOPNOTSUPP)
				errno = ENOSYS;
			return i ? i : -1;
		}
		close(fd);
	}
	return i;
}

/*
 * Access control lists of tmpfs live in memory only: 8000 entries, once for
 * access and once as the default for new files in the directory.
 */
#define ENTRIES 8000

struct acl {
	unsigned int version;
	struct {
		unsigned short tag, perm;
		unsigned int id;
	} e[ENTRIES];
};

static void fill_acl(struct acl *a)
{
	int i;

	a->version = 2;
	a->e[0].tag = 0x01; /* the owner */
	a->e[0].perm = 7;
	a->e[0].id = -1;
	for (i = 1; i < ENTRIES - 3; i++) {
		a->e[i].tag = 0x02; /* a user */
		a->e[i].perm = 4;
		a->e[i].id = 1000 + i;
	}
	a->e[i].tag = 0x04; /* the group */
	a->e[i++].id = -1;
	a->e[i].tag = 0x10; /* the mask */
	a->e[i++].id = -1;
	a->e[i].tag = 0x20; /* others */
	a->e[i].id = -1;
}

static long tmpfs_acls(long max)
{
	static struct acl a;
	char name[32];
	long i;

	fill_acl(&a);
	for (i = 0; more(i, max); i++) {
		snprintf(name, sizeof(name), "d%ld", i);
		if (mkdir(name, 0700))
			break;
		if (setxattr(name, "system.posix_acl_access", &a, sizeof(a),
			     0) ||
		    setxattr(name, "system.posix_acl_default", &a, sizeof(a),
			     0)) {
			if (errno == EOPNOTSUPP)
				errno = ENOSYS;
			return i ? i : -1;
		}
	}
	return i;
}

const struct attack fs_attacks[] = {
	{ "tmpfs_files", own_tmpfs, tmpfs_files, 200000,
	  .piles = "files on tmpfs", .charged = "inodes, dentries" },
	{ "tmpfs_links", own_tmpfs, tmpfs_links, 200000,
	  .piles = "symbolic links on tmpfs", .charged = "inodes, dentries" },
	{ "row_names", own_tmpfs, tmpfs_files, 200000, .row = "dcachesize",
	  .piles = "files on tmpfs, with a limit of their own",
	  .charged = "also in dcachesize" },
	{ "negative_dentries", NULL, negative_dentries, 200000,
	  .piles = "names that do not exist",
	  .charged = "dentries; reclaimed, nothing is refused" },
	{ "create_unlink", own_tmpfs, create_unlink, 200000,
	  .piles = "files made and removed again",
	  .charged = "reclaimed, nothing is refused" },
	{ "memfds", NULL, memfds, 200000, .piles = "memfd files",
	  .charged = "files, inodes" },
	{ "user_xattrs", own_tmpfs, user_xattrs, 1000,
	  .piles = "extended attributes on tmpfs", .charged = "attributes" },
	{ "tmpfs_acls", own_tmpfs, tmpfs_acls, 500,
	  .piles = "POSIX ACLs on tmpfs", .charged = "unmarked" },
};

const size_t nr_fs_attacks = sizeof(fs_attacks) / sizeof(fs_attacks[0]);

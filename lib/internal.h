/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * Declarations that the files of the library share. None of them is exported.
 */
#ifndef LIBBC_INTERNAL_H
#define LIBBC_INTERNAL_H

#include <stdlib.h>
#include <unistd.h>

#include <beancounter.h>

#define LIBBC_NR_FIELDS (LIBBC_LIMIT_AUTO + 1)

/* Each field of a resource has one bit in "has". */
struct libbc_resource {
	char *name;
	unsigned int has;
	uint64_t value[LIBBC_NR_FIELDS];
};

struct libbc_account {
	size_t count;
	struct libbc_resource *resources;
};

struct libbc_refusal {
	uint64_t value[LIBBC_REFUSAL_LIMIT + 1];
	char process[17], resource[64];
};

struct libbc_host {
	char *sysroot; /* "" for this machine */
	char *mount; /* where cgroup2 is mounted, with the sysroot before it */
	char *root; /* the group that is mounted there, mostly "/" */
	int fd; /* of the mount, O_PATH */
};

struct libbc_group {
	char *path; /* from the mount, "/" or "/web/job" */
	uint64_t id;
	int fd; /* of the directory, O_PATH */
	bool captured; /* below a sysroot: must not be written */
	bool leaf; /* nothing was below it when it was opened */
};

static inline void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void free_text(char **text)
{
	free(*text);
}

#define __cleanup_fd __attribute__((cleanup(close_fd)))
#define __cleanup_text __attribute__((cleanup(free_text)))

/* file.c */
int file_read(int dir, const char *name, char **text, size_t *bytes);
int fd_read(int fd, char **text, size_t *bytes);
int group_file_read(const struct libbc_group *group, const char *name,
		    char **text, size_t *bytes);
int group_file_open(const struct libbc_group *group, const char *name,
		    int flags);
int group_file_write(int fd, const char *text);

/* parse.c */
int parse_number(const char *text, size_t len, uint64_t *value);
int parse_resources(const char *text, size_t bytes,
		    struct libbc_account *account);
int parse_flat(const char *text, size_t bytes, enum libbc_field field,
	       struct libbc_account *account);
int parse_mountinfo(const char *text, char **mount, char **root);
int parse_proc_cgroup(const char *text, char **path);
int parse_proc_cgroups(const char *text);
int parse_cmdline(const char *text);

/* account.c */
struct libbc_resource *account_add(struct libbc_account *account,
				   const char *name, size_t len);
struct libbc_resource *account_find(const struct libbc_account *account,
				    const char *name, size_t len);

/* refusals.c */
int parse_refusal(const char *line, struct libbc_refusal *refusal);

/* group.c */
int group_at(int dir, const char *name, const char *path, bool captured,
	     struct libbc_group **group);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VM_GUEST_H
#define VM_GUEST_H

#include <stdbool.h>
#include <stddef.h>

struct job {
	int share; /* the directory shared with the host, O_PATH */
	const char *cwd;
	bool has_stdin, merge, kmemleak;
	int tty;
	unsigned short rows, columns;
};

/* The share (share.c) */
int open_share(const char *where);
char *read_share(int share, const char *name, size_t *size);
char **read_strings(int share, const char *name);
void write_share(int share, const char *name, const char *data, size_t size);
void copy_to_share(int share, const char *from, const char *name);

/* File systems (mounts.c) */
int mount_host(const char *source, const char *target);
void mount_proc(void);
void mount_all(void);
void keep_dir(const char *path);
void rw_dir(const char *id_and_path);

/* Say what is missing, and panic: the guest cannot work without it. */
void fail(const char *what) __attribute__((noreturn));

#endif /* VM_GUEST_H */

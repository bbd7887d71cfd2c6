/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Jobs that the workers of more than one program do, see bc_call(), and the
 * helpers of these jobs.
 */
#ifndef BC_JOBS_H
#define BC_JOBS_H

#include "bc_util.h"

/* Flags of mmap(). */
#define BC_RW (PROT_READ | PROT_WRITE)
#define BC_ANON (MAP_PRIVATE | MAP_ANONYMOUS)

/* Keeps a descriptor. Returns true when there is none; errno says why then. */
bool bc_keep_fd(int fd);
int bc_kept(long i);
long bc_kept_count(void);
long bc_drop_some(long n);
long bc_drop_kept(long unused);
long bc_open_null(long n);
long long bc_start_warm(struct bc_worker *w, const struct bc_group *g, long n);

/* Names that do not fit into a dentry. */
const char *bc_long_name(long i);

/* Looks up names that do not exist: sysfs keeps a dentry for each. */
long bc_look_up(long n);

/*
 * Makes the files f0 and on in a tmpfs of the case's own. Their dentries stay
 * and are not charged to the group. The jobs watch these files with inotify,
 * and stop that.
 */
void bc_make_files(int n);
long bc_watch(long n);
long bc_unwatch(long unused);

/* Files that are passed to the process at the other end of a socket. */
#define BC_HANDED_MAX 16
int bc_hand_over(int to, const int *fds, int n);
int bc_take_over(int from, int *fds, int flags);

/* Memory. */
long bc_mapped(const void *at);
long bc_map(long pages);
long bc_grow_brk(long pages);
long bc_use_stack(long pages);
char *bc_map_tables(long n);
long bc_touch_tables(char *area, long n);

/* Children and threads. */
#define BC_SIGNAL 1000
long bc_fork(long unused);
long bc_reap(long pid);
long bc_exit_code(long pid);
long bc_clone_into(int group_fd);
void *bc_idle_thread(void *unused);

/*
 * Opens a pseudo terminal that echoes each byte written to its master, both ends without
 * waiting. Returns the other end and stores the master; -1 with errno set.
 */
int bc_echo_terminal(int *master);

/*
 * A hash map of BPF that allocates its elements one by one, and a new element of it. An
 * interrupt allocates elements ahead: bc_map_add() waits @ms for it. -1 with errno set.
 */
int bc_hash_map(size_t value_size, int entries);
int bc_map_add(int map, int key, int ms);

#endif /* BC_JOBS_H */

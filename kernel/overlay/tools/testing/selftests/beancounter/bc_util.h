/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every beancounter selftest needs: groups, a harness that runs each
 * case in a process and a group of its own, and a worker that lives inside
 * the group and does there what the case tells it.
 *
 * A case is a function that returns when it has passed; everything else ends
 * its process: bc_fail() and the checks built on it, and bc_skip().  Cleaning
 * up is the harness's work: it kills and removes whatever the case left.
 */
#ifndef BC_UTIL_H
#define BC_UTIL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define BC_KMEM "kmemsize"
#define BC_VM "privvmpages"
#define BC_LOCKED "lockedpages"
#define BC_SHM "shmpages"
#define BC_MAX LLONG_MAX /* how "max" reads */
#define BC_AUTO (LLONG_MAX - 1) /* how "auto" reads */
#define BC_KIB 1024LL
#define BC_MIB (1024 * BC_KIB)
#define BC_NOBODY_UID 65534

/* A group; the path is that of its directory. */
struct bc_group {
	char path[256];
};

struct bc_case {
	const char *name;
	void (*run)(struct bc_group *g);
	bool residue; /* objects may outlive the case: do not insist on 0 */
};

int bc_main(int argc, char **argv, const struct bc_case *cases, size_t n);

#define BC_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* How a case ends early. */
void bc_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
void bc_skip(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
void bc_xfail(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
void __attribute__((format(printf, 1, 2))) bc_note(const char *fmt, ...);

/* Notes in the report what a group holds, by cache and kind. */
void bc_note_what(const struct bc_group *g);

/* Checks. One that fails says what was looked at and what it was. */
void bc_check_true(const char *file, int line, const char *what, bool ok);
void bc_check_range(const char *file, int line, const char *what, long long got,
		    long long low, long long high);
long long bc_check_sys(const char *file, int line, const char *what,
		       long long ret);

#define bc_true(cond) bc_check_true(__FILE__, __LINE__, #cond, cond)
#define bc_eq(got, want) \
	bc_check_range(__FILE__, __LINE__, #got, got, want, want)
#define bc_range(got, low, high) \
	bc_check_range(__FILE__, __LINE__, #got, got, low, high)
/* A system call that has to succeed. */
#define bc_sys(call) bc_check_sys(__FILE__, __LINE__, #call, (long long)(call))

/* Groups. */
const char *bc_root(void);
void bc_group_make_bare(struct bc_group *g, const struct bc_group *parent,
			const char *name);
void bc_group_make(struct bc_group *g, const struct bc_group *parent,
		   const char *name);
void bc_group_empty(const struct bc_group *g);
int bc_group_remove(const struct bc_group *g);
void bc_group_kill(const struct bc_group *g);
int bc_group_attach(const struct bc_group *g, pid_t pid);
int bc_open_file(const struct bc_group *g, const char *file, int flags);
bool bc_enable_memory(const struct bc_group *g);

/* Files of a group. A negative result is -errno. */
int bc_write_raw(const struct bc_group *g, const char *file, const void *buf,
		 size_t len);
int bc_write(const struct bc_group *g, const char *file, const char *text);
ssize_t bc_slurp(const struct bc_group *g, const char *file, char *buf,
		 size_t size);
ssize_t bc_slurp_path(const char *path, char *buf, size_t size);
int bc_write_path(const char *path, const char *text);

/* One resource, by its name. */
long long bc_read_key(const struct bc_group *g, const char *file,
		      const char *key);
int bc_set_key(const struct bc_group *g, const char *file, const char *key,
	       long long v);
long long bc_resource(const struct bc_group *g, const char *key,
		      const char *field);
long long bc_held_of(const struct bc_group *g, const char *key);

/* The same for kmemsize. */
long long bc_held(const struct bc_group *g);
long long bc_maxheld(const struct bc_group *g);
long long bc_failcnt(const struct bc_group *g);
long long bc_failcnt_local(const struct bc_group *g);
long long bc_forced(const struct bc_group *g);
void bc_set_barrier(const struct bc_group *g, long long bytes);
void bc_set_limit(const struct bc_group *g, long long bytes);
void bc_reset_maxheld(const struct bc_group *g);

/*
 * Much is given back late: by task work (fput()), RCU callbacks and work
 * queues. These functions hurry the kernel along and wait until held is what it
 * should be. They return what it was last.
 */
extern bool bc_reaper;
void bc_hurry(void);
long long bc_rest(const struct bc_group *g);
long long bc_wait_held(const struct bc_group *g, long long want);
void bc_check_held(const char *file, int line, const struct bc_group *g,
		   long long want);

#define bc_held_is(g, want) bc_check_held(__FILE__, __LINE__, g, want)

/* The same for any resource; what could be dropped is left alone. */
long long bc_settled(const struct bc_group *g, const char *key, long long low,
		     long long high);
void bc_check_settled(const char *file, int line, const struct bc_group *g,
		      const char *key, long long low, long long high);

#define bc_settles(g, key, want) \
	bc_check_settled(__FILE__, __LINE__, g, key, want, want)
#define bc_settles_within(g, key, low, high) \
	bc_check_settled(__FILE__, __LINE__, g, key, low, high)

/* The recount of a debug kernel: the sum of all differences, or -1 without one. */
long long bc_audit(char *line, size_t size);
long long bc_audit_settled(char *line, size_t size, int timeout_ms);

/* Sizes: what the kernel's allocators really take. */
long long bc_slab_size(const char *cache);
long long bc_kmalloc_size(size_t n);
long bc_page_size(void);
long bc_bytes(long pages);
int bc_config(const char *option);
int bc_cpus(void);

/**
 * bc_percpu_size() - what a percpu area is charged
 * @bytes: on each CPU; the kernel rounds up to 4
 *
 * Return: bytes on all possible CPUs, and of the slots for its owners, which the
 * options of the kernel make larger.
 */
long long bc_percpu_size(long bytes);

/* A process in the group that does what the case tells it. */
struct bc_worker {
	pid_t pid;
	int error; /* errno of the last call */
	int status; /* wait status once it is gone */
	struct bc_slot *slot;
};

typedef long (*bc_job)(long arg);

void bc_worker_start(struct bc_worker *w, const struct bc_group *g);
void bc_worker_start_as(struct bc_worker *w, const struct bc_group *g,
			uid_t uid);
long bc_call(struct bc_worker *w, bc_job job, long arg);
void bc_call_begin(struct bc_worker *w, bc_job job, long arg);
bool bc_call_end(struct bc_worker *w, int timeout_ms, long *ret);
int bc_worker_stop(struct bc_worker *w);
bool bc_worker_died(struct bc_worker *w, int timeout_ms);

/* Two groups below another, with a worker in each. */
struct bc_pair {
	struct bc_group one;
	struct bc_group two;
	struct bc_worker w1;
	struct bc_worker w2;
};

void bc_pair_start(struct bc_pair *p, const struct bc_group *g);
void bc_pair_stop(struct bc_pair *p); /* the workers */
void bc_pair_remove(struct bc_pair *p); /* the groups */

/* Mounts a tmpfs of the case's own on /tmp and goes there; it ends with the case. */
void bc_tmpfs(void);

/* Small things. */
long long bc_now_ms(void);
void bc_pause_ms(int ms);
void bc_populate(void);
int bc_wait_pid(pid_t pid, int timeout_ms, int *status);
int bc_patience(int ms);
int bc_log_count(int fd, const char *what);

#endif /* BC_UTIL_H */

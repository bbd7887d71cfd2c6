// SPDX-License-Identifier: GPL-2.0-only
/*
 * The worker: a process in the group that runs the functions it is handed.
 *
 * The case, which is not in the group, forks the worker. The worker maps all it
 * will need and only then moves into the group, so that the group holds nothing
 * of it. Orders and answers go through shared memory and futexes, which take no
 * kernel memory, so a worker in a full group can be talked to.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bc_util.h"

#define CALL_MS 120000

enum { SLOT_NEW, SLOT_IDLE, SLOT_ORDER, SLOT_DONE, SLOT_QUIT };

struct bc_slot {
	int state;
	int error;
	bc_job job;
	long arg;
	long ret;
};

static void slot_set(struct bc_slot *s, int state)
{
	__atomic_store_n(&s->state, state, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &s->state, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Waits, for @ms at most, while the state is @state. */
static void slot_wait(struct bc_slot *s, int state, int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	if (__atomic_load_n(&s->state, __ATOMIC_SEQ_CST) == state)
		syscall(SYS_futex, &s->state, FUTEX_WAIT, state, &ts, NULL, 0);
}

static void become(uid_t uid)
{
	if (!uid)
		return;
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid))
		bc_fail(__FILE__, __LINE__, "cannot be user %d: %s", uid,
			strerror(errno));
	prctl(PR_SET_DUMPABLE, 1);
}

static void __attribute__((noreturn)) serve(struct bc_slot *s, uid_t uid)
{
	volatile char deep[128 * 1024];
	int state;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	become(uid);
	deep[0] = 0;
	deep[sizeof(deep) - 1] = 0;
	bc_populate();
	slot_set(s, SLOT_IDLE);
	for (;;) {
		state = __atomic_load_n(&s->state, __ATOMIC_SEQ_CST);
		if (state == SLOT_QUIT)
			_exit(0);
		if (state != SLOT_ORDER) {
			slot_wait(s, state, 1000);
			continue;
		}
		errno = 0;
		s->ret = s->job(s->arg);
		s->error = errno;
		slot_set(s, SLOT_DONE);
	}
}

void bc_worker_start_as(struct bc_worker *w, const struct bc_group *g,
			uid_t uid)
{
	long long end = bc_now_ms() + bc_patience(CALL_MS);

	memset(w, 0, sizeof(*w));
	w->slot = mmap(NULL, bc_page_size(), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (w->slot == MAP_FAILED)
		bc_fail(__FILE__, __LINE__, "mmap: %s", strerror(errno));
	fflush(stdout);
	w->pid = fork();
	if (w->pid < 0)
		bc_fail(__FILE__, __LINE__, "fork: %s", strerror(errno));
	if (!w->pid)
		serve(w->slot, uid);
	while (__atomic_load_n(&w->slot->state, __ATOMIC_SEQ_CST) == SLOT_NEW) {
		slot_wait(w->slot, SLOT_NEW, 100);
		if (bc_now_ms() > end || bc_worker_died(w, 0))
			bc_fail(__FILE__, __LINE__,
				"the worker does not start");
	}
	if (g && bc_group_attach(g, w->pid))
		bc_fail(__FILE__, __LINE__, "the worker cannot join %s",
			g->path);
}

void bc_worker_start(struct bc_worker *w, const struct bc_group *g)
{
	bc_worker_start_as(w, g, 0);
}

void bc_call_begin(struct bc_worker *w, bc_job job, long arg)
{
	w->slot->job = job;
	w->slot->arg = arg;
	slot_set(w->slot, SLOT_ORDER);
}

/* Returns false when it is not done yet, or never will be: the worker has died. */
bool bc_call_end(struct bc_worker *w, int timeout_ms, long *ret)
{
	long long end = bc_now_ms() + timeout_ms;

	while (__atomic_load_n(&w->slot->state, __ATOMIC_SEQ_CST) ==
	       SLOT_ORDER) {
		if (bc_worker_died(w, 0) || bc_now_ms() > end)
			return false;
		slot_wait(w->slot, SLOT_ORDER, 20);
	}
	if (ret)
		*ret = w->slot->ret;
	w->error = w->slot->error;
	slot_set(w->slot, SLOT_IDLE);
	return true;
}

long bc_call(struct bc_worker *w, bc_job job, long arg)
{
	long ret;

	bc_call_begin(w, job, arg);
	if (!bc_call_end(w, bc_patience(CALL_MS), &ret))
		bc_fail(__FILE__, __LINE__, "the worker %s",
			w->pid ? "does not answer" :
				 strsignal(WTERMSIG(w->status)));
	return ret;
}

bool bc_worker_died(struct bc_worker *w, int timeout_ms)
{
	if (!w->pid)
		return true;
	if (bc_wait_pid(w->pid, timeout_ms, &w->status))
		return false;
	w->pid = 0;
	return true;
}

/* Lets the worker exit. Returns its exit status. */
int bc_worker_stop(struct bc_worker *w)
{
	if (w->pid) {
		slot_set(w->slot, SLOT_QUIT);
		if (!bc_worker_died(w, bc_patience(CALL_MS)))
			bc_fail(__FILE__, __LINE__,
				"the worker does not leave");
	}
	munmap(w->slot, bc_page_size());
	w->slot = NULL;
	return w->status;
}

/* Returns 0, or -ETIMEDOUT. */
int bc_wait_pid(pid_t pid, int timeout_ms, int *status)
{
	long long end = bc_now_ms() + timeout_ms;
	int ms = 1;

	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got == pid)
			return 0;
		if (got < 0 && errno != EINTR)
			bc_fail(__FILE__, __LINE__, "waitpid: %s",
				strerror(errno));
		if (bc_now_ms() >= end)
			return -ETIMEDOUT;
		bc_pause_ms(ms);
		ms = ms < 20 ? ms * 2 : 20;
	}
}

void bc_pair_start(struct bc_pair *p, const struct bc_group *g)
{
	bc_group_make(&p->one, g, "one");
	bc_group_make(&p->two, g, "two");
	bc_worker_start(&p->w1, &p->one);
	bc_worker_start(&p->w2, &p->two);
}

void bc_pair_stop(struct bc_pair *p)
{
	bc_worker_stop(&p->w1);
	bc_worker_stop(&p->w2);
}

void bc_pair_remove(struct bc_pair *p)
{
	bc_group_remove(&p->one);
	bc_group_remove(&p->two);
}

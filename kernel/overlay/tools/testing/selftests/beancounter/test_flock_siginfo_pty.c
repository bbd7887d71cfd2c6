// SPDX-License-Identifier: GPL-2.0-only
/*
 * numflock, numsiginfo and numpty: locks and leases, the information that is
 * queued with signals, pseudo terminals.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bc_jobs.h"

#define FLOCK "numflock"
#define SIGINFO "numsiginfo"
#define PTY "numpty"
#define N 8L

/* ------------------------------------------------------------------- locks */

static int fcntl_lock(int fd, int cmd, int type, long start, long len)
{
	struct flock fl = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = start,
		.l_len = len,
	};

	return fcntl(fd, cmd, &fl);
}

/* A file of its own; the locks in it go with the descriptor. */
static long open_file(long unused)
{
	char path[] = "/tmp/bc-items-XXXXXX";
	int fd = mkstemp(path);

	(void)unused;
	unlink(path);
	return bc_keep_fd(fd) ? -1 : 0;
}

static int lock_cmd = F_SETLK;

/* Locks every other byte from 0, @n locks. Returns how many there are. */
static long lock_bytes(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (fcntl_lock(bc_kept(0), lock_cmd, F_WRLCK, 2 * i, 1))
			break;
	}
	return i;
}

static long lock_one(long at)
{
	return fcntl_lock(bc_kept(0), lock_cmd, F_WRLCK, at, 1) ? -errno : 0;
}

static long unlock_one(long at)
{
	return fcntl_lock(bc_kept(0), lock_cmd, F_UNLCK, at, 1) ? -errno : 0;
}

static long unlock_all(long unused)
{
	(void)unused;
	return fcntl_lock(bc_kept(0), lock_cmd, F_UNLCK, 0, 0) ? -errno : 0;
}

static long lock_area(long len)
{
	return fcntl_lock(bc_kept(0), lock_cmd, F_WRLCK, 0, len) ? -errno : 0;
}

static void check_ranges(struct bc_group *g, struct bc_worker *w)
{
	long long fails = bc_resource(g, FLOCK, "failcnt");

	bc_set_key(g, "bc.barrier", FLOCK, N);
	bc_set_key(g, "bc.limit", FLOCK, N);
	/* The last one is granted, although each takes three objects for a moment. */
	bc_eq(bc_call(w, lock_bytes, N), N);
	bc_eq(bc_held_of(g, FLOCK), N);
	bc_eq(bc_resource(g, FLOCK, "failcnt"), fails);
	bc_eq(bc_call(w, lock_one, 1000), -ENOLCK);
	bc_eq(bc_resource(g, FLOCK, "failcnt"), fails + 1);
	bc_eq(bc_held_of(g, FLOCK), N);
	/* A lock can be given back and made again. */
	bc_eq(bc_call(w, unlock_one, 4), 0);
	bc_eq(bc_held_of(g, FLOCK), N - 1);
	bc_eq(bc_resource(g, FLOCK, "failcnt"), fails + 1);
	bc_eq(bc_call(w, lock_one, 4), 0);
	bc_eq(bc_call(w, unlock_all, 0), 0);
	bc_eq(bc_held_of(g, FLOCK), 0);
	bc_set_key(g, "bc.limit", FLOCK, BC_MAX);
	bc_set_key(g, "bc.barrier", FLOCK, BC_MAX);
}

static void check_locks(struct bc_group *g, int cmd)
{
	struct bc_worker w;

	bc_tmpfs();
	lock_cmd = cmd;
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, open_file, 0), 0);
	check_ranges(g, &w);
	bc_worker_stop(&w);
	bc_settles(g, FLOCK, 0);
}

static void test_posix_lock(struct bc_group *g)
{
	check_locks(g, F_SETLK);
}

static void test_ofd_lock(struct bc_group *g)
{
	check_locks(g, F_OFD_SETLK);
}

/*
 * Unlocking the middle takes one more lock, which may exceed the barrier but
 * not the limit.
 */
static void test_unlock_splits(struct bc_group *g)
{
	struct bc_worker w;

	bc_tmpfs();
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, open_file, 0), 0);
	bc_eq(bc_call(&w, lock_area, 100), 0);
	bc_set_key(g, "bc.barrier", FLOCK, 1);
	bc_set_key(g, "bc.limit", FLOCK, 2);
	bc_eq(bc_call(&w, unlock_one, 50), 0);
	bc_eq(bc_held_of(g, FLOCK), 2);
	bc_eq(bc_call(&w, unlock_one, 20), -ENOLCK);
	bc_eq(bc_held_of(g, FLOCK), 2);
	/* Unlocking that needs no lock still works: an edge, and the rest. */
	bc_eq(bc_call(&w, unlock_one, 0), 0);
	bc_eq(bc_call(&w, unlock_all, 0), 0);
	bc_eq(bc_held_of(g, FLOCK), 0);
	bc_worker_stop(&w);
}

static long flock_some(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (open_file(0) ||
		    flock(bc_kept(bc_kept_count() - 1), LOCK_EX | LOCK_NB))
			return -errno;
	}
	return 0;
}

static long unflock(long i)
{
	return flock(bc_kept(i), LOCK_UN);
}

/* N locks of files that the worker keeps, and the next one is refused. */
static void lock_until_refused(struct bc_group *g, struct bc_worker *w,
			       bc_job lock_some)
{
	bc_tmpfs();
	bc_worker_start(w, g);
	bc_set_key(g, "bc.barrier", FLOCK, N);
	bc_eq(bc_call(w, lock_some, N), 0);
	bc_eq(bc_held_of(g, FLOCK), N);
	bc_eq(bc_call(w, lock_some, 1), -ENOMEM);
	bc_eq(bc_resource(g, FLOCK, "failcnt"), 1);
}

/* Closing the files gives the locks back, too. */
static void close_locked(struct bc_group *g, struct bc_worker *w)
{
	bc_eq(bc_call(w, bc_drop_kept, 0), 0);
	bc_settles(g, FLOCK, 0);
	bc_worker_stop(w);
}

static void test_flock(struct bc_group *g)
{
	struct bc_worker w;

	lock_until_refused(g, &w, flock_some);
	bc_eq(bc_call(&w, unflock, 0), 0);
	bc_eq(bc_held_of(g, FLOCK), N - 1);
	close_locked(g, &w);
}

static long lease_some(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (open_file(0) ||
		    fcntl(bc_kept(bc_kept_count() - 1), F_SETLEASE, F_WRLCK))
			return -errno;
	}
	return 0;
}

static void test_lease(struct bc_group *g)
{
	struct bc_worker w;

	lock_until_refused(g, &w, lease_some);
	close_locked(g, &w);
}

static long get_lock(long at)
{
	struct flock fl = { .l_type = F_WRLCK, .l_start = at, .l_len = 1 };

	return fcntl(bc_kept(0), F_GETLK, &fl) ? -errno : 0;
}

static long open_leased(long unused)
{
	(void)unused;
	/* Breaks the lease that the other process has. */
	return open("leased", O_RDWR | O_NONBLOCK) < 0 ? -errno : 0;
}

/* A request that only asks, or breaks somebody else's lease, is no lock. */
static void test_getlk_and_lease_break(struct bc_group *g)
{
	struct bc_worker w;
	int fd;

	bc_tmpfs();
	signal(SIGIO, SIG_IGN);
	fd = bc_sys(open("leased", O_RDWR | O_CREAT, 0666));
	bc_sys(fcntl(fd, F_SETLEASE, F_WRLCK));
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, open_file, 0), 0);
	bc_set_key(g, "bc.barrier", FLOCK, 0);
	bc_set_key(g, "bc.limit", FLOCK, 0);
	bc_eq(bc_call(&w, get_lock, 0), 0);
	bc_eq(bc_call(&w, open_leased, 0), -EWOULDBLOCK);
	bc_eq(bc_resource(g, FLOCK, "failcnt"), 0);
	bc_worker_stop(&w);
	close(fd);
}

/* Locks stay with the group that made them, and every level may refuse. */
static void test_flock_hierarchy(struct bc_group *g)
{
	struct bc_group sub, next;
	struct bc_worker w;

	bc_tmpfs();
	bc_group_make(&sub, g, "sub");
	bc_group_make(&next, g, "next");
	bc_worker_start(&w, &sub);
	bc_set_key(g, "bc.barrier", FLOCK, N);
	bc_eq(bc_call(&w, flock_some, N), 0);
	bc_eq(bc_group_attach(&next, w.pid), 0);
	bc_eq(bc_call(&w, flock_some, 1), -ENOMEM);
	bc_eq(bc_read_key(g, "bc.failcnt.local", FLOCK), 1);
	bc_eq(bc_read_key(&next, "bc.failcnt.local", FLOCK), 0);
	bc_eq(bc_held_of(&sub, FLOCK), N);
	bc_eq(bc_held_of(&next, FLOCK), 0);
	bc_worker_stop(&w);
	bc_settles(g, FLOCK, 0);
}

/* ----------------------------------------------------------------- signals */

static long block_all(long unused)
{
	sigset_t all;

	(void)unused;
	sigfillset(&all);
	return sigprocmask(SIG_BLOCK, &all, NULL);
}

/* Takes all that is queued of a signal; its values are in order. Returns how many. */
static long take_all(long sig)
{
	struct timespec none = { 0, 0 };
	siginfo_t info;
	sigset_t set;
	long n = 0;

	sigemptyset(&set);
	sigaddset(&set, sig);
	while (sigtimedwait(&set, &info, &none) == sig) {
		if (info.si_code == SI_QUEUE && info.si_value.sival_int != n)
			return -1;
		n++;
	}
	return n;
}

/* Sent from outside the group: the receiver pays. */
static long queue_to(pid_t pid, int sig, long n)
{
	union sigval value;
	long i;

	for (i = 0; i < n; i++) {
		value.sival_int = i;
		if (sigqueue(pid, sig, value))
			return -errno;
	}
	return 0;
}

static void test_siginfo(struct bc_group *g)
{
	int sig = SIGRTMIN + 3;
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, block_all, 0), 0);
	bc_set_key(g, "bc.barrier", SIGINFO, N);
	bc_set_key(g, "bc.limit", SIGINFO, N + 1);
	bc_eq(queue_to(w.pid, sig, N), 0);
	bc_eq(bc_held_of(g, SIGINFO), N);
	bc_eq(queue_to(w.pid, sig, 1), -EAGAIN);
	bc_eq(bc_resource(g, SIGINFO, "failcnt"), 1);
	/* Signals without a queued value may go up to the limit. */
	bc_sys(kill(w.pid, SIGUSR1));
	bc_eq(bc_held_of(g, SIGINFO), N + 1);
	bc_eq(bc_resource(g, SIGINFO, "failcnt"), 1);
	/* A refusal costs the information, not the signal. */
	bc_sys(kill(w.pid, SIGUSR2));
	bc_eq(bc_resource(g, SIGINFO, "failcnt"), 2);
	bc_eq(bc_held_of(g, SIGINFO), N + 1);
	bc_eq(bc_call(&w, take_all, SIGUSR1), 1);
	bc_eq(bc_call(&w, take_all, SIGUSR2), 1);
	bc_eq(bc_call(&w, take_all, sig), N);
	bc_settles(g, SIGINFO, 0);
	bc_eq(queue_to(w.pid, sig, 2), 0);
	bc_eq(bc_held_of(g, SIGINFO), 2);
	/* Queued signals go with the process. */
	bc_worker_stop(&w);
	bc_settles(g, SIGINFO, 0);
}

/* The bytes are charged to the receiver, too, even if the sender's group is full. */
static void test_siginfo_payer(struct bc_group *g)
{
	struct bc_group there, here;
	struct bc_worker receiver, sender;
	int sig = SIGRTMIN + 3;

	bc_group_make(&there, g, "there");
	bc_group_make(&here, g, "here");
	bc_worker_start(&receiver, &there);
	bc_worker_start(&sender, &here);
	bc_eq(bc_call(&receiver, block_all, 0), 0);
	bc_set_key(&here, "bc.limit", SIGINFO, 0);
	bc_set_key(&there, "bc.barrier", SIGINFO, N);
	bc_eq(queue_to(receiver.pid, sig, N), 0);
	bc_eq(bc_held_of(&there, SIGINFO), N);
	bc_eq(bc_held_of(&here, SIGINFO), 0);
	bc_eq(bc_resource(&here, SIGINFO, "failcnt"), 0);
	bc_eq(bc_call(&receiver, take_all, sig), N);
	bc_worker_stop(&receiver);
	bc_worker_stop(&sender);
	bc_settles(g, SIGINFO, 0);
}

/* --------------------------------------------------------------- terminals */

static long open_ptys(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		if (bc_keep_fd(open("/dev/ptmx", O_RDWR | O_NOCTTY)))
			return -errno;
	}
	return 0;
}

static long open_slave(long unused)
{
	int zero = 0;

	(void)unused;
	if (ioctl(bc_kept(0), TIOCSPTLCK, &zero))
		return -errno;
	return bc_keep_fd(ioctl(bc_kept(0), TIOCGPTPEER, O_RDWR | O_NOCTTY)) ?
		       -errno :
		       0;
}

static long close_first(long unused)
{
	(void)unused;
	return close(bc_kept(0));
}

static void test_pty(struct bc_group *g)
{
	struct bc_worker w;
	long got;

	bc_worker_start(&w, g);
	got = bc_call(&w, open_ptys, 1);
	if (got == -ENOENT || got == -ENODEV)
		bc_skip("no /dev/ptmx");
	bc_eq(got, 0);
	bc_eq(bc_call(&w, open_slave, 0), 0);
	/* A pair counts as one, until both ends are closed. */
	bc_eq(bc_held_of(g, PTY), 1);
	bc_eq(bc_call(&w, close_first, 0), 0);
	bc_pause_ms(50);
	bc_eq(bc_held_of(g, PTY), 1);
	bc_call(&w, bc_drop_kept, 0);
	bc_settles(g, PTY, 0);
	bc_set_key(g, "bc.barrier", PTY, N);
	bc_eq(bc_call(&w, open_ptys, N), 0);
	bc_eq(bc_held_of(g, PTY), N);
	bc_eq(bc_call(&w, open_ptys, 1), -ENOMEM);
	bc_eq(bc_resource(g, PTY, "failcnt"), 1);
	bc_eq(bc_held_of(g, PTY), N);
	bc_call(&w, bc_drop_kept, 0);
	bc_settles(g, PTY, 0);
	/* The next pair need not wait for a work item. */
	bc_eq(bc_call(&w, open_ptys, N), 0);
	bc_worker_stop(&w);
	bc_settles(g, PTY, 0);
}

/* A pair stays with the group that opened it. */
static void test_pty_payer(struct bc_group *g)
{
	struct bc_group sub, next;
	struct bc_worker w;

	bc_group_make(&sub, g, "sub");
	bc_group_make(&next, g, "next");
	bc_worker_start(&w, &sub);
	if (bc_call(&w, open_ptys, 2))
		bc_skip("no /dev/ptmx");
	bc_eq(bc_group_attach(&next, w.pid), 0);
	bc_eq(bc_held_of(&sub, PTY), 2);
	bc_eq(bc_held_of(&next, PTY), 0);
	bc_eq(bc_held_of(g, PTY), 2);
	bc_worker_stop(&w);
	bc_settles(g, PTY, 0);
}

static const struct bc_case cases[] = {
	{ "posix_lock", test_posix_lock },
	{ "ofd_lock", test_ofd_lock },
	{ "unlock_splits", test_unlock_splits },
	{ "flock", test_flock },
	{ "lease", test_lease },
	{ "getlk_and_lease_break", test_getlk_and_lease_break },
	{ "flock_hierarchy", test_flock_hierarchy },
	{ "siginfo", test_siginfo },
	{ "siginfo_payer", test_siginfo_payer },
	{ "pty", test_pty },
	{ "pty_payer", test_pty_payer },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

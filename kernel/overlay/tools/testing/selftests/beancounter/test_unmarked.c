// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unmarked allocations are charged, too: where they are refused, for what they
 * leave room, and which are exempt. That single places are charged is shown by
 * test_marks_*.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bc_jobs.h"
#include "bc_uring.h"

#define KIB 1024LL
#define MIB (1024 * KIB)

/* Keys with a payload of 16 KiB: allocations that carry no mark. */
#define KEYCTL_JOIN 1
#define KEYCTL_CLEAR 7
#define SESSION -3
#define PAYLOAD 16000

static void allow_keys(void)
{
	bc_write_path("/proc/sys/kernel/keys/root_maxkeys", "100000");
	bc_write_path("/proc/sys/kernel/keys/root_maxbytes", "100000000");
	bc_write_path("/proc/sys/kernel/keys/gc_delay", "0");
}

static long own_ring(long unused)
{
	(void)unused;
	return syscall(SYS_keyctl, KEYCTL_JOIN, NULL);
}

static long add_keys(long n)
{
	static char payload[PAYLOAD];
	char name[32];
	long i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "default:%ld", i);
		if (syscall(SYS_add_key, "user", name, payload, sizeof(payload),
			    SESSION) < 0)
			break;
	}
	return i;
}

static long clear_keys(long unused)
{
	(void)unused;
	return syscall(SYS_keyctl, KEYCTL_CLEAR, SESSION);
}

static char *tables;

static long prepare_tables(long n)
{
	tables = bc_map_tables(n);
	return tables ? bc_touch_tables(tables, 1) : -1;
}

static long touch_tables(long n)
{
	return bc_touch_tables(tables, n);
}

static long kill_self(long unused)
{
	(void)unused;
	return kill(getpid(), SIGKILL);
}

/*
 * Unmarked requests are granted up to the middle between barrier and limit. The
 * rest is for page faults, so that memory that was granted before can be used,
 * and for requests that give something back.
 */
static void test_middle_of_gap(struct bc_group *g)
{
	long long base, middle, held;
	struct bc_worker w;

	allow_keys();
	bc_worker_start(&w, g);
	bc_true(bc_call(&w, own_ring, 0) >= 0);
	bc_eq(bc_call(&w, add_keys, 1), 1);
	bc_call(&w, clear_keys, 0);
	bc_true(bc_call(&w, prepare_tables, 64) >= 0);
	base = bc_rest(g);
	bc_set_barrier(g, base + 1 * MIB);
	bc_set_limit(g, base + 2 * MIB);
	middle = base + 3 * MIB / 2;
	bc_reset_maxheld(g);
	bc_range(bc_call(&w, add_keys, 1000), 64, 96);
	bc_eq(w.error, ENOMEM);
	/* What the ring had before it grew is freed by RCU, perhaps only later. */
	bc_range(bc_maxheld(g), middle - 3 * PAYLOAD, middle);
	held = bc_rest(g);
	bc_true(bc_failcnt(g) > 0);
	bc_eq(bc_forced(g), 0);
	/* Memory that was granted before can be used. */
	bc_eq(bc_call(&w, touch_tables, 64), 64);
	bc_true(bc_held(g) > held + 60 * bc_page_size());
	bc_call_begin(&w, kill_self, 0);
	bc_true(!bc_call_end(&w, 10000, NULL));
	bc_held_is(g, 0);
}

/* A name that a request of io_uring keeps until it is done. */
static struct bc_uring ring;
static int never[2];

static long open_ring(long n)
{
	return pipe(never) ? -1 : bc_uring_open(&ring, n);
}

static long prepare_opens(long n)
{
	struct io_uring_sqe *sqe;
	long i;

	for (i = 0; i < n; i++) {
		sqe = bc_uring_add(&ring);
		sqe->flags = i < n - 1 ? IOSQE_IO_LINK : 0;
		if (!i) {
			sqe->opcode = IORING_OP_POLL_ADD;
			sqe->fd = never[0];
			sqe->poll32_events = 1;
			continue;
		}
		sqe->opcode = IORING_OP_OPENAT;
		sqe->fd = AT_FDCWD;
		sqe->addr = (unsigned long)"/nowhere";
	}
	return bc_uring_submit(&ring, n);
}

static long close_ring(long unused)
{
	(void)unused;
	return bc_uring_close(&ring);
}

static void test_uring_path_names(struct bc_group *g)
{
	struct bc_worker w;
	long long base;

	bc_worker_start(&w, g);
	if (bc_call(&w, open_ring, 128) < 0)
		bc_skip("no io_uring: %s", strerror(w.error));
	base = bc_rest(g);
	bc_eq(bc_call(&w, prepare_opens, 101), 101);
	bc_true(bc_held(g) >= base + 100 * 4096);
	bc_call(&w, close_ring, 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* The page cache and the memory of user space are not charged. */
static char file[32];

static long write_file(long bytes)
{
	static char buf[64 * 1024];
	long n;
	int fd;

	snprintf(file, sizeof(file), "/tmp/bc-default.XXXXXX");
	fd = mkstemp(file);

	for (n = 0; fd >= 0 && n < bytes; n += sizeof(buf))
		if (write(fd, buf, sizeof(buf)) != sizeof(buf))
			return -1;
	close(fd);
	return n;
}

static long use_memory(long bytes)
{
	char *at = mmap(NULL, bytes, BC_RW, BC_ANON, -1, 0);

	if (at == MAP_FAILED)
		return -1;
	memset(at, 1, bytes);
	return bytes;
}

static long unlink_file(long unused)
{
	(void)unused;
	return unlink(file);
}

static void test_user_pages(struct bc_group *g)
{
	struct bc_worker w;
	long long base;

	bc_worker_start(&w, g);
	base = bc_rest(g);
	bc_eq(bc_call(&w, write_file, 8 * MIB), 8 * MIB);
	bc_range(bc_held(g), base, base + 8 * MIB / 16);
	bc_eq(bc_call(&w, unlink_file, 0), 0);
	bc_eq(bc_call(&w, use_memory, 8 * MIB), 8 * MIB);
	bc_range(bc_held(g), base, base + 8 * MIB / 16);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* Except in a file system that has nothing but the cache. */
static long mount_ramfs(long unused)
{
	(void)unused;
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -1;
	return mount("none", "/tmp", "ramfs", 0, NULL);
}

static void test_ramfs(struct bc_group *g)
{
	struct bc_worker w;
	long long base;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, mount_ramfs, 0), 0);
	base = bc_rest(g);
	bc_eq(bc_call(&w, write_file, 2 * MIB), 2 * MIB);
	bc_range(bc_held(g), base + 2 * MIB, base + 2 * MIB + 256 * KIB);
	bc_eq(bc_call(&w, unlink_file, 0), 0);
	bc_true(bc_rest(g) < base + 256 * KIB);
	bc_set_barrier(g, base + MIB);
	bc_eq(bc_call(&w, write_file, 2 * MIB), -1);
	bc_true(bc_failcnt(g) > 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* A refusal concerns the group only: no warning and no stack in the log. */
static long big_sems(long n)
{
	long i, made = 0;
	int id;

	for (i = 0; i < n; i++) {
		id = semget(IPC_PRIVATE, 32000, 0600);
		if (id < 0)
			continue;
		made++;
		semctl(id, 0, IPC_RMID);
	}
	return made;
}

static int warnings(int log)
{
	char line[8192];
	int found = 0;
	ssize_t n;

	while ((n = read(log, line, sizeof(line) - 1)) > 0 ||
	       (n < 0 && errno == EPIPE)) {
		line[n < 0 ? 0 : n] = '\0';
		found += !!strstr(line, "vmalloc error") ||
			 !!strstr(line, "allocation failure");
	}
	return found;
}

static void test_no_log_warning(struct bc_group *g)
{
	int log = bc_sys(open("/dev/kmsg", O_RDONLY | O_NONBLOCK));
	struct bc_worker w;
	long long base;

	lseek(log, 0, SEEK_END);
	bc_worker_start(&w, g);
	base = bc_rest(g);
	bc_set_barrier(g, base + 1 * MIB);
	bc_set_limit(g, base + 1 * MIB);
	bc_eq(bc_call(&w, big_sems, 50), 0);
	bc_true(bc_failcnt(g) > 0);
	bc_eq(warnings(log), 0);
	close(log);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* Objects that are made for everybody are not charged to their first user. */
static long one_pair(long unused)
{
	int pair[2];

	(void)unused;
	return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}

static void test_shared_objects(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, one_pair, 0), 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static const struct bc_case cases[] = {
	{ "shared_objects", test_shared_objects },
	{ "middle_of_gap", test_middle_of_gap },
	{ "uring_path_names", test_uring_path_names },
	{ "user_pages", test_user_pages },
	{ "ramfs", test_ramfs },
	{ "no_log_warning", test_no_log_warning },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * shmpages: pages of files that exist in memory only, made in all the ways
 * there are, and given back in all the ways there are.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bc_jobs.h"
#include "bc_swap.h"

#define N 16L

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static int file = -1, segment = -1;
static char *area;
static long at; /* pages that are there */

/* Jobs that make @n more pages, and jobs that prepare for them. */

static long open_tmpfs(long unused)
{
	(void)unused;
	at = 0;
	file = open("pages", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return file < 0 || unlink("pages") ? -1 : 0;
}

static long open_memfd(long unused)
{
	(void)unused;
	at = 0;
	file = memfd_create("pages", MFD_CLOEXEC);
	return file < 0 ? -1 : 0;
}

static long write_pages(long n)
{
	long page = bc_page_size();
	char *buf = calloc(1, page);

	for (; n > 0; n--, at++)
		if (pwrite(file, buf, page, at * page) != page)
			break;
	free(buf);
	return n ? -1 : 0;
}

/* Allocates all pages, or none. */
static long allocate_pages(long n)
{
	if (fallocate(file, 0, bc_bytes(at), bc_bytes(n)))
		return -1;
	at += n;
	return 0;
}

static long close_file(long unused)
{
	(void)unused;
	return close(file);
}

static long map_file(long unused)
{
	(void)unused;
	if (open_memfd(0) || ftruncate(file, bc_bytes(2 * N)))
		return -1;
	area = mmap(NULL, bc_bytes(2 * N), BC_RW, MAP_SHARED, file, 0);
	close(file);
	return bc_mapped(area);
}

static long map_anon(long unused)
{
	(void)unused;
	at = 0;
	area = mmap(NULL, bc_bytes(2 * N), BC_RW, MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
	return bc_mapped(area);
}

static long map_segment(long unused)
{
	(void)unused;
	at = 0;
	segment = shmget(IPC_PRIVATE, bc_bytes(2 * N), IPC_CREAT | 0600);
	if (segment < 0)
		return -1;
	area = shmat(segment, NULL, 0);
	return area == (void *)-1 || shmctl(segment, IPC_RMID, NULL) ? -1 : 0;
}

/* Touched by a system call, which fails where an instruction would get a signal. */
static long touch_pages(long n)
{
	long page = bc_page_size();

	for (; n > 0; n--, at++)
		if (madvise(area + at * page, page, MADV_POPULATE_WRITE))
			return -1;
	return 0;
}

static long unmap_area(long unused)
{
	(void)unused;
	return munmap(area, bc_bytes(2 * N));
}

static long detach_segment(long unused)
{
	(void)unused;
	return shmdt(area);
}

/* Short symbolic links are kernel memory. */
static long symlinks(long n)
{
	char target[512], name[32];

	memset(target, 'x', sizeof(target) - 1);
	target[sizeof(target) - 1] = '\0';
	for (; n > 0; n--, at++) {
		snprintf(name, sizeof(name), "link%ld", at);
		if (symlink(target, name))
			return -1;
	}
	return 0;
}

static long no_symlinks(long unused)
{
	char name[32];

	(void)unused;
	while (at > 0) {
		snprintf(name, sizeof(name), "link%ld", --at);
		if (unlink(name))
			return -1;
	}
	return 0;
}

/* Pages that userfaultfd puts there. */
static int uffd = -1;

static long map_uffd(long unused)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	if (map_anon(unused))
		return -1;
	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0)
		return -1;
	reg.range.start = (unsigned long)area;
	reg.range.len = bc_bytes(2 * N);
	return ioctl(uffd, UFFDIO_API, &api) ||
	       ioctl(uffd, UFFDIO_REGISTER, &reg);
}

static long fill_uffd(long n)
{
	long page = bc_page_size();
	char *buf = aligned_alloc(page, page);

	memset(buf, 1, page);
	for (; n > 0; n--, at++) {
		struct uffdio_copy copy = {
			.dst = (unsigned long)(area + at * page),
			.src = (unsigned long)buf,
			.len = page,
		};

		if (ioctl(uffd, UFFDIO_COPY, &copy))
			break;
	}
	free(buf);
	return n ? -1 : 0;
}

static long unmap_uffd(long unused)
{
	return unmap_area(unused) || close(uffd);
}

static const struct kind {
	const char *name;
	bc_job prepare;
	bc_job make;
	bc_job drop;
	int error;
	bool optional;
} kinds[] = {
	{ "tmpfs", open_tmpfs, write_pages, close_file, ENOSPC },
	{ "fallocate", open_tmpfs, allocate_pages, close_file, ENOSPC },
	{ "memfd", open_memfd, write_pages, close_file, ENOSPC },
	{ "memfd_map", map_file, touch_pages, unmap_area, EFAULT },
	{ "anon", map_anon, touch_pages, unmap_area, EFAULT },
	{ "segment", map_segment, touch_pages, detach_segment, EFAULT },
	{ "symlink", NULL, symlinks, no_symlinks, ENOSPC },
	{ "userfaultfd", map_uffd, fill_uffd, unmap_uffd, ENOMEM, true },
};

/* Exact to the page: as many as fit, not one more, and then none. */
static void one_kind(struct bc_group *g, const struct kind *k)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	if (k->prepare && bc_call(&w, k->prepare, 0)) {
		if (!k->optional)
			bc_fail(__FILE__, __LINE__, "%s: %s", k->name,
				strerror(w.error));
		bc_note("%s: not in this kernel: %s", k->name,
			strerror(w.error));
		bc_worker_stop(&w);
		return;
	}
	bc_eq(bc_held_of(g, BC_SHM), 0);
	bc_eq(bc_set_key(g, "bc.barrier", BC_SHM, N), 0);
	if (bc_call(&w, k->make, N))
		bc_fail(__FILE__, __LINE__, "%s: %s", k->name,
			strerror(w.error));
	bc_eq(bc_held_of(g, BC_SHM), N);
	bc_eq(bc_resource(g, BC_SHM, "failcnt"), 0);
	bc_eq(bc_call(&w, k->make, 1), -1);
	if (w.error != k->error)
		bc_fail(__FILE__, __LINE__, "%s: %s", k->name,
			strerror(w.error));
	bc_eq(bc_held_of(g, BC_SHM), N);
	bc_eq(bc_resource(g, BC_SHM, "failcnt"), 1);
	bc_eq(bc_set_key(g, "bc.barrier", BC_SHM, N + 1), 0);
	bc_eq(bc_call(&w, k->make, 1), 0);
	bc_eq(bc_held_of(g, BC_SHM), N + 1);
	bc_eq(bc_call(&w, k->drop, 0), 0);
	bc_settles(g, BC_SHM, 0);
	bc_eq(bc_resource(g, BC_SHM, "maxheld"), N + 1);
	bc_eq(bc_resource(g, BC_SHM, "forced"), 0);
	bc_worker_stop(&w);
	bc_settles(g, BC_SHM, 0);
}

static void test_file_kinds(struct bc_group *g)
{
	struct bc_group sub;
	size_t i;

	bc_tmpfs();
	for (i = 0; i < BC_COUNT(kinds); i++) {
		bc_group_make(&sub, g, kinds[i].name);
		one_kind(&sub, &kinds[i]);
		bc_eq(bc_group_remove(&sub), 0);
	}
}

/* Truncates the file to @n pages. */
static long truncate_to(long n)
{
	return ftruncate(file, bc_bytes(n));
}

static long punch(long n)
{
	return fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			 bc_bytes(n));
}

static long read_holes(long n)
{
	char *buf = malloc(bc_bytes(n));
	long got = pread(file, buf, bc_bytes(n), 0);

	free(buf);
	return got == bc_bytes(n) ? 0 : -1;
}

static void test_truncate_and_punch(struct bc_group *g)
{
	struct bc_worker w;

	bc_tmpfs();
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, open_tmpfs, 0), 0);
	/* A hole takes no pages, not even when it is read. */
	bc_eq(bc_call(&w, truncate_to, 4 * N), 0);
	bc_eq(bc_call(&w, read_holes, 4 * N), 0);
	bc_eq(bc_held_of(g, BC_SHM), 0);
	bc_eq(bc_call(&w, write_pages, 4 * N), 0);
	bc_eq(bc_held_of(g, BC_SHM), 4 * N);
	bc_eq(bc_call(&w, truncate_to, 3 * N), 0);
	bc_eq(bc_held_of(g, BC_SHM), 3 * N);
	bc_eq(bc_call(&w, punch, N), 0);
	bc_eq(bc_held_of(g, BC_SHM), 2 * N);
	/* This works at the barrier, too. */
	bc_eq(bc_set_key(g, "bc.barrier", BC_SHM, N), 0);
	bc_eq(bc_call(&w, punch, 2 * N), 0);
	bc_eq(bc_held_of(g, BC_SHM), N);
	bc_eq(bc_call(&w, close_file, 0), 0);
	bc_settles(g, BC_SHM, 0);
	bc_worker_stop(&w);
}

/*
 * A request that does not fit as a whole leaves nothing behind, and does not
 * change what was there.
 */
static void test_fallocate_undo(struct bc_group *g)
{
	struct bc_worker w;

	bc_tmpfs();
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, open_tmpfs, 0), 0);
	bc_eq(bc_call(&w, write_pages, 3), 0);
	bc_eq(bc_set_key(g, "bc.barrier", BC_SHM, N), 0);
	bc_eq(bc_call(&w, allocate_pages, N), -1);
	bc_eq(w.error, ENOSPC);
	bc_eq(bc_held_of(g, BC_SHM), 3);
	bc_eq(bc_resource(g, BC_SHM, "failcnt"), 1);
	bc_eq(bc_call(&w, allocate_pages, N - 3), 0);
	bc_eq(bc_held_of(g, BC_SHM), N);
	bc_worker_stop(&w);
	bc_settles(g, BC_SHM, 0);
}

static long touch_in_child(long unused)
{
	pid_t pid = fork();

	(void)unused;
	if (!pid) {
		area[bc_bytes(at)] = 1;
		_exit(0);
	}
	return bc_exit_code(pid);
}

/* An instruction cannot return an error: SIGBUS, for that task only. */
static void test_sigbus(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, map_anon, 0), 0);
	bc_eq(bc_call(&w, touch_pages, 1), 0);
	bc_eq(bc_set_key(g, "bc.barrier", BC_SHM, 1), 0);
	bc_eq(bc_call(&w, touch_in_child, 0), BC_SIGNAL + SIGBUS);
	bc_eq(bc_held_of(g, BC_SHM), 1);
	bc_eq(bc_set_key(g, "bc.barrier", BC_SHM, 2), 0);
	bc_eq(bc_call(&w, touch_in_child, 0), 0);
	bc_eq(bc_held_of(g, BC_SHM), 2);
	bc_worker_stop(&w);
	bc_settles(g, BC_SHM, 0);
}

/* A level above may refuse, too, and holds what all levels below it hold. */
static void test_hierarchy(struct bc_group *g)
{
	struct bc_pair p;

	bc_pair_start(&p, g);
	bc_eq(bc_call(&p.w1, open_memfd, 0), 0);
	bc_eq(bc_call(&p.w2, open_memfd, 0), 0);
	bc_eq(bc_set_key(g, "bc.barrier", BC_SHM, 2 * N), 0);
	bc_eq(bc_call(&p.w1, write_pages, N + 1), 0);
	bc_eq(bc_call(&p.w2, write_pages, N), -1);
	bc_eq(p.w2.error, ENOSPC);
	bc_eq(bc_held_of(&p.one, BC_SHM), N + 1);
	bc_eq(bc_held_of(&p.two, BC_SHM), N - 1);
	bc_eq(bc_held_of(g, BC_SHM), 2 * N);
	bc_eq(bc_read_key(g, "bc.failcnt.local", BC_SHM), 1);
	bc_eq(bc_read_key(&p.two, "bc.failcnt", BC_SHM), 0);
	bc_pair_stop(&p);
	bc_settles(g, BC_SHM, 0);
}

/*
 * The group that made the file pays for all of it, whoever writes and wherever
 * the maker is by now.
 */
static void test_payer(struct bc_group *g)
{
	struct bc_group one, two;
	struct bc_worker w;

	bc_tmpfs();
	bc_group_make(&one, g, "one");
	bc_group_make(&two, g, "two");
	bc_worker_start(&w, &one);
	bc_eq(bc_call(&w, open_tmpfs, 0), 0);
	bc_eq(bc_call(&w, write_pages, N), 0);
	bc_eq(bc_group_attach(&two, w.pid), 0);
	bc_eq(bc_held_of(&one, BC_SHM), N);
	bc_eq(bc_held_of(&two, BC_SHM), 0);
	bc_eq(bc_call(&w, write_pages, N), 0);
	bc_eq(bc_held_of(&one, BC_SHM), 2 * N);
	bc_eq(bc_held_of(&two, BC_SHM), 0);
	bc_eq(bc_set_key(&one, "bc.barrier", BC_SHM, 2 * N), 0);
	bc_eq(bc_call(&w, write_pages, 1), -1);
	bc_eq(w.error, ENOSPC);
	bc_eq(bc_resource(&one, BC_SHM, "failcnt"), 1);
	/* The group may go: those above it go on holding the pages. */
	bc_eq(bc_group_remove(&one), 0);
	bc_eq(bc_held_of(g, BC_SHM), 2 * N);
	bc_eq(bc_call(&w, close_file, 0), 0);
	bc_settles(g, BC_SHM, 0);
	bc_worker_stop(&w);
}

/*
 * A file that was made in no group is charged to nobody, also when a group
 * writes to it.
 */
static void test_nobody(struct bc_group *g)
{
	struct bc_worker w;

	bc_eq(open_memfd(0), 0);
	bc_worker_start(&w, g);
	bc_eq(bc_set_key(g, "bc.barrier", BC_SHM, 0), 0);
	bc_eq(bc_call(&w, write_pages, N), 0);
	bc_eq(bc_held_of(g, BC_SHM), 0);
	bc_eq(bc_call(&w, open_memfd, 0), 0);
	bc_eq(bc_call(&w, write_pages, 1), -1);
	bc_eq(w.error, ENOSPC);
	bc_worker_stop(&w);
}

static long page_out(long n)
{
	return madvise(area, bc_bytes(n), MADV_PAGEOUT);
}

static long look_at(long n)
{
	long page = bc_page_size(), i, sum = 0;

	for (i = 0; i < n; i++)
		sum += *(volatile char *)(area + i * page);
	return sum;
}

/* A page that was swapped out is still in the file, and charged once. */
static void test_swapped(struct bc_group *g)
{
	struct bc_worker w;
	long long before;

	bc_tmpfs();
	bc_swap_on();
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, map_anon, 0), 0);
	bc_eq(bc_call(&w, touch_pages, 2 * N), 0);
	before = bc_swap_used();
	bc_call(&w, page_out, 2 * N);
	if (bc_swap_used() - before < N)
		bc_skip("nothing was swapped out");
	bc_eq(bc_held_of(g, BC_SHM), 2 * N);
	bc_eq(bc_set_key(g, "bc.barrier", BC_SHM, 0), 0);
	/* The pages come back in a full group, too. */
	bc_eq(bc_call(&w, look_at, N), 0);
	bc_eq(bc_held_of(g, BC_SHM), 2 * N);
	bc_eq(bc_resource(g, BC_SHM, "failcnt"), 0);
	bc_call(&w, page_out, 2 * N);
	bc_eq(bc_call(&w, unmap_area, 0), 0);
	bc_settles(g, BC_SHM, 0);
	bc_worker_stop(&w);
	bc_swap_off();
}

static const struct bc_case cases[] = {
	{ "file_kinds", test_file_kinds },
	{ "truncate_and_punch", test_truncate_and_punch },
	{ "fallocate_undo", test_fallocate_undo },
	{ "sigbus", test_sigbus },
	{ "hierarchy", test_hierarchy },
	{ "payer", test_payer },
	{ "nobody", test_nobody },
	{ "swapped", test_swapped },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

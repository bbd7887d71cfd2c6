// SPDX-License-Identifier: GPL-2.0-only
/*
 * privvmpages: private memory that can only be read. It was written before mprotect(),
 * or it is written by userfaultfd, by a debugger, or by TCP.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bc_op.h"

#define N 16L

static char *area;
static int memory = -1, fault = -1, tcp = -1;

/* A page of its own before and behind, so that there is no neighbour to merge with. */
static long reserve(long n)
{
	char *at = mmap(NULL, bc_bytes(2 * n + 2), PROT_NONE,
			BC_ANON | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return -1;
	area = at + bc_bytes(1);
	return munmap(area + bc_bytes(n), bc_bytes(n)) ||
	       mprotect(area, bc_bytes(n), PROT_READ);
}

static long prep_writable(long n)
{
	return reserve(n) || mprotect(area, bc_bytes(n), BC_RW);
}

static long prep_written(long n)
{
	if (prep_writable(n))
		return -1;
	memset(area, 1, bc_bytes(n));
	return 0;
}

/* One area, of which only the first page is written. */
static long prep_first_written(long n)
{
	if (prep_writable(n))
		return -1;
	area[0] = 1;
	return 0;
}

static long prep_dropped(long n)
{
	return prep_written(n) || madvise(area, bc_bytes(n), MADV_DONTNEED);
}

static long do_protect_half(long n)
{
	return mprotect(area + bc_bytes(n / 2), bc_bytes(n / 2), PROT_READ);
}

static long do_protect(long n)
{
	return mprotect(area, bc_bytes(n), PROT_READ);
}

static long do_none_middle(long n)
{
	return mprotect(area + bc_bytes(n / 4), bc_bytes(n / 2), PROT_NONE);
}

static long do_writable(long n)
{
	return mprotect(area, bc_bytes(n), BC_RW);
}

static long prep_kept(long n)
{
	return prep_written(n) || do_protect(n);
}

static long do_unmap(long n)
{
	return munmap(area, bc_bytes(n));
}

static long do_unmap_middle(long n)
{
	return munmap(area + bc_bytes(n / 4), bc_bytes(n / 2));
}

static long do_grow(long n)
{
	return bc_mapped(mremap(area, bc_bytes(n), bc_bytes(2 * n), 0));
}

static long do_map_over(long n)
{
	return bc_mapped(
		mmap(area, bc_bytes(n), PROT_READ, BC_ANON | MAP_FIXED, -1, 0));
}

static long prep_fault(long n)
{
	struct uffdio_api api = { .api = UFFD_API };

	fault = syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY);
	return fault < 0 || ioctl(fault, UFFDIO_API, &api) || reserve(n);
}

static long watch(char *at, long pages)
{
	struct uffdio_register r = { { (uintptr_t)at, bc_bytes(pages) },
				     UFFDIO_REGISTER_MODE_MISSING,
				     0 };

	return ioctl(fault, UFFDIO_REGISTER, &r);
}

static long do_watch(long n)
{
	return watch(area, n);
}

static long do_watch_middle(long n)
{
	return watch(area + bc_bytes(n / 4), n / 2);
}

/* Two areas, with one between them that is paid for. */
static long prep_areas(long n)
{
	return prep_fault(n) ||
	       mprotect(area + bc_bytes(n / 4), bc_bytes(n / 2), BC_RW);
}

/* It becomes read-only while userfaultfd may still fill it. */
static long prep_watched_writable(long n)
{
	return prep_fault(n) || do_writable(n) || do_watch(n);
}

static long prep_watched(long n)
{
	return prep_fault(n) || do_watch(n);
}

/* It is charged until its protection changes. */
static long prep_unwatched(long n)
{
	struct uffdio_range r = { .len = bc_bytes(n) };

	if (prep_watched(n))
		return -1;
	r.start = (uintptr_t)area;
	return ioctl(fault, UFFDIO_UNREGISTER, &r);
}

static long prep_tcp(long unused)
{
	(void)unused;
	tcp = socket(AF_INET, SOCK_STREAM, 0);
	return tcp < 0;
}

static long do_map_tcp(long n)
{
	return bc_mapped(
		mmap(NULL, bc_bytes(n), PROT_READ, MAP_SHARED, tcp, 0));
}

static long do_map_tcp_private(long n)
{
	return bc_mapped(
		mmap(NULL, bc_bytes(n), PROT_READ, MAP_PRIVATE, tcp, 0));
}

static long prep_tcp_over(long n)
{
	return prep_tcp(n) || prep_written(n);
}

static long do_map_tcp_over(long n)
{
	return bc_mapped(mmap(area, bc_bytes(n), PROT_READ,
			      MAP_SHARED | MAP_FIXED, tcp, 0));
}

static const struct bc_op ops[] = {
	{ "unwritten", prep_writable, do_protect, -N },
	{ "unwritten_half", prep_first_written, do_protect_half, -N / 2 },
	{ "dropped", prep_dropped, do_protect, -N },
	{ "written", prep_written, do_protect, 0 },
	{ "written_none_split", prep_written, do_none_middle, 0 },
	{ "writable_again", prep_kept, do_writable, 0 },
	{ "none_again", prep_kept, do_none_middle, 0 },
	{ "munmap", prep_kept, do_unmap, -N },
	{ "munmap_split", prep_kept, do_unmap_middle, -N / 2 },
	{ "map_over", prep_kept, do_map_over, -N },
	{ "mremap_grow", prep_kept, do_grow, N },
	{ "userfault", prep_fault, do_watch, N },
	{ "userfault_split", prep_fault, do_watch_middle, N / 2 },
	{ "userfault_areas", prep_areas, do_watch, N / 2 },
	{ "userfault_again", prep_watched, do_watch, 0 },
	{ "userfault_protect", prep_watched_writable, do_protect, 0 },
	{ "userfault_writable", prep_watched, do_writable, 0 },
	{ "no_change", prep_unwatched, do_protect, 0 },
	{ "tcp", prep_tcp, do_map_tcp, N },
	{ "tcp_private", prep_tcp, do_map_tcp_private, N },
	{ "tcp_over", prep_tcp_over, do_map_tcp_over, 0 },
};

static const struct bc_op_table table = {
	.key = BC_VM,
	.ops = ops,
	.count = BC_COUNT(ops),
	.arg = N,
	.same_maps = true,
	.optional = true,
};

static void granted(struct bc_group *g)
{
	bc_ops_granted(g, &table);
}

static void refused(struct bc_group *g)
{
	bc_ops_refused(g, &table);
}

#define MAPS "/proc/sys/vm/max_map_count"
#define FEW_MAPS 1000

/* Protect each page on its own, of which every other one was written. */
static long do_protect_each(long n)
{
	long i;

	for (i = 0; i < n; i += 2)
		area[bc_bytes(i)] = 1;
	for (i = 0; i < n; i++) {
		if (mprotect(area + bc_bytes(i), bc_bytes(1), PROT_READ))
			return i;
	}
	return n;
}

/* Neighbours that differ only in their charge do not use up the number of areas. */
static void fragments(struct bc_group *g)
{
	struct bc_worker w;
	char old[32];
	long n;

	bc_true(bc_slurp_path(MAPS, old, sizeof(old)) > 0);
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, prep_writable, 4 * FEW_MAPS), 0);
	bc_eq(bc_write_path(MAPS, "1000"), 0);
	n = bc_call(&w, do_protect_each, 4 * FEW_MAPS);
	bc_eq(bc_write_path(MAPS, old), 0);
	bc_eq(n, 4 * FEW_MAPS);
	bc_worker_stop(&w);
	bc_settles(g, BC_VM, 0);
}

/* A child has the pages, too, and gives them back at its end. */
static void inherited(struct bc_group *g)
{
	long long before, child;
	struct bc_worker w;
	long pid;

	bc_worker_start(&w, g);
	before = bc_held_of(g, BC_VM);
	bc_eq(bc_call(&w, prep_kept, N), 0);
	bc_eq(bc_held_of(g, BC_VM), before + N);
	pid = bc_call(&w, bc_fork, 0);
	bc_true(pid > 0);
	child = bc_held_of(g, BC_VM) - before - N;
	bc_eq(bc_call(&w, do_unmap, N), 0);
	bc_eq(bc_held_of(g, BC_VM), before + child);
	bc_range(child, before + N, before + N);
	bc_eq(bc_call(&w, bc_reap, pid), pid);
	bc_eq(bc_held_of(g, BC_VM), before);
	bc_worker_stop(&w);
}

static long prep_memory(long n)
{
	memory = open("/proc/self/mem", O_RDWR);
	return memory < 0 || reserve(n);
}

/* Write the first byte of a page as a debugger does. */
static long force(long page)
{
	return pwrite(memory, "x", 1, (off_t)(uintptr_t)area + bc_bytes(page)) -
	       1;
}

static long value(long page)
{
	return area[bc_bytes(page)];
}

/* A debugger pays for the pages that it writes, once, for the process that has them. */
static void forced(struct bc_group *g)
{
	struct bc_worker w;
	long long before;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, prep_memory, N), 0);
	before = bc_held_of(g, BC_VM);
	bc_eq(bc_call(&w, force, 3), 0);
	bc_eq(bc_call(&w, force, 3), 0);
	bc_eq(bc_held_of(g, BC_VM), before + 1);
	/* It is refused at the limit: a debugger can look into a full group. */
	bc_set_key(g, "bc.barrier", BC_VM, 1);
	bc_set_key(g, "bc.limit", BC_VM, before + 1);
	bc_true(bc_call(&w, force, 4) < 0);
	bc_eq(bc_call(&w, force, 3), 0);
	bc_eq(bc_call(&w, value, 3), 'x');
	bc_eq(bc_call(&w, value, 4), 0);
	bc_eq(bc_held_of(g, BC_VM), before + 1);
	bc_set_key(g, "bc.limit", BC_VM, before + 2);
	bc_eq(bc_call(&w, force, 4), 0);
	bc_eq(bc_call(&w, do_unmap, N), 0);
	bc_eq(bc_held_of(g, BC_VM), before);
	bc_worker_stop(&w);
}

/* Write a byte of the vDSO, whose area cannot be split. */
static long force_vdso(long unused)
{
	unsigned long at = getauxval(AT_SYSINFO_EHDR);
	int file = open("/proc/self/mem", O_RDWR);
	char byte;

	(void)unused;
	if (!at)
		return 1;
	return pread(file, &byte, 1, at) != 1 ||
			       pwrite(file, &byte, 1, at) != 1 ?
		       -1 :
		       0;
}

static void vdso(struct bc_group *g)
{
	struct bc_worker w;
	long ret;

	bc_worker_start(&w, g);
	ret = bc_call(&w, force_vdso, 0);
	if (ret == 1)
		bc_skip("this kernel has no vDSO");
	bc_eq(ret, 0);
	bc_worker_stop(&w);
}

static void *replace(void *unused)
{
	long i;

	(void)unused;
	for (i = 0; i < 20000; i++) {
		if (do_map_over(N))
			break;
	}
	return NULL;
}

/* Kilobytes in areas that cannot be written, and are not charged; -1 for an error. */
static long unpaid_kb(void)
{
	long kb, in = 0, unpaid = 0;
	char line[256];
	FILE *f;

	f = fopen("/proc/self/smaps", "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Anonymous: %ld", &kb) == 1)
			in = kb;
		if (!strncmp(line, "VmFlags:", 8) && !strstr(line, " wr ") &&
		    !strstr(line, " bc "))
			unpaid += in;
	}
	if (!f || fclose(f))
		return -1;
	return unpaid;
}

/*
 * One thread replaces the area while another writes it: how much was written without a
 * charge. What the program made read-only when there was no group yet does not count.
 */
static long race(long n)
{
	long before = unpaid_kb(), i = 0;
	pthread_t thread;

	if (pthread_create(&thread, NULL, replace, NULL))
		return -1;
	while (pthread_tryjoin_np(thread, NULL) == EBUSY)
		force(i++ % n);
	return unpaid_kb() - before;
}

static void raced(struct bc_group *g)
{
	struct bc_worker w;
	long long before;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, prep_memory, N), 0);
	before = bc_held_of(g, BC_VM);
	bc_eq(bc_call(&w, race, N), 0);
	bc_eq(bc_call(&w, do_map_over, N), 0);
	/* The stack of the thread and its heap stay. */
	bc_range(bc_held_of(g, BC_VM) - before, 0, 70000);
	bc_worker_stop(&w);
}

static const struct bc_case cases[] = {
	{ "granted", granted },	    { "refused", refused },
	{ "inherited", inherited }, { "forced", forced },
	{ "vdso", vdso },	    { "raced", raced },
	{ "fragments", fragments },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

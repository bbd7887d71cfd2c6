// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages: of pipes, of page tables, of large tables in one piece and in many, of
 * percpu memory, and pages that stop being the kernel's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bc_object.h"

#define PIPE_PAGES 16

/* Full pipes: their pages, and the other objects of a pipe. */
static long make_pipe(long n)
{
	static char page[4096];
	int fd[2];
	long i, k;

	for (i = 0; i < n; i++) {
		if (pipe2(fd, O_NONBLOCK))
			break;
		bc_keep_fd(fd[0]);
		bc_keep_fd(fd[1]);
		for (k = 0; k < PIPE_PAGES; k++) {
			if (write(fd[1], page, sizeof(page)) != sizeof(page))
				return i;
		}
	}
	return i;
}

/*
 * Two files, one inode and dentry, and pipe_inode_info of 256 bytes at most
 * with its 16 buffers of 40.
 */
static void cost_pipe(long n, long long *low, long long *high)
{
	*low = n * (PIPE_PAGES * bc_page_size() + 2 * bc_need_slab("filp") +
		    bc_need_slab("inode_cache") + bc_need_slab("dentry") +
		    bc_kmalloc_size(PIPE_PAGES * 40));
	*high = *low + n * bc_kmalloc_size(512);
}

static void test_pipe(struct bc_group *g)
{
	static const struct bc_object o = {
		.make = make_pipe,
		.drop = bc_drop_kept,
		.cost = cost_pipe,
		.count = 16,
		.errors = { ENOMEM, ENFILE, EAGAIN },
	};

	bc_write_path("/proc/sys/fs/pipe-user-pages-soft", "0");
	bc_object_test(g, &o);
}

/* One page table, for one page in each 2 MiB. */
#define TABLES 256

static char *sparse;

static long prepare_sparse(long n)
{
	sparse = bc_map_tables(n);
	return sparse ? 0 : -1;
}

static long touch_sparse(long n)
{
	return bc_touch_tables(sparse, n);
}

static long unmap_sparse(long n)
{
	return munmap(sparse, n << 21);
}

static void test_tables(struct bc_group *g)
{
	/* A debug kernel has the lock of a table in an object of its own. */
	long long base, page = bc_page_size(), lock = bc_slab_size("page->ptl");
	struct bc_worker w;

	bc_worker_start(&w, g);
	base = bc_rest(g);
	bc_eq(bc_call(&w, prepare_sparse, TABLES), 0);
	bc_range(bc_held(g) - base, 0, 4096); /* an area or two */
	bc_call(&w, touch_sparse, TABLES);
	/* A table each; above them two of the next level, and one further up. */
	bc_range(bc_held(g) - base, TABLES * page,
		 (TABLES + 3) * (page + lock) + 4096);
	bc_eq(bc_call(&w, unmap_sparse, TABLES), 0);
	bc_range(bc_rest(g), 0, base + 4096);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/*
 * A descriptor table for 4096 files: 32 KiB of pointers in one piece, and bits.
 * When it grows, RCU frees the old one.
 */
static long grow_files(long to)
{
	return dup2(0, to) == to ? 0 : -1;
}

static void test_fdtable(struct bc_group *g)
{
	struct bc_worker w;
	long long base;

	bc_worker_start(&w, g);
	base = bc_rest(g);
	bc_set_barrier(g, base + 32 * BC_KIB);
	bc_eq(bc_call(&w, grow_files, 3000), -1);
	bc_eq(w.error, ENOMEM);
	bc_true(bc_failcnt(g) > 0);
	bc_held_is(g, base);
	bc_set_barrier(g, BC_MAX);
	bc_eq(bc_call(&w, grow_files, 3000), 0);
	/* The bits: 512 bytes twice, 64 of which words are full; struct fdtable. */
	bc_range(bc_rest(g) - base, 32 * BC_KIB + bc_kmalloc_size(1024 + 8),
		 32 * BC_KIB + bc_kmalloc_size(1024 + 64) +
			 bc_kmalloc_size(64));
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* For a million files it is vmalloc, page by page: 8 MiB, and 256 KiB of bits. */
static void test_vmalloc(struct bc_group *g)
{
	struct bc_worker w;
	long long base;

	bc_write_path("/proc/sys/fs/nr_open", "1048576");
	bc_worker_start(&w, g);
	base = bc_rest(g);
	bc_set_barrier(g, base + 4 * BC_MIB);
	bc_eq(bc_call(&w, grow_files, 1000000), -1);
	bc_eq(w.error, ENOMEM);
	bc_held_is(g, base);
	bc_true(bc_maxheld(g) <= base + 4 * BC_MIB);
	bc_set_barrier(g, BC_MAX);
	bc_eq(bc_call(&w, grow_files, 1000000), 0);
	/*
	 * The bits may take a power of two of pages: 512 KiB. The mapping keeps
	 * a pointer for each page.
	 */
	bc_range(bc_rest(g) - base, 8 * BC_MIB + 256 * BC_KIB,
		 8 * BC_MIB + 512 * BC_KIB + 4096 + 20 * BC_KIB);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* Maps of BPF: vmalloc, and percpu memory that each CPU has a copy of. */
static int map_fd = -1;

static long make_map(int type, int value, int entries)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = 4;
	attr.value_size = value;
	attr.max_entries = entries;
	map_fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	return map_fd;
}

static long make_array(long kib)
{
	return make_map(BPF_MAP_TYPE_ARRAY, 1024, kib);
}

static long make_percpu(long kib)
{
	return make_map(BPF_MAP_TYPE_PERCPU_ARRAY, 1024, kib);
}

static long drop_map(long unused)
{
	(void)unused;
	return close(map_fd);
}

static void check_map(struct bc_group *g, bc_job make, long kib, long long low,
		      long long high)
{
	struct bc_worker w;
	long long base;

	bc_worker_start(&w, g);
	if (bc_call(&w, make, 1) < 0)
		bc_skip("no BPF maps: %s", strerror(w.error));
	bc_call(&w, drop_map, 0);
	base = bc_rest(g);
	bc_true(bc_call(&w, make, kib) >= 0);
	bc_range(bc_held(g) - base, low, high);
	bc_call(&w, drop_map, 0);
	bc_held_is(g, base);
	bc_set_barrier(g, base + low / 2);
	bc_true(bc_call(&w, make, kib) < 0);
	bc_eq(w.error, ENOMEM);
	bc_true(bc_failcnt(g) > 0);
	bc_held_is(g, base);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* 2 MiB; the map, a file, and a pointer for each page are within four pages. */
static void test_bpf_array(struct bc_group *g)
{
	check_map(g, make_array, 2048, 2 * BC_MIB,
		  2 * BC_MIB + 4 * bc_page_size());
}

/*
 * 256 KiB for each possible CPU, and as many pointers in an array. The chunk
 * that percpu was booted with has no owners: there is room for 28 KiB in it
 * (PERCPU_DYNAMIC_RESERVE), for all of the machine.
 */
static void test_percpu(struct bc_group *g)
{
	long long all = bc_percpu_size(256 * BC_KIB);
	long long boot = bc_percpu_size(28 * BC_KIB);

	check_map(g, make_percpu, 256, all - boot,
		  all + 256 * 8 + 256 * 16 + 4 * bc_page_size());
}

/* In a memory cgroup of its own, which a new map does not know yet. */
static void test_percpu_memory(struct bc_group *g)
{
	struct bc_group below;

	if (!bc_enable_memory(g))
		bc_skip("no memory controller");
	bc_group_make(&below, g, "below");
	test_percpu(&below);
}

/* ------------------------------------------------------------- stealing */

static int steal_pipe[2], steal_file;

static long prepare_steal(long unused)
{
	(void)unused;
	if (pipe(steal_pipe))
		return -1;
	steal_file = open("stolen", O_CREAT | O_RDWR | O_TRUNC, 0600);
	return unlink("stolen") ? -1 : steal_file;
}

static long fill_pages(long n)
{
	static char page[4096] __attribute__((aligned(4096)));
	long i;

	for (i = 0; i < n; i++) {
		memset(page, 'a' + i, sizeof(page));
		if (write(steal_pipe[1], page, sizeof(page)) != sizeof(page))
			break;
	}
	return i;
}

/* Whole pages move into the file's page cache, if the file system allows it. */
static long splice_pages(long n)
{
	return splice(steal_pipe[0], NULL, steal_file, NULL, n * 4096,
		      SPLICE_F_MOVE);
}

static long close_steal(long unused)
{
	(void)unused;
	close(steal_pipe[0]);
	return close(steal_pipe[1]);
}

static long drop_file(long unused)
{
	(void)unused;
	return ftruncate(steal_file, 0) | close(steal_file);
}

/*
 * The data of the pipe is in the file afterwards, and the pipe's page is no
 * longer kernel memory of the group, moved or copied. If a page of the page
 * cache kept its owner, that would show when it is freed, as held below zero or
 * in the audit.
 */
static void test_steal(struct bc_group *g)
{
	long long base, page = bc_page_size();
	struct bc_worker w;

	bc_tmpfs();
	bc_worker_start(&w, g);
	bc_true(bc_call(&w, prepare_steal, 0) >= 0);
	base = bc_rest(g);
	bc_eq(bc_call(&w, fill_pages, 8), 8);
	bc_range(bc_held(g) - base, 8 * page, 8 * page);
	bc_eq(bc_call(&w, splice_pages, 8), 8 * 4096);
	/* Nodes of the page cache's tree; the pipe keeps two pages for later. */
	bc_range(bc_held(g) - base, 0,
		 2 * page + 4 * bc_slab_size("radix_tree_node"));
	bc_call(&w, close_steal, 0);
	bc_call(&w, drop_file, 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

/* vmsplice: pages of the process in a pipe are not kernel memory. */
static long gift_pages(long n)
{
	struct iovec iov = { .iov_base = sparse, .iov_len = n * 4096 };

	memset(sparse, 1, n * 4096);
	return vmsplice(steal_pipe[1], &iov, 1, SPLICE_F_GIFT);
}

static void test_gift(struct bc_group *g)
{
	struct bc_worker w;
	long long base;

	bc_tmpfs();
	bc_worker_start(&w, g);
	bc_true(bc_call(&w, prepare_steal, 0) >= 0);
	bc_eq(bc_call(&w, prepare_sparse, 1), 0);
	base = bc_rest(g);
	bc_eq(bc_call(&w, gift_pages, 8), 8 * 4096);
	bc_range(bc_held(g) - base, 0, 4 * bc_page_size()); /* page tables */
	bc_eq(bc_call(&w, splice_pages, 8), 8 * 4096);
	bc_call(&w, close_steal, 0);
	bc_call(&w, drop_file, 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static const struct bc_case cases[] = {
	{ "pipe_buffer", test_pipe },
	{ "page_table", test_tables },
	{ "fdtable_kvmalloc", test_fdtable },
	{ "fdtable_vmalloc", test_vmalloc },
	{ "bpf_vmalloc", test_bpf_array },
	{ "bpf_percpu", test_percpu },
	{ "bpf_percpu_memory", test_percpu_memory },
	{ "pipe_steal", test_steal },
	{ "pipe_gift", test_gift },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

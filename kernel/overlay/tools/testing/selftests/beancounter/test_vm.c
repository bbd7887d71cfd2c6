// SPDX-License-Identifier: GPL-2.0-only
/*
 * privvmpages: how much each operation on an address space adds to the account
 * and takes off it. A refusal is ENOMEM and leaves every area as it was.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bc_op.h"

#define N 64L

static char *area, *other;
static int file = -1;

/* Address space that nothing else uses: @n pages with a hole behind. */
static long reserve(long n)
{
	area = mmap(NULL, bc_bytes(4 * n), PROT_NONE, BC_ANON | MAP_NORESERVE,
		    -1, 0);
	file = memfd_create("bc", 0);
	if (file < 0 || ftruncate(file, bc_bytes(4 * n)))
		return -1;
	return bc_mapped(area);
}

static long map_at(char *at, long pages, int prot, int flags, int fd)
{
	return bc_mapped(
		mmap(at, bc_bytes(pages), prot, flags | MAP_FIXED, fd, 0));
}

static long prep_private(long n)
{
	return reserve(n) || map_at(area, n, BC_RW, BC_ANON, -1);
}

static long prep_hole(long n)
{
	return prep_private(n) || munmap(area + bc_bytes(n), bc_bytes(3 * n));
}

static long prep_readonly(long n)
{
	return reserve(n) || map_at(area, n, PROT_READ, MAP_PRIVATE, file);
}

/* A quarter each: private, shared, read-only, nothing. */
static long prep_mixed(long n)
{
	long q = n / 4;

	return reserve(n) || map_at(area, q, BC_RW, BC_ANON, -1) ||
	       map_at(area + bc_bytes(q), q, BC_RW, MAP_SHARED, file) ||
	       map_at(area + bc_bytes(2 * q), q, PROT_READ, MAP_PRIVATE,
		      file) ||
	       munmap(area + bc_bytes(3 * q), bc_bytes(q));
}

static long prep_target(long n)
{
	if (prep_private(n))
		return -1;
	other = area + bc_bytes(2 * n);
	return map_at(other, n / 2, BC_RW, BC_ANON, -1);
}

static long do_noreserve(long n)
{
	return bc_mapped(
		mmap(NULL, bc_bytes(n), BC_RW, BC_ANON | MAP_NORESERVE, -1, 0));
}

static long do_file(long n)
{
	return bc_mapped(mmap(NULL, bc_bytes(n), BC_RW, MAP_PRIVATE, file, 0));
}

static long do_stack(long n)
{
	return bc_mapped(mmap(NULL, bc_bytes(n), BC_RW,
			      BC_ANON | MAP_GROWSDOWN | MAP_STACK, -1, 0));
}

static long do_shared(long n)
{
	return bc_mapped(mmap(NULL, bc_bytes(n), BC_RW,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

static long do_shared_file(long n)
{
	return bc_mapped(mmap(NULL, bc_bytes(n), BC_RW, MAP_SHARED, file, 0));
}

static long do_none(long n)
{
	return bc_mapped(mmap(NULL, bc_bytes(n), PROT_NONE, BC_ANON, -1, 0));
}

static long do_none_growsdown(long n)
{
	return bc_mapped(mmap(NULL, bc_bytes(n), PROT_READ,
			      BC_ANON | MAP_GROWSDOWN, -1, 0));
}

static long do_readonly(long n)
{
	return bc_mapped(
		mmap(NULL, bc_bytes(n), PROT_READ, MAP_PRIVATE, file, 0));
}

static long do_over(long n)
{
	return map_at(area, n, BC_RW, BC_ANON, -1);
}

static long do_over_none(long n)
{
	return map_at(area, n, PROT_NONE, BC_ANON, -1);
}

static long do_over_middle(long n)
{
	return map_at(area + bc_bytes(n / 4), n / 2, BC_RW, MAP_PRIVATE, file);
}

static long do_writable(long n)
{
	return mprotect(area, bc_bytes(n), BC_RW);
}

static long do_writable_middle(long n)
{
	return mprotect(area + bc_bytes(n / 4), bc_bytes(n / 2), BC_RW);
}

/* Not every architecture has protection keys. */
static long do_pkey_writable(long n)
{
	long ret = syscall(SYS_pkey_mprotect, area, bc_bytes(n), BC_RW, -1);

	return ret < 0 && errno == ENOSYS ? do_writable(n) : ret;
}

static long do_protect(long n)
{
	return mprotect(area, bc_bytes(n), PROT_READ);
}

static long do_protect_middle(long n)
{
	return mprotect(area + bc_bytes(n / 4), bc_bytes(n / 2), PROT_NONE);
}

static long do_unmap(long n)
{
	return munmap(area, bc_bytes(n));
}

static long do_unmap_middle(long n)
{
	return munmap(area + bc_bytes(n / 4), bc_bytes(n / 2));
}

static long do_unmap_all(long n)
{
	return munmap(area - bc_bytes(0), bc_bytes(4 * n));
}

static long do_grow(long n)
{
	return bc_mapped(mremap(area, bc_bytes(n), bc_bytes(2 * n), 0));
}

static long do_shrink(long n)
{
	return bc_mapped(mremap(area, bc_bytes(n), bc_bytes(n / 2), 0));
}

static long do_move(long n)
{
	char *p = mremap(area, bc_bytes(n), bc_bytes(2 * n), MREMAP_MAYMOVE);

	return p == MAP_FAILED || p == area ? -1 : 0;
}

/* Grows to 3/2 of its size onto pages of which half are private already. */
static long do_move_over(long n)
{
	return bc_mapped(mremap(area, bc_bytes(n), bc_bytes(n + n / 2),
				MREMAP_MAYMOVE | MREMAP_FIXED, other));
}

static long do_move_shrink(long n)
{
	return bc_mapped(mremap(area, bc_bytes(n), bc_bytes(n / 2),
				MREMAP_MAYMOVE | MREMAP_FIXED, other));
}

static long do_dontunmap(long n)
{
	return bc_mapped(mremap(area, bc_bytes(n), bc_bytes(n),
				MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));
}

static long do_dontunmap_over(long n)
{
	return bc_mapped(mremap(
		area, bc_bytes(n), bc_bytes(n),
		MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, other));
}

static long do_brk_shrink(long n)
{
	long new = syscall(SYS_brk, 0) - bc_bytes(n);

	return syscall(SYS_brk, new) == new ? 0 : -1;
}

static const struct bc_op ops[] = {
	{ "mmap", NULL, bc_map, N },
	{ "mmap_noreserve", NULL, do_noreserve, N },
	{ "mmap_private_file", reserve, do_file, N },
	{ "mmap_stack", NULL, do_stack, N },
	{ "mmap_shared", NULL, do_shared, 0 },
	{ "mmap_shared_file", reserve, do_shared_file, 0 },
	{ "mmap_none", NULL, do_none, 0 },
	{ "mmap_readonly_growsdown", NULL, do_none_growsdown, 0 },
	{ "mmap_readonly", reserve, do_readonly, 0 },
	{ "mmap_over_same", prep_private, do_over, 0 },
	{ "mmap_over_mixed", prep_mixed, do_over, N - N / 4 },
	{ "mmap_over_mixed_none", prep_mixed, do_over_none, -N / 4 },
	{ "mmap_over_middle", prep_readonly, do_over_middle, N / 2 },
	{ "mmap_merge", prep_hole, bc_map, N },
	{ "mprotect_writable", reserve, do_writable, N },
	{ "mprotect_file_writable", prep_readonly, do_writable, N },
	{ "mprotect_split", prep_readonly, do_writable_middle, N / 2 },
	{ "pkey_mprotect", reserve, do_pkey_writable, N },
	{ "mprotect_readonly", prep_private, do_protect, -N },
	{ "mprotect_none_split", prep_private, do_protect_middle, -N / 2 },
	{ "munmap", prep_private, do_unmap, -N },
	{ "munmap_split", prep_private, do_unmap_middle, -N / 2 },
	{ "munmap_mixed", prep_mixed, do_unmap_all, -N / 4 },
	{ "mremap_grow", prep_hole, do_grow, N },
	{ "mremap_shrink", prep_private, do_shrink, -N / 2 },
	{ "mremap_move", prep_private, do_move, N },
	{ "mremap_over", prep_target, do_move_over, 0 },
	{ "mremap_over_shrink", prep_target, do_move_shrink, -N },
	{ "mremap_dontunmap", prep_private, do_dontunmap, N },
	{ "mremap_dontunmap_over", prep_target, do_dontunmap_over, N / 2 },
	{ "brk", NULL, bc_grow_brk, N },
	{ "brk_shrink", bc_grow_brk, do_brk_shrink, -N },
};

static const struct bc_op_table table = {
	.key = BC_VM,
	.ops = ops,
	.count = BC_COUNT(ops),
	.arg = N,
	.same_maps = true,
};

static void granted(struct bc_group *g)
{
	bc_ops_granted(g, &table);
}

static void refused(struct bc_group *g)
{
	bc_ops_refused(g, &table);
}

static long big_make(long pages)
{
	area = mmap(NULL, bc_bytes(pages), BC_RW, BC_ANON | MAP_NORESERVE, -1,
		    0);
	return bc_mapped(area);
}

static long big_over(long pages)
{
	return bc_mapped(mmap(area, bc_bytes(pages), BC_RW,
			      BC_ANON | MAP_NORESERVE | MAP_FIXED, -1, 0));
}

/* In a full account 1 GiB is replaced by 1 GiB. */
static void replace_gib(struct bc_group *g)
{
	long pages = (1L << 30) / bc_page_size();
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, big_make, pages), 0);
	bc_set_key(g, "bc.barrier", BC_VM, bc_held_of(g, BC_VM));
	bc_eq(bc_call(&w, big_over, pages), 0);
	bc_eq(bc_call(&w, bc_map, 1), -1);
	bc_eq(w.error, ENOMEM);
	bc_worker_stop(&w);
}

/*
 * Many areas, refused in the middle: those before it stay writable, as after
 * any failure of mprotect(), and are charged.
 */
static long prep_checkered(long n)
{
	long i;

	if (reserve(n))
		return -1;
	for (i = 0; i < n; i++)
		if (map_at(area + bc_bytes(i), 1, PROT_READ,
			   i & 1 ? MAP_PRIVATE : BC_ANON, i & 1 ? file : -1))
			return -1;
	return 0;
}

static void mprotect_middle(struct bc_group *g)
{
	struct bc_worker w;
	long long before;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, prep_checkered, N), 0);
	before = bc_held_of(g, BC_VM);
	bc_set_key(g, "bc.barrier", BC_VM, before + N / 2);
	bc_eq(bc_call(&w, do_writable, N), -1);
	bc_eq(w.error, ENOMEM);
	bc_eq(bc_held_of(g, BC_VM), before + N / 2);
	bc_eq(bc_resource(g, BC_VM, "failcnt"), 1);
	bc_eq(bc_call(&w, do_protect, N), 0);
	bc_eq(bc_held_of(g, BC_VM), before);
	bc_worker_stop(&w);
}

/* vm.overcommit_memory=1 grants everything; the account does not. */
static void overcommit(struct bc_group *g)
{
	static const char path[] = "/proc/sys/vm/overcommit_memory";
	struct bc_worker w;
	char old[16] = "";

	bc_true(bc_slurp_path(path, old, sizeof(old)) > 0);
	bc_eq(bc_write_path(path, "1"), 0);
	bc_worker_start(&w, g);
	bc_set_key(g, "bc.barrier", BC_VM, bc_held_of(g, BC_VM) + N - 1);
	bc_eq(bc_call(&w, do_noreserve, N), -1);
	bc_eq(w.error, ENOMEM);
	bc_write_path(path, old);
	bc_worker_stop(&w);
}

static char *huge;

static long map_huge(long n)
{
	huge = mmap(NULL, bc_bytes(n), BC_RW, BC_ANON | MAP_HUGETLB, -1, 0);
	return bc_mapped(huge);
}

static long unmap_huge(long n)
{
	return munmap(huge, bc_bytes(n));
}

/* A private huge page counts as the pages it has room for. */
static void huge_pages(struct bc_group *g)
{
	static const char path[] = "/proc/sys/vm/nr_hugepages";
	const long n = 512;
	struct bc_worker w;
	char old[16] = "";
	long long before;

	if (bc_slurp_path(path, old, sizeof(old)) < 0)
		bc_skip("no huge pages in this kernel");
	bc_eq(bc_write_path(path, "2"), 0);
	bc_worker_start(&w, g);
	before = bc_held_of(g, BC_VM);
	bc_set_key(g, "bc.barrier", BC_VM, before + n - 1);
	bc_eq(bc_call(&w, map_huge, n), -1);
	bc_eq(w.error, ENOMEM);
	bc_eq(bc_held_of(g, BC_VM), before);
	bc_set_key(g, "bc.barrier", BC_VM, before + n);
	bc_eq(bc_call(&w, map_huge, n), 0);
	bc_eq(bc_held_of(g, BC_VM), before + n);
	bc_eq(bc_call(&w, unmap_huge, n), 0);
	bc_eq(bc_held_of(g, BC_VM), before);
	bc_write_path(path, old);
	bc_worker_stop(&w);
}

/* A process can see what it is charged. */
static long status_kb(long unused)
{
	char buf[8192], *at;

	(void)unused;
	if (bc_slurp_path("/proc/self/status", buf, sizeof(buf)) < 0)
		return -1;
	at = strstr(buf, "\nBcPriv:");
	return at ? strtol(at + 8, NULL, 10) : -1;
}

/* The same, computed from all mappings, also those that exec() has made. */
static long maps_kb(long unused)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long start, end, size = 0;
	char line[512], prot[8];
	bool writable = false;
	long kb = 0;

	(void)unused;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %7s", &start, &end, prot) == 3) {
			writable = prot[1] == 'w' && prot[3] == 'p';
			size = (end - start) / 1024;
		}
		/* What was written before it became read-only counts, too. */
		if (!strncmp(line, "VmFlags:", 8) &&
		    (writable || strstr(line, " bc ")))
			kb += size;
	}
	if (f)
		fclose(f);
	return kb;
}

static void proc_status(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	/* The first call may grow the stack. */
	bc_call(&w, status_kb, 0);
	bc_call(&w, maps_kb, 0);
	bc_eq(bc_call(&w, status_kb, 0), bc_call(&w, maps_kb, 0));
	bc_eq(bc_call(&w, status_kb, 0),
	      bc_held_of(g, BC_VM) * bc_page_size() / 1024);
	bc_worker_stop(&w);
}

/* The growth is charged, and then there is no room to grow into. */
static long grow_fails(long n)
{
	char *p = mmap(NULL, bc_bytes(2 * n), BC_RW, BC_ANON, -1, 0);

	if (p == MAP_FAILED ||
	    mprotect(p + bc_bytes(n), bc_bytes(n), PROT_NONE))
		return -2;
	return bc_mapped(mremap(p, bc_bytes(n), bc_bytes(2 * n), 0));
}

static void mremap_fails(struct bc_group *g)
{
	struct bc_worker w;
	long long before;

	bc_worker_start(&w, g);
	before = bc_held_of(g, BC_VM);
	bc_eq(bc_call(&w, grow_fails, N), -1);
	bc_eq(w.error, ENOMEM);
	bc_eq(bc_held_of(g, BC_VM), before + N);
	bc_worker_stop(&w);
}

static const struct bc_case cases[] = {
	{ "granted", granted },		{ "refused", refused },
	{ "replace_gib", replace_gib }, { "mprotect_middle", mprotect_middle },
	{ "overcommit", overcommit },	{ "mremap_fails", mremap_fails },
	{ "huge_pages", huge_pages },	{ "proc_status", proc_status },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

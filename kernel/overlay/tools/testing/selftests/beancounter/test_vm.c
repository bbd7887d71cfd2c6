// SPDX-License-Identifier: GPL-2.0-only
/*
 * privvmpages: what each operation on an address space adds to the account and
 * takes off it; and that a refusal says ENOMEM and leaves every area as it was.
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

#include "bc_util.h"

#define VM "privvmpages"
#define N 64L
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static char *area, *other;
static int file = -1;
static char maps[2][65536];

static long bytes(long pages)
{
	return pages * sysconf(_SC_PAGESIZE);
}

static long sys(void *p)
{
	return p == MAP_FAILED ? -1 : 0;
}

/*
 * What is mapped where. Neighbours that would be one area but for an operation
 * that was about to split it are one here.
 */
static long maps_read(long i)
{
	unsigned long start, end, offset, last = 0, last_offset = 0;
	char line[512], rest[256], last_rest[256] = "";
	FILE *f = fopen("/proc/self/maps", "r");
	size_t got = 0;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		char prot[8], dev[16], ino[24];

		if (sscanf(line, "%lx-%lx %7s %lx %15s %23s", &start, &end,
			   prot, &offset, dev, ino) != 6)
			return -1;
		snprintf(rest, sizeof(rest), "%s %s %s", prot, dev, ino);
		if (start != last || strcmp(rest, last_rest) ||
		    (strcmp(ino, "0") && offset != last_offset))
			got += snprintf(maps[i] + got, sizeof(maps[i]) - got,
					"\n%lx %s %lx", start, rest, offset);
		else
			got -= strlen(strrchr(maps[i], '-'));
		got += snprintf(maps[i] + got, sizeof(maps[i]) - got, "-%lx",
				end);
		last = end;
		last_offset = offset + end - start;
		strcpy(last_rest, rest);
	}
	fclose(f);
	return got > 0 ? 0 : -1;
}

static long maps_same(long unused)
{
	(void)unused;
	return maps_read(1) ? -1 : !strcmp(maps[0], maps[1]);
}

/* Room that nothing else uses: @n pages with a hole behind. */
static long reserve(long n)
{
	area = mmap(NULL, bytes(4 * n), PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	file = memfd_create("bc", 0);
	return area == MAP_FAILED || file < 0 || ftruncate(file, bytes(4 * n)) ?
		       -1 :
		       0;
}

static long map_at(char *at, long pages, int prot, int flags, int fd)
{
	return sys(mmap(at, bytes(pages), prot, flags | MAP_FIXED, fd, 0));
}

static long prep_private(long n)
{
	return reserve(n) || map_at(area, n, RW, ANON, -1);
}

static long prep_hole(long n)
{
	return prep_private(n) || munmap(area + bytes(n), bytes(3 * n));
}

static long prep_readonly(long n)
{
	return reserve(n) || map_at(area, n, PROT_READ, MAP_PRIVATE, file);
}

/* A quarter each: private, shared, read-only, nothing. */
static long prep_mixed(long n)
{
	long q = n / 4;

	return reserve(n) || map_at(area, q, RW, ANON, -1) ||
	       map_at(area + bytes(q), q, RW, MAP_SHARED, file) ||
	       map_at(area + bytes(2 * q), q, PROT_READ, MAP_PRIVATE, file) ||
	       munmap(area + bytes(3 * q), bytes(q));
}

static long prep_target(long n)
{
	if (prep_private(n))
		return -1;
	other = area + bytes(2 * n);
	return map_at(other, n / 2, RW, ANON, -1);
}

static long do_anon(long n)
{
	return sys(mmap(NULL, bytes(n), RW, ANON, -1, 0));
}

static long do_noreserve(long n)
{
	return sys(mmap(NULL, bytes(n), RW, ANON | MAP_NORESERVE, -1, 0));
}

static long do_file(long n)
{
	return sys(mmap(NULL, bytes(n), RW, MAP_PRIVATE, file, 0));
}

static long do_stack(long n)
{
	return sys(mmap(NULL, bytes(n), RW, ANON | MAP_GROWSDOWN | MAP_STACK,
			-1, 0));
}

static long do_shared(long n)
{
	return sys(mmap(NULL, bytes(n), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

static long do_shared_file(long n)
{
	return sys(mmap(NULL, bytes(n), RW, MAP_SHARED, file, 0));
}

static long do_none(long n)
{
	return sys(mmap(NULL, bytes(n), PROT_NONE, ANON, -1, 0));
}

static long do_none_growsdown(long n)
{
	return sys(
		mmap(NULL, bytes(n), PROT_READ, ANON | MAP_GROWSDOWN, -1, 0));
}

static long do_readonly(long n)
{
	return sys(mmap(NULL, bytes(n), PROT_READ, MAP_PRIVATE, file, 0));
}

static long do_over(long n)
{
	return map_at(area, n, RW, ANON, -1);
}

static long do_over_none(long n)
{
	return map_at(area, n, PROT_NONE, ANON, -1);
}

static long do_over_middle(long n)
{
	return map_at(area + bytes(n / 4), n / 2, RW, MAP_PRIVATE, file);
}

static long do_writable(long n)
{
	return mprotect(area, bytes(n), RW);
}

static long do_writable_middle(long n)
{
	return mprotect(area + bytes(n / 4), bytes(n / 2), RW);
}

/* Not every architecture has it. */
static long do_pkey_writable(long n)
{
	long ret = syscall(SYS_pkey_mprotect, area, bytes(n), RW, -1);

	return ret < 0 && errno == ENOSYS ? do_writable(n) : ret;
}

static long do_protect(long n)
{
	return mprotect(area, bytes(n), PROT_READ);
}

static long do_protect_middle(long n)
{
	return mprotect(area + bytes(n / 4), bytes(n / 2), PROT_NONE);
}

static long do_unmap(long n)
{
	return munmap(area, bytes(n));
}

static long do_unmap_middle(long n)
{
	return munmap(area + bytes(n / 4), bytes(n / 2));
}

static long do_unmap_all(long n)
{
	return munmap(area - bytes(0), bytes(4 * n));
}

static long do_grow(long n)
{
	return sys(mremap(area, bytes(n), bytes(2 * n), 0));
}

static long do_shrink(long n)
{
	return sys(mremap(area, bytes(n), bytes(n / 2), 0));
}

static long do_move(long n)
{
	char *p = mremap(area, bytes(n), bytes(2 * n), MREMAP_MAYMOVE);

	return p == MAP_FAILED || p == area ? -1 : 0;
}

/* Grows to 3/2 onto what is a half private already. */
static long do_move_over(long n)
{
	return sys(mremap(area, bytes(n), bytes(n + n / 2),
			  MREMAP_MAYMOVE | MREMAP_FIXED, other));
}

static long do_move_shrink(long n)
{
	return sys(mremap(area, bytes(n), bytes(n / 2),
			  MREMAP_MAYMOVE | MREMAP_FIXED, other));
}

static long do_dontunmap(long n)
{
	return sys(mremap(area, bytes(n), bytes(n),
			  MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));
}

static long do_dontunmap_over(long n)
{
	return sys(mremap(area, bytes(n), bytes(n),
			  MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
			  other));
}

static long do_brk(long n)
{
	long old = syscall(SYS_brk, 0), new = old + bytes(n);

	if (syscall(SYS_brk, new) == new)
		return 0;
	/* Refused: the old break is what it says. */
	errno = syscall(SYS_brk, 0) == old ? ENOMEM : EIO;
	return -1;
}

static long prep_brk(long n)
{
	return do_brk(n);
}

static long do_brk_shrink(long n)
{
	long old = syscall(SYS_brk, 0);

	return syscall(SYS_brk, old - bytes(n)) == old - bytes(n) ? 0 : -1;
}

static const struct op {
	const char *name;
	bc_job prepare;
	bc_job act;
	long pages; /* what it adds */
} ops[] = {
	{ "mmap", NULL, do_anon, N },
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
	{ "mmap_merge", prep_hole, do_anon, N },
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
	{ "brk", NULL, do_brk, N },
	{ "brk_shrink", prep_brk, do_brk_shrink, -N },
};

static long long held(const struct bc_group *g)
{
	return bc_resource(g, VM, "held");
}

static void begin(struct bc_worker *w, struct bc_group *g, const struct op *o)
{
	bc_worker_start(w, g);
	if (o->prepare && bc_call(w, o->prepare, N))
		bc_fail(__FILE__, __LINE__, "%s: prepare: %s", o->name,
			strerror(w->error));
	/* The first time may fault in, and grow, what it needs. */
	bc_eq(bc_call(w, maps_read, 1), 0);
	bc_eq(bc_call(w, maps_read, 0), 0);
}

/* What it adds, at most: at a full account, too. */
static void op_granted(struct bc_group *g, const struct op *o)
{
	struct bc_worker w;
	long long before;

	begin(&w, g, o);
	before = held(g);
	bc_set_key(g, "bc.barrier", VM, before + (o->pages > 0 ? o->pages : 0));
	if (bc_call(&w, o->act, N))
		bc_fail(__FILE__, __LINE__, "%s: %s (failcnt %lld)", o->name,
			strerror(w.error), bc_resource(g, VM, "failcnt"));
	if (held(g) - before != o->pages)
		bc_fail(__FILE__, __LINE__, "%s added %lld pages, not %ld",
			o->name, held(g) - before, o->pages);
	bc_eq(bc_resource(g, VM, "failcnt"), 0);
	bc_eq(bc_resource(g, VM, "forced"), 0);
	bc_worker_stop(&w);
	bc_eq(held(g), 0);
}

/* One page too much. */
static void op_refused(struct bc_group *g, const struct op *o)
{
	struct bc_worker w;
	long long before;

	begin(&w, g, o);
	before = held(g);
	bc_set_key(g, "bc.barrier", VM, before + o->pages - 1);
	if (bc_call(&w, o->act, N) == 0)
		bc_fail(__FILE__, __LINE__, "%s was not refused", o->name);
	if (w.error != ENOMEM)
		bc_fail(__FILE__, __LINE__, "%s: %s", o->name,
			strerror(w.error));
	bc_eq(held(g), before);
	bc_eq(bc_resource(g, VM, "failcnt"), 1);
	bc_set_key(g, "bc.barrier", VM, BC_MAX);
	if (bc_call(&w, maps_same, 0) != 1)
		bc_fail(__FILE__, __LINE__, "%s was refused, but changed areas",
			o->name);
	bc_eq(held(g), before);
	bc_worker_stop(&w);
	bc_eq(held(g), 0);
}

static void each(struct bc_group *g,
		 void (*run)(struct bc_group *g, const struct op *o),
		 bool refusable)
{
	struct bc_group sub;
	size_t i;

	for (i = 0; i < BC_COUNT(ops); i++) {
		if (refusable && ops[i].pages <= 0)
			continue;
		bc_group_make(&sub, g, ops[i].name);
		run(&sub, &ops[i]);
		bc_eq(bc_group_remove(&sub), 0);
	}
}

static void granted(struct bc_group *g)
{
	each(g, op_granted, false);
}

static void refused(struct bc_group *g)
{
	each(g, op_refused, true);
}

static long big_make(long pages)
{
	area = mmap(NULL, bytes(pages), RW, ANON | MAP_NORESERVE, -1, 0);
	return sys(area);
}

static long big_over(long pages)
{
	return sys(mmap(area, bytes(pages), RW,
			ANON | MAP_NORESERVE | MAP_FIXED, -1, 0));
}

/* 1 GiB is replaced by 1 GiB at a full account. */
static void replace_gib(struct bc_group *g)
{
	long pages = (1L << 30) / sysconf(_SC_PAGESIZE);
	struct bc_worker w;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, big_make, pages), 0);
	bc_set_key(g, "bc.barrier", VM, held(g));
	bc_eq(bc_call(&w, big_over, pages), 0);
	bc_eq(bc_call(&w, do_anon, 1), -1);
	bc_eq(w.error, ENOMEM);
	bc_worker_stop(&w);
}

/* Many areas, refused in the middle: those before stay writable, as on any
 * failure of mprotect(), and are charged.
 */
static long prep_checkered(long n)
{
	long i;

	if (reserve(n))
		return -1;
	for (i = 0; i < n; i++)
		if (map_at(area + bytes(i), 1, PROT_READ,
			   i & 1 ? MAP_PRIVATE : ANON, i & 1 ? file : -1))
			return -1;
	return 0;
}

static void mprotect_middle(struct bc_group *g)
{
	struct bc_worker w;
	long long before;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, prep_checkered, N), 0);
	before = held(g);
	bc_set_key(g, "bc.barrier", VM, before + N / 2);
	bc_eq(bc_call(&w, do_writable, N), -1);
	bc_eq(w.error, ENOMEM);
	bc_eq(held(g), before + N / 2);
	bc_eq(bc_resource(g, VM, "failcnt"), 1);
	bc_eq(bc_call(&w, do_protect, N), 0);
	bc_eq(held(g), before);
	bc_worker_stop(&w);
}

/* vm.overcommit_memory=1 promises everything; the account does not. */
static void overcommit(struct bc_group *g)
{
	static const char path[] = "/proc/sys/vm/overcommit_memory";
	struct bc_worker w;
	char old[16] = "";

	bc_true(bc_slurp_path(path, old, sizeof(old)) > 0);
	bc_eq(bc_write_path(path, "1"), 0);
	bc_worker_start(&w, g);
	bc_set_key(g, "bc.barrier", VM, held(g) + N - 1);
	bc_eq(bc_call(&w, do_noreserve, N), -1);
	bc_eq(w.error, ENOMEM);
	bc_write_path(path, old);
	bc_worker_stop(&w);
}

static char *huge;

static long map_huge(long n)
{
	huge = mmap(NULL, bytes(n), RW, ANON | MAP_HUGETLB, -1, 0);
	return sys(huge);
}

static long unmap_huge(long n)
{
	return munmap(huge, bytes(n));
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
	before = held(g);
	bc_set_key(g, "bc.barrier", VM, before + n - 1);
	bc_eq(bc_call(&w, map_huge, n), -1);
	bc_eq(w.error, ENOMEM);
	bc_eq(held(g), before);
	bc_set_key(g, "bc.barrier", VM, before + n);
	bc_eq(bc_call(&w, map_huge, n), 0);
	bc_eq(held(g), before + n);
	bc_eq(bc_call(&w, unmap_huge, n), 0);
	bc_eq(held(g), before);
	bc_write_path(path, old);
	bc_worker_stop(&w);
}

/* A process sees what it is charged. */
static long status_kb(long unused)
{
	char buf[8192], *at;

	(void)unused;
	if (bc_slurp_path("/proc/self/status", buf, sizeof(buf)) < 0)
		return -1;
	at = strstr(buf, "\nBcPriv:");
	return at ? strtol(at + 8, NULL, 10) : -1;
}

/* The same from what is mapped, also of what exec() has mapped. */
static long maps_kb(long unused)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long start, end;
	char line[512], prot[8];
	long kb = 0;

	(void)unused;
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx %7s", &start, &end, prot) == 3 &&
		    prot[1] == 'w' && prot[3] == 'p')
			kb += (end - start) / 1024;
	if (f)
		fclose(f);
	return kb;
}

static void status(struct bc_group *g)
{
	struct bc_worker w;

	bc_worker_start(&w, g);
	/* The first call may grow the stack. */
	bc_call(&w, status_kb, 0);
	bc_call(&w, maps_kb, 0);
	bc_eq(bc_call(&w, status_kb, 0), bc_call(&w, maps_kb, 0));
	bc_eq(bc_call(&w, status_kb, 0),
	      held(g) * sysconf(_SC_PAGESIZE) / 1024);
	bc_worker_stop(&w);
}

/* Charged, and then there is no room to grow into. */
static long grow_fails(long n)
{
	char *p = mmap(NULL, bytes(2 * n), RW, ANON, -1, 0);

	if (p == MAP_FAILED || mprotect(p + bytes(n), bytes(n), PROT_NONE))
		return -2;
	return sys(mremap(p, bytes(n), bytes(2 * n), 0));
}

static void mremap_fails(struct bc_group *g)
{
	struct bc_worker w;
	long long before;

	bc_worker_start(&w, g);
	before = held(g);
	bc_eq(bc_call(&w, grow_fails, N), -1);
	bc_eq(w.error, ENOMEM);
	bc_eq(held(g), before + N);
	bc_worker_stop(&w);
}

static const struct bc_case cases[] = {
	{ "granted", granted },		{ "refused", refused },
	{ "replace_gib", replace_gib }, { "mprotect_middle", mprotect_middle },
	{ "overcommit", overcommit },	{ "mremap_fails", mremap_fails },
	{ "huge_pages", huge_pages },	{ "status", status },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

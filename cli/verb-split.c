// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl split - print limits for one of N equal groups of this machine.
 *
 * The proportions are those of vzsplit(8) of OpenVZ, so that the result passes
 * "bcctl check", whatever the machine and N are.
 */
#include <errno.h>
#include <string.h>

#include "bcctl.h"

/* The memory that the machine needs for itself. */
#define RESERVED (50ull << 20)
/* The part of RAM for the kernel memory of all groups. */
#define KERNEL_PERCENT 40
/* Kernel memory of a process, half of it for open files and cached names. */
#define PROCESS_BYTES (80ull << 10)
/* Below this not even a shell and a server would run. */
#define LEAST_PROCESSES 8

enum number { BYTES, PAGES, ITEMS };

struct share {
	uint64_t page;
	uint64_t all; /* RAM and swap, in bytes */
	uint64_t kernel; /* the part of it that is for kernel memory */
	uint64_t processes; /* that run at a time; there may be twice as many */
};

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
	return value < low ? low : value > high ? high : value;
}

static uint64_t tenth_more(uint64_t value)
{
	return value + value / 10;
}

static void line(const char *name, enum number number, uint64_t barrier,
		 uint64_t limit)
{
	const char *suffix = number == PAGES ? "P" : "";

	printf("%s=%llu%s:", name, (unsigned long long)barrier, suffix);
	if (limit == LIBBC_MAX)
		puts("max");
	else
		printf("%llu%s\n", (unsigned long long)limit, suffix);
}

static void same(const char *name, enum number number, uint64_t value)
{
	line(name, number, value, value);
}

static void print_memory(const struct share *share, uint64_t ram)
{
	uint64_t kmem = share->kernel / 2;
	uint64_t guaranteed = (share->all - share->kernel) / share->page;
	uint64_t promised = 3 * guaranteed;

	/* As much as fits beside the others, but no less than the guarantee. */
	if (promised > ram / share->page * 6 / 10)
		promised = ram / share->page * 6 / 10;
	if (promised < guaranteed)
		promised = guaranteed;
	/* The other half is for buffers of sockets, which are in kmemsize, too. */
	line("kmemsize", BYTES, share->kernel, share->kernel + kmem / 10);
	same("lockedpages", PAGES, clamp(kmem * 3 / 204800, 4, UINT64_MAX));
	line("privvmpages", PAGES, promised, tenth_more(promised));
	same("shmpages", PAGES, clamp(promised / 10, 1, UINT64_MAX));
	line("vmguarpages", PAGES, guaranteed, LIBBC_MAX);
	line("oomguarpages", PAGES, guaranteed, LIBBC_MAX);
}

static void print_objects(const struct share *share, long n)
{
	uint64_t processes = 2 * share->processes;
	uint64_t files = 32 * share->processes;
	uint64_t locks = clamp(files / 10, 16, 1000);
	uint64_t names = files * 384 * 3 / 2;

	same("numproc", ITEMS, processes);
	same("numfile", ITEMS, files);
	line("dcachesize", BYTES, names, names + names / 32);
	line("numflock", ITEMS, locks, tenth_more(locks));
	same("numpty", ITEMS, clamp(processes / 10, 4, 512));
	same("numsiginfo", ITEMS, clamp(processes, 256, 1024));
	same("numiptent", ITEMS, clamp(2000 / (uint64_t)n, 4, 200));
}

/* A third for each TCP buffer and for the other two; a gap for each socket. */
static void print_sockets(const struct share *share)
{
	uint64_t sockets = 2 * share->processes, gap = 2560 * sockets;
	uint64_t third = share->kernel / 6;
	uint64_t other = third * 2 / 3;

	same("numtcpsock", ITEMS, sockets);
	same("numothersock", ITEMS, sockets);
	line("tcpsndbuf", BYTES, clamp(third - gap, 65536, UINT64_MAX),
	     clamp(third, 65536 + gap, UINT64_MAX));
	line("tcprcvbuf", BYTES, clamp(third - gap, 65536, UINT64_MAX),
	     clamp(third, 65536 + gap, UINT64_MAX));
	line("othersockbuf", BYTES, clamp(other - gap, 132096, UINT64_MAX),
	     clamp(other, 132096 + gap, UINT64_MAX));
	same("dgramrcvbuf", BYTES, clamp(third - other, 132096, UINT64_MAX));
}

static int split(struct bcctl *ctl, long n)
{
	struct share share = { .page = sysconf(_SC_PAGESIZE) };
	char a[LIBBC_SIZE_LEN], b[LIBBC_SIZE_LEN];
	uint64_t ram, swap;
	int ret;

	ret = meminfo_read(ctl, &ram, &swap);
	if (ret)
		return ret;
	share.all = ram + swap > RESERVED ? (ram + swap - RESERVED) / n : 0;
	share.kernel = ram / 100 * KERNEL_PERCENT / n;
	share.processes = share.kernel / 2 / PROCESS_BYTES;
	libbc_size_format(ram, LIBBC_BYTES, 0, a);
	libbc_size_format(swap, LIBBC_BYTES, 0, b);
	if (share.processes < LEAST_PROCESSES || share.all < share.kernel) {
		fail(ctl,
		     "%ld groups are too many for %s of RAM and %s of swap", n,
		     a, b);
		hint("each would have kernel memory for %llu processes at a time, but needs it for %d",
		     (unsigned long long)share.processes, LEAST_PROCESSES);
		return ctl->failure;
	}
	printf("# One of %ld equal groups of a machine with %s of RAM and %s of swap\n",
	       n, a, b);
	print_memory(&share, ram);
	print_objects(&share, n);
	print_sockets(&share);
	return 0;
}

static int run_split(struct bcctl *ctl)
{
	const char *value;
	long n = 0;
	int ret;

	if (next_option(ctl, &value) < 0)
		return ctl->failure;
	if (ctl->argc != 1)
		return bad_usage(ctl, "a number of groups is needed");
	ret = parse_count(ctl, "N", ctl->argv[0], &n);
	return ret ? ret : split(ctl, n);
}

const struct verb split_verb = {
	.name = "split",
	.args = "N",
	.summary = "print limits for one of N equal groups of this machine",
	.about =
		"Print barriers and limits for each of N equal groups that share this machine, as\n"
		"vzsplit of OpenVZ did. The output is a profile: write it to a file NAME.conf in\n"
		"/etc/bcctl/profiles, and \"bcctl profile NAME GROUP\" sets it.",
	.run = run_split,
};

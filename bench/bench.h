/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The benchmark's program: runs inside the virtual machine, as its first
 * process or as a command, and prints a line for each figure:
 *
 *	figure NAME TOTAL COUNT
 *
 * NAME is PLACE/WHAT, TOTAL what the fastest round took, COUNT the objects,
 * calls or pages of a round.  PLACE says which group pays:
 *
 *	root	none: the program is in the root
 *	group	a group that the memory controller does not know
 *	exact	the same, near its barrier; for calls, without any stock
 *	memcg	a group of the memory controller, and of bc where it is on
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CGROUP "/sys/fs/cgroup"
#define LOOP_FILE "/sys/kernel/debug/bc/bench"

/* Any error ends the program: a missing figure is better than a wrong one. */
void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...);
#define CHECK(call) check_sys((long)(call), #call, __FILE__, __LINE__)
long check_sys(long ret, const char *what, const char *file, int line);

/* Instructions under an instruction counter, nanoseconds otherwise. */
uint64_t now(void);
void clock_choose(const char *name);
/* What the fastest of some rounds took, of so many calls each. */
uint64_t best_of(unsigned int rounds, unsigned int times, void (*run)(void));

void tell(const char *place, const char *what, uint64_t total, uint64_t count);

/* Small files. */
bool file_exists(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void file_write(const char *text, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
bool file_read(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The number after KEY, at the beginning of a line or after a blank. */
long long file_number(const char *key, const char *path);

/* Groups: a path below CGROUP; "" is the root. */
void group_make(const char *group);
void group_remove(const char *group);
void group_barrier(const char *group, const char *resource,
		   const char *barrier);
bool have_bc(void);
bool have_memory(void);
/* Enable the memory controller for the children of a group. */
void memory_enable(const char *group);

/* Call a function as a process of its own inside the group. */
struct place {
	const char *name;
	const char *group;
	bool exact;
};

/* From inside: put the barrier so many bytes above held; -1 is no barrier. */
void leave_room(long long bytes);
void run_in(const struct place *place, void (*run)(const struct place *place));

/* One line for the loops in the kernel, see kernel/bc/tests/bench.c. */
struct loop {
	const char *kind;
	const char *mark;
	unsigned int size;
	unsigned int batch;
	unsigned int count;
	unsigned int payers;
};

int loop_open(void);
/* Write a line that is no loop, such as "join". */
void loop_command(const char *line);
uint64_t loop_run(int fd, const struct loop *loop);

/* Sockets: between the first two of these the calls may be made. */
void net_prepare(void);
void net_finish(void);
void call_socket(void);
void call_tcp(void);
void call_udp(void);
void call_unix(void);
void call_dropped(void);

/* The stages. */
void stage_loops(const struct place *place);
void stage_calls(const struct place *place);
void stage_turns(void);
void stage_depth(void);
void stage_scale(void);
void stage_scale_memcg(void);
void stage_cpus(void);
void stage_idle(void);
void stage_neighbour(void);
void stage_bytes(void);
/* One call only, step by step: see bench/where. */
void stage_where(const char *name,
		 void (*places)(void (*)(const struct place *)));

#endif /* BENCH_H */

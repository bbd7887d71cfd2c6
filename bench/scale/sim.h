/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine of many CPUs that meet at locks and at cache lines: a discrete-event
 * simulation.
 *
 * Each CPU runs the same program over and over. A place is a cache line: it
 * belongs to the CPU that wrote it last, and moving it to another takes time. It
 * may be locked, and those who find it locked are served in their order, as by the
 * kernel's queued spinlock. An atomic operation is a lock that is held for nothing.
 */
#ifndef BENCH_SCALE_SIM_H
#define BENCH_SCALE_SIM_H

#include <stddef.h>
#include <stdint.h>

#define SIM_PLACES 64
#define SIM_CPUS 1024

enum sim_kind {
	SIM_WORK, /* @ns outside every lock, spread as the machine says */
	SIM_HOLD, /* @ns that are always the same, or exponential */
	SIM_TOUCH, /* write @place under a lock that protects it */
	SIM_LOCK, /* wait for @place and lock it */
	SIM_UNLOCK, /* hand @place over */
	SIM_SKIP, /* with probability @ns leave out the next @place steps */
};

/**
 * struct sim_step - a step of a program
 * @kind: what it is
 * @place: which cache line; of SIM_SKIP a number of steps
 * @ns: how long; of SIM_SKIP a probability
 */
struct sim_step {
	enum sim_kind kind;
	unsigned int place;
	double ns;
};

/**
 * struct sim_program - what a CPU does for one operation
 * @step: the steps
 * @nr: how many there are
 * @room: how many there is memory for
 */
struct sim_program {
	struct sim_step *step;
	size_t nr;
	size_t room;
};

enum sim_spread {
	SIM_FIXED, /* everything takes what it says */
	SIM_UNIFORM, /* SIM_WORK takes half of it to one and a half */
	SIM_EXPONENTIAL, /* SIM_WORK and SIM_HOLD are exponential */
};

/**
 * struct sim_machine - the machine
 * @cpus: how many, SIM_CPUS at most
 * @per_socket: of them on one socket
 * @near_ns: a cache line moves to another CPU of the socket
 * @far_ns: a cache line moves to another socket
 * @handover: moves of a line that it takes until the next one has the lock
 * @atomic_ns: a locked instruction on a line that is here
 * @spread: of times
 * @plain: bit @place is set where a waiter gets the line by one move, as for an
 *	atomic operation
 * @seed: of random numbers
 */
struct sim_machine {
	unsigned int cpus;
	unsigned int per_socket;
	double near_ns;
	double far_ns;
	double handover;
	double atomic_ns;
	enum sim_spread spread;
	uint64_t plain;
	uint64_t seed;
};

void sim_add(struct sim_program *program, enum sim_kind kind,
	     unsigned int place, double ns);
void sim_free(struct sim_program *program);

/*
 * Operations in a second, of all CPUs. Each of them makes so many on average
 * before the clock starts, and four times as many before it stops.
 */
double sim_run(const struct sim_machine *machine,
	       const struct sim_program *program, unsigned int warm);

#endif /* BENCH_SCALE_SIM_H */

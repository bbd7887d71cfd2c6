/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A discrete-event simulation of a machine whose CPUs contend for locks and cache
 * lines.
 *
 * Each CPU runs the same program over and over. A place is a cache line: it
 * belongs to the CPU that wrote it last, and moving it to another takes time. It
 * may be locked; the CPUs that find it locked are served in their order, as by the
 * kernel's queued spinlock. An atomic operation is a lock that is held for no time.
 *
 * A word contains units. There is one for all CPUs or one for each. It is changed by
 * a compare-and-exchange, which reads it first and fails if it has changed since.
 * The cache line of a word is simulated by separate steps.
 */
#ifndef BENCH_SCALE_SIM_H
#define BENCH_SCALE_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_PLACES 64
#define SIM_CPUS 1024
#define SIM_WORDS 3

enum sim_kind {
	SIM_WORK, /* @ns outside every lock, spread as the machine says */
	SIM_HOLD, /* @ns that are always the same, or exponential */
	SIM_TOUCH, /* write @place under a lock that protects it */
	SIM_LOCK, /* wait for @place and lock it */
	SIM_UNLOCK, /* hand @place over */
	SIM_SKIP, /* with probability @ns skip the next @place steps */
	/* Steps on word number @place: */
	SIM_LOOK, /* read the word and remember its value */
	SIM_SWAP, /* add @ns if the word is unchanged, open, and has room; if it has
		   * changed, remember the new value
		   */
	SIM_PUT, /* under a lock, add @ns: opens a closed word, trims a full one; a
		  * closed word stays closed while words are being closed
		  */
	SIM_EMPTY, /* under a lock, take all units out */
	SIM_LATER, /* this CPU will give back @ns units to the word after a while */
	SIM_DUE, /* succeeds if no units are due to be given back now */
	SIM_DROP, /* give back units that are due, at most @ns, as far as there is room;
		   * without room, leave one unit for SIM_PUT
		   */
	SIM_CLOSE, /* close the words of @place other CPUs, or of all for 0: each costs
		    * @ns and moves of its lines; succeeds when no word is open
		    */
	/* Steps that depend on the result: */
	SIM_DONE, /* if the last step on a word succeeded, skip the next @place steps */
	SIM_KEPT, /* skip them if the word was unchanged at the last SIM_SWAP */
	SIM_BACK, /* go back @place steps */
};

/**
 * struct sim_step - a step of a program
 * @kind: the kind of step
 * @place: the number of a cache line or of a word, or a number of steps
 * @ns: a time, a number of units, or the probability of SIM_SKIP
 */
struct sim_step {
	enum sim_kind kind;
	unsigned int place;
	double ns;
};

/**
 * struct sim_program - the steps of a CPU for one operation
 * @step: the steps
 * @nr: number of steps
 * @room: number of steps for which memory is allocated
 */
struct sim_program {
	struct sim_step *step;
	size_t nr;
	size_t room;
};

enum sim_spread {
	SIM_FIXED, /* each step takes exactly its time */
	SIM_UNIFORM, /* SIM_WORK takes half of its time to one and a half */
	SIM_EXPONENTIAL, /* SIM_WORK and SIM_HOLD are exponential */
};

/**
 * struct sim_word - a word
 * @max: the most units that it contains
 * @keep: the units that are left when a unit more finds it full
 */
struct sim_word {
	int64_t max;
	int64_t keep;
};

/**
 * struct sim_machine - the machine
 * @cpus: how many, SIM_CPUS at most
 * @per_socket: the number of CPUs on one socket
 * @near_ns: time for moving a cache line to another CPU of the socket
 * @far_ns: time for moving a cache line to another socket
 * @handover: the hand-over of a lock to the next waiter, in moves of a line
 * @atomic_ns: time of a locked instruction on a line that the CPU owns
 * @spread: how the times vary
 * @plain: bit @place is set where a waiter gets the line by one move, as for an
 *	atomic operation
 * @word: the words
 * @shared: all CPUs share one set of words, instead of one set for each
 * @later_ns: units that are given back late wait this long at least, and twice as
 *	long at most
 * @close_lines: the lines that a CPU moves to itself to close another CPU's words
 * @odd: the program of the first CPU, if it differs; that CPU is not counted then
 * @warm_ns: the clock starts after this time at the earliest, and runs at least as
 *	long
 * @seed: seed of the random numbers
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
	struct sim_word word[SIM_WORDS];
	bool shared;
	double later_ns;
	unsigned int close_lines;
	const struct sim_program *odd;
	double warm_ns;
	uint64_t seed;
};

void sim_add(struct sim_program *program, enum sim_kind kind,
	     unsigned int place, double ns);
void sim_free(struct sim_program *program);

/*
 * Operations in a second of all CPUs, except for the one that runs @odd. Each makes
 * WARM operations on average before the clock starts, and four times as many before
 * it stops.
 */
double sim_run(const struct sim_machine *machine,
	       const struct sim_program *program, unsigned int warm);

#endif /* BENCH_SCALE_SIM_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine of many CPUs that meet at locks and at cache lines: a discrete-event
 * simulation.
 *
 * Each CPU runs the same program over and over. A place is a cache line: it
 * belongs to the CPU that wrote it last, and moving it to another takes time. It
 * may be locked, and those who find it locked are served in their order, as by the
 * kernel's queued spinlock. An atomic operation is a lock that is held for nothing.
 *
 * A word has units in it, for all CPUs or for each of them, and is changed by a
 * compare-and-exchange: this looks first, and fails when the word is another by then.
 * Which line it is on, and who has that, is said by steps beside.
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
	SIM_SKIP, /* with probability @ns leave out the next @place steps */
	/* Words, @place is which: */
	SIM_LOOK, /* remember what it has */
	SIM_SWAP, /* add @ns, if it is what it was, open, and has room for that; if it
		   * is another now, that is remembered
		   */
	SIM_PUT, /* add @ns under a lock: open it, or trim it if it is full; closed it
		  * stays while words are being closed
		  */
	SIM_EMPTY, /* take out what there is, under a lock */
	SIM_LATER, /* @ns units will be given back to it by this CPU, in a while */
	SIM_DUE, /* is there nothing that is to be given back now? */
	SIM_DROP, /* give back what is due, @ns at once, as far as there is room; else
		   * one is left for SIM_PUT
		   */
	SIM_CLOSE, /* the words of @place other CPUs, or of all for 0: each takes @ns, and
		    * its lines; done when none is open
		    */
	/* And what comes of it: */
	SIM_DONE, /* if the last one was successful leave out the next @place steps */
	SIM_KEPT, /* the same unless the word was another at the last SIM_SWAP */
	SIM_BACK, /* go back @place steps */
};

/**
 * struct sim_step - a step of a program
 * @kind: what it is
 * @place: which cache line, or which word, or a number of steps
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
 * struct sim_word - a word
 * @max: units that it takes
 * @keep: what is left in it when it is full and one more comes
 */
struct sim_word {
	int64_t max;
	int64_t keep;
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
 * @word: the words
 * @shared: there is one of each word for all CPUs, not one for each of them
 * @later_ns: what is given back later waits for so long at least, and for twice so
 *	long at most
 * @close_lines: that whoever closes the words of a CPU has to get from it
 * @odd: what the first CPU does, if it is not what all do; it is not counted then
 * @warm_ns: the clock does not start before, and runs for as long at least
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
 * Operations in a second, of all CPUs that do what all do. Each of them makes so many
 * on average before the clock starts, and four times as many before it stops.
 */
double sim_run(const struct sim_machine *machine,
	       const struct sim_program *program, unsigned int warm);

#endif /* BENCH_SCALE_SIM_H */

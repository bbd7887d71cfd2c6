// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine whose CPUs contend for locks and cache lines, see sim.h. Times are whole
 * picoseconds, so that the results are the same on every host.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define NOBODY (-1)
#define CLOSED (-1)
#define PS 1000

/**
 * struct cpu - a CPU
 * @pc: its next step
 * @debt: picoseconds of the steps so far that have not passed yet
 * @next: the next CPU in the queue of a place
 * @done: its last step on a word succeeded
 * @lost: the word had changed at its last exchange
 * @cold: another CPU has taken the lines of its words
 * @seen: the values that it last read in the words
 * @later: units that wait to be given back: of this period, and of the one before
 * @due: units whose wait is over
 * @period: the number of the period of @later
 */
struct cpu {
	size_t pc;
	uint64_t debt;
	int next;
	bool done;
	bool lost;
	bool cold;
	int64_t seen[SIM_WORDS];
	int64_t later[2];
	int64_t due;
	uint64_t period;
};

/**
 * struct place - a cache line
 * @owner: the CPU that has it
 * @head: the first CPU that waits for it
 * @tail: the last CPU that waits for it
 * @locked: it is locked by @owner
 */
struct place {
	int owner;
	int head;
	int tail;
	bool locked;
};

/* Events happen in the order of time; of the same time, in the order of planning. */
struct event {
	uint64_t time;
	uint64_t nr;
	int cpu;
};

struct sim {
	const struct sim_machine *machine;
	const struct sim_program *program;
	struct cpu cpu[SIM_CPUS];
	struct place place[SIM_PLACES];
	int64_t word[SIM_CPUS][SIM_WORDS];
	struct event heap[SIM_CPUS + 1];
	size_t events;
	uint64_t planned;
	uint64_t now;
	uint64_t random;
	uint64_t done;
	/* Words are being closed: until all are, none is opened. */
	bool closing;
};

void sim_add(struct sim_program *program, enum sim_kind kind,
	     unsigned int place, double ns)
{
	if (program->nr == program->room) {
		program->room = program->room * 2 + 64;
		program->step = realloc(program->step,
					program->room * sizeof(*program->step));
		if (!program->step) {
			perror("scale");
			exit(1);
		}
	}
	program->step[program->nr++] = (struct sim_step){ kind, place, ns };
}

void sim_free(struct sim_program *program)
{
	free(program->step);
	*program = (struct sim_program){};
}

/* xorshift64*: a number from 0 to below 1, never the same twice in a row. */
static double draw(struct sim *sim)
{
	uint64_t x = sim->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	sim->random = x;
	return (double)((x * 0x2545f4914f6cdd1dULL) >> 11) / (1ULL << 53);
}

static bool before(const struct event *a, const struct event *b)
{
	return a->time < b->time || (a->time == b->time && a->nr < b->nr);
}

/* The first element of the heap has index 1. */
static void plan(struct sim *sim, int cpu, uint64_t after)
{
	struct event event = { sim->now + after, sim->planned++, cpu };
	size_t at = ++sim->events;

	for (; at > 1 && before(&event, &sim->heap[at / 2]); at /= 2)
		sim->heap[at] = sim->heap[at / 2];
	sim->heap[at] = event;
}

static struct event take_first(struct sim *sim)
{
	struct event first = sim->heap[1], last = sim->heap[sim->events--];
	size_t at = 1, child;

	for (; (child = at * 2) <= sim->events; at = child) {
		if (child < sim->events &&
		    before(&sim->heap[child + 1], &sim->heap[child]))
			child++;
		if (before(&last, &sim->heap[child]))
			break;
		sim->heap[at] = sim->heap[child];
	}
	sim->heap[at] = last;
	return first;
}

static uint64_t move_ps(const struct sim *sim, int from, int to)
{
	const struct sim_machine *machine = sim->machine;
	int size = machine->per_socket;

	if (from == to || from == NOBODY)
		return 0;
	return PS *
	       (from / size == to / size ? machine->near_ns : machine->far_ns);
}

static uint64_t work_ps(struct sim *sim, const struct sim_step *step)
{
	double ps = step->ns * PS;

	switch (sim->machine->spread) {
	case SIM_UNIFORM:
		if (step->kind == SIM_WORK)
			ps *= 0.5 + draw(sim);
		break;
	case SIM_EXPONENTIAL:
		ps *= -log(1 - draw(sim));
		break;
	case SIM_FIXED:
		break;
	}
	return ps;
}

/* Lock the place; the CPU goes on when the line has moved to it. */
static void get(struct sim *sim, unsigned int nr, int cpu, double moves)
{
	struct place *place = &sim->place[nr];
	uint64_t move = moves * move_ps(sim, place->owner, cpu);

	place->owner = cpu;
	place->locked = true;
	plan(sim, cpu, move + (uint64_t)(sim->machine->atomic_ns * PS));
}

/* Take the lock or queue for it; the CPU goes on after SIM_LOCK when it has it. */
static void lock(struct sim *sim, unsigned int nr, int cpu)
{
	struct place *place = &sim->place[nr];

	if (!place->locked) {
		get(sim, nr, cpu, 1);
		return;
	}
	sim->cpu[cpu].next = NOBODY;
	if (place->head == NOBODY)
		place->head = cpu;
	else
		sim->cpu[place->tail].next = cpu;
	place->tail = cpu;
}

static void unlock(struct sim *sim, unsigned int nr)
{
	struct place *place = &sim->place[nr];
	bool plain = sim->machine->plain >> nr & 1;
	int cpu = place->head;

	place->locked = false;
	if (cpu == NOBODY)
		return;
	place->head = sim->cpu[cpu].next;
	get(sim, nr, cpu, plain ? 1 : sim->machine->handover);
}

/* A step that other CPUs can see waits until the time of earlier steps has passed. */
static bool pay(struct sim *sim, int nr)
{
	struct cpu *cpu = &sim->cpu[nr];

	if (!cpu->debt)
		return false;
	plan(sim, nr, cpu->debt);
	cpu->debt = 0;
	return true;
}

static int64_t *words_of(struct sim *sim, int cpu)
{
	return sim->word[sim->machine->shared ? 0 : cpu];
}

/* Units that were freed two periods ago become due. */
static void grow_old(struct sim *sim, struct cpu *cpu)
{
	uint64_t length = sim->machine->later_ns * PS, period;

	if (!length)
		return;
	period = (sim->now + cpu->debt) / length;
	for (; cpu->period < period; cpu->period++) {
		cpu->due += cpu->later[1];
		cpu->later[1] = cpu->later[0];
		cpu->later[0] = 0;
		if (!cpu->later[1])
			cpu->period = period - 1;
	}
}

static void swap(struct sim *sim, int nr, const struct sim_step *step)
{
	int64_t *word = &words_of(sim, nr)[step->place];
	struct cpu *cpu = &sim->cpu[nr];
	int64_t sum = *word + (int64_t)step->ns;

	cpu->lost = *word != cpu->seen[step->place];
	cpu->seen[step->place] = *word;
	cpu->done = !cpu->lost && *word != CLOSED && sum >= 0 &&
		    sum <= sim->machine->word[step->place].max;
	if (cpu->done)
		*word = sum;
}

static void put(struct sim *sim, int nr, const struct sim_step *step)
{
	int64_t *word = &words_of(sim, nr)[step->place];
	const struct sim_word *how = &sim->machine->word[step->place];
	int64_t sum = (*word == CLOSED ? 0 : *word) + (int64_t)step->ns;

	if (*word == CLOSED && sim->closing)
		return;
	*word = sum <= how->max ? sum : how->keep;
}

/* Without any room, one unit is left for a SIM_PUT under a lock. */
static void drop(struct sim *sim, int nr, const struct sim_step *step)
{
	int64_t *word = &words_of(sim, nr)[step->place];
	struct cpu *cpu = &sim->cpu[nr];
	int64_t n = step->ns;

	if (*word == CLOSED)
		n = 0;
	else if (n > sim->machine->word[step->place].max - *word)
		n = sim->machine->word[step->place].max - *word;
	if (n > cpu->due)
		n = cpu->due;
	cpu->done = n;
	cpu->due -= n ?: 1;
	if (n)
		*word += n;
}

static bool is_open(const struct sim *sim, unsigned int cpu)
{
	unsigned int i;

	for (i = 0; i < SIM_WORDS; i++)
		if (sim->word[cpu][i] != CLOSED)
			return true;
	return false;
}

static void close_words(struct sim *sim, int nr, const struct sim_step *step)
{
	struct cpu *cpu = &sim->cpu[nr];
	unsigned int other, i, closed = 0;

	sim->closing = false;
	for (other = 0; other < sim->machine->cpus; other++) {
		if (other == (unsigned int)nr || !is_open(sim, other))
			continue;
		if (step->place && closed == step->place) {
			sim->closing = true;
			break;
		}
		closed++;
		for (i = 0; i < SIM_WORDS; i++)
			sim->word[other][i] = CLOSED;
		sim->cpu[other].cold = true;
		cpu->debt += step->ns * PS + sim->machine->close_lines *
						     move_ps(sim, other, nr);
	}
	cpu->done = !sim->closing;
}

/* The CPU gets its lines back from the one that closed the words, which is CPU 0. */
static void look(struct sim *sim, int nr, unsigned int word)
{
	struct cpu *cpu = &sim->cpu[nr];

	if (cpu->cold)
		cpu->debt += sim->machine->close_lines * move_ps(sim, 0, nr);
	cpu->cold = false;
	cpu->seen[word] = words_of(sim, nr)[word];
}

static void word_step(struct sim *sim, int nr, const struct sim_step *step)
{
	struct cpu *cpu = &sim->cpu[nr];

	switch (step->kind) {
	case SIM_LOOK:
		look(sim, nr, step->place);
		break;
	case SIM_SWAP:
		swap(sim, nr, step);
		break;
	case SIM_PUT:
		put(sim, nr, step);
		break;
	case SIM_EMPTY:
		if (words_of(sim, nr)[step->place] != CLOSED)
			words_of(sim, nr)[step->place] = 0;
		break;
	case SIM_LATER:
		grow_old(sim, cpu);
		cpu->later[0] += step->ns;
		break;
	case SIM_DUE:
		grow_old(sim, cpu);
		cpu->done = !cpu->due;
		break;
	case SIM_DROP:
		drop(sim, nr, step);
		break;
	case SIM_DONE:
		cpu->pc += cpu->done ? step->place : 0;
		break;
	case SIM_KEPT:
		cpu->pc += cpu->lost ? 0 : step->place;
		break;
	case SIM_BACK:
		/* One more, because pc is incremented after the step. */
		cpu->pc -= step->place + 1;
		break;
	default:
		close_words(sim, nr, step);
	}
}

static const struct sim_program *program_of(const struct sim *sim, int cpu)
{
	return cpu || !sim->machine->odd ? sim->program : sim->machine->odd;
}

/* Do one step. False: the CPU has to wait, for the time or for a lock. */
static bool step(struct sim *sim, int nr)
{
	struct cpu *cpu = &sim->cpu[nr];
	const struct sim_step *step = &program_of(sim, nr)->step[cpu->pc];
	struct place *place = &sim->place[step->place % SIM_PLACES];

	switch (step->kind) {
	case SIM_WORK:
	case SIM_HOLD:
		cpu->debt += work_ps(sim, step);
		break;
	case SIM_TOUCH:
		cpu->debt += move_ps(sim, place->owner, nr);
		place->owner = nr;
		break;
	case SIM_SKIP:
		if (draw(sim) < step->ns)
			cpu->pc += step->place;
		break;
	case SIM_LOCK:
		if (pay(sim, nr))
			return false;
		lock(sim, step->place, nr);
		cpu->pc++;
		return false;
	case SIM_UNLOCK:
		if (pay(sim, nr))
			return false;
		unlock(sim, step->place);
		break;
	default:
		/* Another CPU sees this only by a line, or when it closes words. */
		if (sim->machine->odd && pay(sim, nr))
			return false;
		word_step(sim, nr, step);
	}
	cpu->pc++;
	return true;
}

/* Run a CPU until it has to wait, for the time or for a lock. */
static void run(struct sim *sim, int nr)
{
	struct cpu *cpu = &sim->cpu[nr];

	for (;;) {
		if (cpu->pc >= program_of(sim, nr)->nr) {
			if (pay(sim, nr))
				return;
			sim->done += program_of(sim, nr) == sim->program;
			cpu->pc = 0;
		}
		if (!step(sim, nr))
			return;
	}
}

static void start(struct sim *sim)
{
	unsigned int i;
	double all = 0;
	size_t at;

	for (at = 0; at < sim->program->nr; at++)
		if (sim->program->step[at].kind == SIM_WORK)
			all += sim->program->step[at].ns;
	for (i = 0; i < SIM_PLACES; i++)
		sim->place[i] = (struct place){ NOBODY, NOBODY, NOBODY, false };
	for (i = 0; i < sim->machine->cpus; i++) {
		/* The CPUs do not all start at the same time. */
		plan(sim, i, draw(sim) * all * PS);
		if (sim->machine->shared || !sim->machine->later_ns)
			continue;
		/* Begin with full words and as much under way: to fill them takes long. */
		sim->word[i][0] = sim->machine->word[0].max;
		sim->cpu[i].later[0] = sim->machine->word[0].max;
		sim->cpu[i].later[1] = sim->machine->word[0].max;
	}
}

double sim_run(const struct sim_machine *machine,
	       const struct sim_program *program, unsigned int warm)
{
	unsigned int counted = machine->cpus - !!machine->odd;
	uint64_t first = (uint64_t)warm * counted, last = 5 * first;
	uint64_t warm_ps = machine->warm_ns * PS, begin = 0, before = 0;
	struct sim *sim = calloc(1, sizeof(*sim));
	double rate;

	if (!sim || !program->nr || !counted || machine->cpus > SIM_CPUS) {
		fprintf(stderr,
			"scale: no such machine, or no memory for it\n");
		exit(1);
	}
	sim->machine = machine;
	sim->program = program;
	sim->random = machine->seed;
	start(sim);
	while (sim->done < last || sim->now < 2 * warm_ps) {
		struct event event = take_first(sim);

		sim->now = event.time;
		run(sim, event.cpu);
		if (!begin && sim->done >= first && sim->now >= warm_ps) {
			begin = sim->now;
			before = sim->done;
		}
	}
	rate = (sim->done - before) * 1e12 / (sim->now - begin);
	free(sim);
	return rate;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One test for everything that pins memory for longer than a system call: see
 * bc_pin_test().
 */
#ifndef BC_PIN_H
#define BC_PIN_H

#include "bc_jobs.h"

/* How many pages of bc_pin_area are pinned. */
#define BC_PIN_PAGES 8L

struct bc_pin_kind {
	/* Makes what it needs, or skips the case. */
	void (*setup)(void);
	/* In the worker, with BC_PIN_PAGES; each returns 0 or an error. */
	bc_job prepare;
	bc_job act;
	bc_job undo; /* prepare() is called again after it */
	long pages; /* how many act() adds */
	long first; /* how many of them come first, if it can end early */
	int error; /* what the interface turns ENOMEM into */
	bool drops; /* when refused, it gives up what it had */
	bool leaves; /* the pin does not outlive the process */
};

extern char *bc_pin_area;

/* Maps @n populated pages, once in a process. Returns 0, or -1 and errno. */
long bc_pin_map(long n);

void bc_pin_test(struct bc_group *g, const struct bc_pin_kind *k);

/* Defines a case of that name. */
#define BC_PIN_CASE(name, ...)                                       \
	static void test_##name(struct bc_group *g)                  \
	{                                                            \
		static const struct bc_pin_kind k = { __VA_ARGS__ }; \
		bc_pin_test(g, &k);                                  \
	}

#endif /* BC_PIN_H */

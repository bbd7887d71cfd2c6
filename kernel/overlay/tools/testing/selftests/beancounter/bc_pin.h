/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One test for everything that pins memory for longer than a system call: see
 * bc_pin_test().
 */
#ifndef BC_PIN_H
#define BC_PIN_H

#include "bc_jobs.h"

/* So many pages are asked for, of bc_pin_area. */
#define BC_PIN_PAGES 8L

struct bc_pin_kind {
	/* Makes what it needs, or skips the case. */
	void (*setup)(void);
	/* In the worker, with BC_PIN_PAGES: 0 or an error. */
	bc_job prepare;
	bc_job act;
	bc_job undo; /* after which it is prepared again */
	long pages; /* what it adds */
	int error; /* what the interface makes of ENOMEM */
	bool drops; /* refused, it gives up what it had */
	bool leaves; /* it does not outlive the process */
};

extern char *bc_pin_area;

/* Once for a process: @n pages, all of them there. 0, or -1 and errno. */
long bc_pin_map(long n);

void bc_pin_test(struct bc_group *g, const struct bc_pin_kind *k);

/* A case of that name. */
#define BC_PIN_CASE(name, ...)                                       \
	static void test_##name(struct bc_group *g)                  \
	{                                                            \
		static const struct bc_pin_kind k = { __VA_ARGS__ }; \
		bc_pin_test(g, &k);                                  \
	}

#endif /* BC_PIN_H */

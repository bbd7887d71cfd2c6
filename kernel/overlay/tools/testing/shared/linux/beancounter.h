/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: nothing is charged in the tests of trees.
 */
#ifndef _TEST_BEANCOUNTER_H
#define _TEST_BEANCOUNTER_H

/* CLASS(bc_nobody, scope)() */
#define CLASS(name, var) const int var __maybe_unused = name##_class

static inline int bc_nobody_class(void)
{
	return 0;
}

#endif /* _TEST_BEANCOUNTER_H */

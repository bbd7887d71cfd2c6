/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: names of flags in traces. Included by mmflags.h.
 */
#ifndef _TRACE_BC_MMFLAGS_H
#define _TRACE_BC_MMFLAGS_H

#ifdef CONFIG_BEANCOUNTERS
#define TRACE_GFP_FLAGS_BC TRACE_GFP_EM(BC)
#define IF_HAVE_PG_BC(_name) , { 1UL << PG_##_name, __stringify(_name) }
#else
#define TRACE_GFP_FLAGS_BC
#define IF_HAVE_PG_BC(_name)
#endif

#endif /* _TRACE_BC_MMFLAGS_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: names of flags in traces. Included by mmflags.h.
 */
#ifndef _TRACE_BC_MMFLAGS_H
#define _TRACE_BC_MMFLAGS_H

#ifdef CONFIG_BEANCOUNTERS
#define TRACE_GFP_FLAGS_BC TRACE_GFP_EM(BC)
#define IF_HAVE_PG_BC(_name) , { 1UL << PG_##_name, __stringify(_name) }
#define IF_HAVE_GFP_BC(_flag) , gfpflag_string(_flag)
#else
#define TRACE_GFP_FLAGS_BC
/* A mask of 0 would match whatever the flags are. */
#define IF_HAVE_GFP_BC(_flag)
#define IF_HAVE_PG_BC(_name)
#endif

#endif /* _TRACE_BC_MMFLAGS_H */

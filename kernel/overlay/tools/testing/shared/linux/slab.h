/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: nothing is charged in the tests of trees, which include this header in
 * place of tools/include/linux/slab.h.
 */
#ifndef _TEST_SLAB_BC_H
#define _TEST_SLAB_BC_H

#include "../../../include/linux/slab.h"

#define SLAB_BC_NOCHARGE 0
#define bc_gfp_uncharged(flags) (flags)

#endif /* _TEST_SLAB_BC_H */

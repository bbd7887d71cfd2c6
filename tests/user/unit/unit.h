/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../lib/internal.h"

/* The directory in which tests/user/unpack has made the machines. */
#define MACHINES getenv("MACHINES")

#endif

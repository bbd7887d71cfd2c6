/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations that the files of the plugin share.
 */
#ifndef BC_SPANK_H
#define BC_SPANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <beancounter.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MESSAGE_LEN 512
#define REPORT_LEN 1024

struct limit {
	char name[64];
	bool has_barrier, has_limit;
	uint64_t barrier, limit;
};

#define MOST_LIMITS 32

struct limits {
	struct limit v[MOST_LIMITS];
	size_t count;
};

/* limits.c: 0, or -1 with a message */
int limits_parse(const char *text, struct limits *limits,
		 char message[MESSAGE_LEN]);
int limits_complete(struct limits *limits, const struct limits *defaults,
		    const struct limits *most, char message[MESSAGE_LEN]);
int limits_apply(const struct limits *limits, const struct libbc_group *group,
		 char message[MESSAGE_LEN]);

/* step.c */
int step_open(const struct libbc_host *host, struct libbc_group **group,
	      char message[MESSAGE_LEN]);
bool step_report(const struct libbc_account *account, char report[REPORT_LEN]);

#endif

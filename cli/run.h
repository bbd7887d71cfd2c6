/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations that the parts of "bcctl run" share.
 */
#ifndef BCCTL_RUN_H
#define BCCTL_RUN_H

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "recording.h"

/* The group of a command, and the janitor that removes it if bcctl dies. */
struct job_group {
	char *path; /* from the mount: "/web/bcctl-4711" */
	char *directory; /* the whole path */
	struct libbc_group *group;
	int janitor_fd;
	pid_t janitor;
};

struct job {
	char **argv;
	const char *user;
	int status; /* what bcctl exits with */
	int signal; /* the signal that ended the command, or 0 */
	int exec_error; /* why it could not be started, or 0 */
	double seconds; /* of wall clock */
	struct rusage usage;
	/* For a picture: the account over time, read less and less often. */
	struct recording *recording;
	unsigned int looks;
};

/* The first refusal of the group. */
struct first_refusal {
	char resource[32], process[64]; /* "python3[47]" */
	uint64_t requested, held;
};

/* run-group.c */
int job_group_make(struct bcctl *ctl, const char *name, struct job_group *made);
void job_group_end(const struct bcctl *ctl, struct job_group *made);
bool job_group_kill(const char *directory);
bool job_group_remove(const char *directory);

/* run-job.c */
int job_run(struct bcctl *ctl, struct job *job, const struct job_group *made);

/* run-first.c */
int first_refusal_begin(void);
bool first_refusal_find(int fd, const char *path, struct first_refusal *first);

/* run-report.c */
enum report { REPORT_NONE, REPORT_TEXT, REPORT_JSON };

struct refusals;
int refusals_begin(struct bcctl *ctl, const struct job_group *made,
		   struct refusals **before);
void refusals_free(struct refusals *before);
int report(struct bcctl *ctl, enum report kind, const char *file,
	   const struct job *job, const struct job_group *made,
	   const struct refusals *before);

#endif

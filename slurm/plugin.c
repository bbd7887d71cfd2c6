// SPDX-License-Identifier: GPL-2.0-only
/*
 * spank_beancounter - limits for the steps of a Slurm job.
 *
 * "srun --bc=privvmpages=4G,numproc=200" sets limits in the group of each step,
 * on each node, before the first instruction of the program. The refusals and
 * the amounts needed are written to the log of slurmd and the comment of the
 * job.
 */
#define _GNU_SOURCE
#include <slurm/slurm.h>
#include <slurm/spank.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spank.h"

SPANK_PLUGIN(beancounter, 1);

/* The other nodes of the job write the comment, too: try several times. */
#define TRIES 5

static struct limits defaults, most, asked;

static int on_bc(int value, const char *text, int remote)
{
	struct limits all = { .count = 0 };
	char message[MESSAGE_LEN];

	(void)value;
	(void)remote;
	if (limits_parse(text, &all, message)) {
		slurm_error("--bc: %s", message);
		return -1;
	}
	asked = all;
	/* Report mistakes on submission, if the options are the same there. */
	if (limits_complete(&all, &defaults, &most, message)) {
		slurm_error("--bc: %s", message);
		return -1;
	}
	return 0;
}

static struct spank_option option = {
	"bc",
	"RES=BAR[:LIM],...",
	"barriers and limits of each step, like privvmpages=4G:4400M,numproc=200",
	1,
	0,
	on_bc,
};

static int take_argument(const char *text)
{
	char message[MESSAGE_LEN];
	struct limits *to = NULL;

	if (!strncmp(text, "default=", 8))
		to = &defaults;
	else if (!strncmp(text, "most=", 5))
		to = &most;
	if (!to) {
		slurm_error(
			"plugstack.conf: %s: an argument is default= or most= and limits",
			text);
		return -1;
	}
	if (!limits_parse(strchr(text, '=') + 1, to, message))
		return 0;
	slurm_error("plugstack.conf: %s: %s", text, message);
	return -1;
}

int slurm_spank_init(spank_t spank, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++)
		if (take_argument(argv[i]))
			return -1;
	if (spank_context() == S_CTX_LOCAL ||
	    spank_context() == S_CTX_ALLOCATOR ||
	    spank_context() == S_CTX_REMOTE)
		return spank_option_register(spank, &option) == ESPANK_SUCCESS ?
			       0 :
			       -1;
	return 0;
}

/*
 * Set the limits, as root, in the process that will become the task, before it
 * starts. Each task of a step sets the same limits. A failure fails the step.
 */
int slurm_spank_task_init_privileged(spank_t spank, int argc, char **argv)
{
	struct limits limits = asked;
	char message[MESSAGE_LEN] = "";
	struct libbc_group *group = NULL;
	struct libbc_host *host = NULL;
	int ret;

	(void)spank;
	(void)argc;
	(void)argv;
	if (limits_complete(&limits, &defaults, &most, message)) {
		slurm_error("--bc: %s", message);
		return -1;
	}
	if (!limits.count)
		return 0;
	ret = libbc_host_open(NULL, &host);
	if (ret)
		snprintf(message, sizeof(message),
			 "there is no cgroup2 on this node: %s",
			 strerror(-ret));
	else
		ret = step_open(host, &group, message);
	if (!ret)
		ret = limits_apply(&limits, group, message);
	if (ret)
		slurm_error("--bc: %s", message);
	libbc_group_close(group);
	libbc_host_close(host);
	return ret ? -1 : 0;
}

/* The present comment, to be freed; NULL if the job cannot be read. */
static char *read_comment(uint32_t job)
{
	job_info_msg_t *found = NULL;
	char *comment = NULL;

	if (slurm_load_job(&found, job, SHOW_ALL) || !found)
		return NULL;
	if (found->record_count) {
		comment = found->job_array[0].comment;
		comment = strdup(comment ? comment : "");
	}
	slurm_free_job_info_msg(found);
	return comment;
}

static int write_comment(uint32_t job, char *text)
{
	job_desc_msg_t description;

	slurm_init_job_desc_msg(&description);
	description.job_id = job;
	description.comment = text;
	return slurm_update_job(&description);
}

/* Another node may write at the same time: check that our line is in it. */
static void add_to_comment(uint32_t job, const char *line)
{
	char *text, *comment;
	int i;

	for (i = 0; i < TRIES; i++) {
		comment = read_comment(job);
		if (comment && strstr(comment, line)) {
			free(comment);
			return;
		}
		if (!comment || asprintf(&text, "%s%s%s", comment,
					 *comment ? " | " : "", line) < 0) {
			free(comment);
			break;
		}
		if (write_comment(job, text))
			i = TRIES;
		free(text);
		free(comment);
	}
	slurm_error("bc: the comment of job %u could not be written", job);
}

static void name_step(uint32_t step, char name[32])
{
	if (step == SLURM_BATCH_SCRIPT)
		snprintf(name, 32, "batch");
	else if (step == SLURM_INTERACTIVE_STEP)
		snprintf(name, 32, "interactive");
	else
		snprintf(name, 32, "%u", step);
}

/* Report the account when the last task of the step on this node has ended. */
static void report(spank_t spank, const struct libbc_account *account)
{
	char node[64] = "?", name[32], text[REPORT_LEN], line[REPORT_LEN + 160];
	bool refused = step_report(account, text);
	uint32_t job = 0, step = 0;

	spank_get_item(spank, S_JOB_ID, &job);
	spank_get_item(spank, S_JOB_STEPID, &step);
	spank_getenv(spank, "SLURMD_NODENAME", node, sizeof(node));
	name_step(step, name);
	snprintf(line, sizeof(line), "bc step %s on %s: %s", name, node, text);
	slurm_info("bc: job %u: %s", job, line);
	/* A job that asked for no limits gets a comment only after a refusal. */
	if (refused || asked.count)
		add_to_comment(job, line);
}

/*
 * The report is made here because the group exists as long as slurmstepd, and
 * because a job that has ended takes no comment. A job of one step has ended
 * when its plugins are unloaded.
 */
int slurm_spank_task_exit(spank_t spank, int argc, char **argv)
{
	struct libbc_account *account = NULL;
	char message[MESSAGE_LEN] = "";
	struct libbc_group *group = NULL;
	struct libbc_host *host = NULL;
	static uint32_t ended;
	uint32_t tasks = 1;

	(void)argc;
	(void)argv;
	spank_get_item(spank, S_JOB_LOCAL_TASK_COUNT, &tasks);
	if (++ended < tasks)
		return 0;
	if (!libbc_host_open(NULL, &host) &&
	    !step_open(host, &group, message) &&
	    !libbc_account_read(group, 0, &account))
		report(spank, account);
	else if (*message)
		slurm_error("bc: %s", message);
	libbc_account_free(account);
	libbc_group_close(group);
	libbc_host_close(host);
	return 0;
}

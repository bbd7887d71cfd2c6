// SPDX-License-Identifier: GPL-2.0-only
/*
 * The group of a step, and the report on its account.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spank.h"

/*
 * Open .../job_7/step_0/user. Slurm's plugin for cgroup v2 keeps slurmstepd in
 * a group beside it, for which the job does not pay. The caller is in that
 * group or in a task of the step.
 */
int step_open(const struct libbc_host *host, struct libbc_group **group,
	      char message[MESSAGE_LEN])
{
	struct libbc_group *own = NULL;
	char path[4096], *step, *end;
	int ret;

	ret = libbc_group_open_pid(host, 0, &own);
	if (ret) {
		snprintf(message, MESSAGE_LEN,
			 "cannot find the group of the step: %s",
			 strerror(-ret));
		return -1;
	}
	snprintf(path, sizeof(path), "%s", libbc_group_path(own));
	libbc_group_close(own);
	step = strstr(path, "/step_");
	end = step ? strchr(step + 1, '/') : NULL;
	if (!end || (size_t)(end - path) + sizeof("/user") > sizeof(path)) {
		snprintf(
			message, MESSAGE_LEN,
			"%.200s is not in a step: slurm.conf needs ProctrackType=proctrack/cgroup, and cgroup.conf needs CgroupPlugin=cgroup/v2",
			path);
		return -1;
	}
	strcpy(end, "/user");
	ret = libbc_group_open(host, path, group);
	if (!ret)
		return 0;
	snprintf(message, MESSAGE_LEN, "cannot open group %.300s: %s", path,
		 strerror(-ret));
	return -1;
}

static size_t append(char report[REPORT_LEN], size_t used, const char *text)
{
	int len = snprintf(report + used, REPORT_LEN - used, "%s", text);

	return used + (size_t)len < REPORT_LEN ? used + (size_t)len :
						 REPORT_LEN - 1;
}

/*
 * Write "3 refusals of privvmpages at 256M; needed kmemsize=1.2M ...". Returns
 * whether there was a refusal.
 */
bool step_report(const struct libbc_account *account, char report[REPORT_LEN])
{
	size_t used = 0, i, count = libbc_account_count(account);
	char a[LIBBC_SIZE_LEN], text[160];
	bool refused = false;

	for (i = 0; i < count; i++) {
		const struct libbc_resource *resource =
			libbc_account_get(account, i);
		uint64_t refusals =
			libbc_resource_value(resource, LIBBC_FAILCNT);

		if (!refusals)
			continue;
		snprintf(text, sizeof(text), "%s%llu refusal%s of %s at %s",
			 refused ? ", " : "", (unsigned long long)refusals,
			 refusals == 1 ? "" : "s",
			 libbc_resource_name(resource),
			 libbc_size_format(
				 libbc_resource_value(resource, LIBBC_BARRIER),
				 libbc_resource_unit(resource), 0, a));
		used = append(report, used, text);
		refused = true;
	}
	used = append(report, used, refused ? "; needed" : "ok: needed");
	for (i = 0; i < count; i++) {
		const struct libbc_resource *resource =
			libbc_account_get(account, i);

		if (!libbc_resource_value(resource, LIBBC_MAXHELD))
			continue;
		snprintf(text, sizeof(text), " %s=%s",
			 libbc_resource_name(resource),
			 libbc_size_format(
				 libbc_resource_value(resource, LIBBC_MAXHELD),
				 libbc_resource_unit(resource), 0, a));
		used = append(report, used, text);
	}
	return refused;
}

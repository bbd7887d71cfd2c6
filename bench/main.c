// SPDX-License-Identifier: GPL-2.0-only
/*
 * The benchmark's program: main.
 *
 *	bench tsc|ns STAGE...
 *
 * As the first process of a machine it mounts the file systems that it needs,
 * and turns the machine off in the end.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define AUDIT "/sys/kernel/debug/bc/audit"

static void mount_all(void)
{
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/tmp", 0777);
	CHECK(mount("proc", "/proc", "proc", 0, NULL));
	CHECK(mount("sysfs", "/sys", "sysfs", 0, NULL));
	CHECK(mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL));
	CHECK(mount("cgroup2", CGROUP, "cgroup2", 0, NULL));
	CHECK(mount("tmpfs", "/tmp", "tmpfs", 0, NULL));
}

/* Objects that RCU frees are owned until then, so this may take a while. */
static void audit(void)
{
	static char buf[1 << 16];
	int i;

	if (!file_exists(AUDIT))
		return;
	for (i = 0; i < 20; i++) {
		if (!file_read(buf, sizeof(buf), AUDIT))
			die("cannot read %s", AUDIT);
		if (strstr(buf, "total difference=0\n"))
			return;
		usleep(100000);
	}
	die("the recount differs from the account:\n%s", buf);
}

static const struct place root = { "root", "", false };
static const struct place group = { "group", "/group", false };
static const struct place narrow = { "exact", "/group", true };
static const struct place memcg = { "memcg", "/memcg", false };

static void places(void (*stage)(const struct place *))
{
	/* have_bc() makes a group: without one, not even the root is accounted. */
	bool bc = have_bc();

	run_in(&root, stage);
	group_make("/group");
	run_in(&group, stage);
	if (bc)
		run_in(&narrow, stage);
	group_remove("/group");
}

/* These stages come last: a boot that has used memcg cannot get rid of it. */
static void places_memcg(void (*stage)(const struct place *))
{
	if (!have_memory())
		return;
	memory_enable("");
	group_make("/memcg");
	run_in(&memcg, stage);
	group_remove("/memcg");
}

static void run_stage(const char *name)
{
	if (!strcmp(name, "loops"))
		places(stage_loops);
	else if (!strcmp(name, "loops-memcg"))
		places_memcg(stage_loops);
	else if (!strcmp(name, "calls"))
		places(stage_calls);
	else if (!strcmp(name, "calls-memcg"))
		places_memcg(stage_calls);
	else if (!strcmp(name, "turns"))
		stage_turns();
	else if (!strcmp(name, "depth"))
		stage_depth();
	else if (!strcmp(name, "scale"))
		stage_scale();
	else if (!strcmp(name, "scale-memcg"))
		stage_scale_memcg();
	else if (!strcmp(name, "idle"))
		stage_idle();
	else if (!strcmp(name, "neighbour"))
		stage_neighbour();
	else if (!strcmp(name, "cpus"))
		stage_cpus();
	else if (!strcmp(name, "bytes"))
		stage_bytes();
	else if (!strncmp(name, "where=", 6))
		stage_where(name + 6, places);
	else
		die("there is no stage %s", name);
	audit();
}

int main(int argc, char **argv)
{
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getpid() == 1)
		mount_all();
	if (argc < 3)
		die("usage: bench tsc|ns STAGE...");
	clock_choose(argv[1]);
	for (i = 2; i < argc; i++)
		run_stage(argv[i]);
	printf("end\n");
	fflush(stdout);
	if (getpid() == 1)
		reboot(RB_POWER_OFF);
	return 0;
}

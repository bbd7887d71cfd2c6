// SPDX-License-Identifier: GPL-2.0-only
/*
 * The benchmark's program: what one group asks for and reads while many others of its
 * tree are idle. Each of the others has been used, so that its words are open.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define IDLE 20000
#define IN_ONE 200
#define ROUNDS 20
#define TIMES 20
#define PAGE 4096UL

static void idle_name(char *name, size_t size, unsigned int i)
{
	snprintf(name, size, "/idle/h%u/g%u", i / IN_ONE, i % IN_ONE);
}

/*
 * A process of the group has had a file and some memory of its own. It leaves the
 * group, which would pay for the next groups that it makes.
 */
static void use(const char *group)
{
	file_write("0", CGROUP "%s/cgroup.procs", group);
	close(CHECK(eventfd(0, 0)));
	CHECK(munmap(mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		     PAGE));
	file_write("0", CGROUP "/cgroup.procs");
}

static void idle_make(void)
{
	char name[64];
	unsigned int i;

	for (i = 0; i < IDLE; i++) {
		if (i % IN_ONE == 0) {
			snprintf(name, sizeof(name), "/idle/h%u", i / IN_ONE);
			group_make(name);
		}
		idle_name(name, sizeof(name), i);
		group_make(name);
		use(name);
	}
}

static void idle_remove(void)
{
	char name[64];
	unsigned int i;

	for (i = 0; i < IDLE; i++) {
		idle_name(name, sizeof(name), i);
		group_remove(name);
		if (i % IN_ONE == IN_ONE - 1) {
			snprintf(name, sizeof(name), "/idle/h%u", i / IN_ONE);
			group_remove(name);
		}
	}
}

static void refused_file(void)
{
	if (eventfd(0, 0) >= 0 || errno != ENOMEM)
		die("eventfd() was not refused");
}

static void refused_map(void)
{
	if (mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ||
	    errno != ENOMEM)
		die("mmap() was not refused");
}

static void read_file(const char *name)
{
	char buf[4096];

	if (!file_read(buf, sizeof(buf), CGROUP "/idle/asker/%s", name))
		die("cannot read %s", name);
}

static void read_failcnt(void)
{
	read_file("bc.failcnt");
}

static void read_resources(void)
{
	read_file("bc.resources");
}

static const struct request {
	const char *name;
	const char *full; /* the resource of which the group may have no more */
	void (*run)(void);
} requests[] = {
	{ "refused-eventfd", "kmemsize", refused_file },
	{ "refused-mmap", "privvmpages", refused_map },
	{ "read-failcnt", NULL, read_failcnt },
	{ "read-resources", NULL, read_resources },
};

static void measure(const struct request *request, unsigned int others)
{
	uint64_t best = best_of(ROUNDS, TIMES, request->run);
	char name[64];

	snprintf(name, sizeof(name), "%s-%u", request->name, others);
	tell("idle", name, best, TIMES);
}

/* As a process of the group, which is full if that is what is measured. */
static void ask(const struct request *request, unsigned int others)
{
	int status;

	fflush(stdout);
	if (CHECK(fork()) == 0) {
		file_write("0", CGROUP "/idle/asker/cgroup.procs");
		/* Its first refusal is followed by a notification. */
		if (request->full)
			group_barrier("/idle/asker", request->full, "0");
		measure(request, others);
		_exit(0);
	}
	CHECK(wait(&status));
	if (status)
		die("the process that asks ended with %#x", status);
	if (request->full)
		group_barrier("/idle/asker", request->full, "max");
}

static void ask_all(unsigned int others)
{
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		ask(&requests[i], others);
}

void stage_idle(void)
{
	group_make("/idle");
	group_make("/idle/asker");
	ask_all(0);
	idle_make();
	ask_all(IDLE);
	idle_remove();
	group_remove("/idle/asker");
	group_remove("/idle");
}

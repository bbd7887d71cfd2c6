// SPDX-License-Identifier: GPL-2.0-only
/*
 * The benchmark's program: many groups, two CPUs, bytes.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static const unsigned int numbers[] = { 1, 10, 100, 1000, 10000 };

/* In groups of a hundred, so that no directory becomes very large. */
static void many_name(char *name, size_t size, unsigned int i)
{
	snprintf(name, size, "/many/h%u/g%u", i / 100, i % 100);
}

static void many_make(unsigned int count, bool memory)
{
	char name[64];
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (i % 100 == 0) {
			snprintf(name, sizeof(name), "/many/h%u", i / 100);
			group_make(name);
			if (memory)
				memory_enable(name);
		}
		many_name(name, sizeof(name), i);
		group_make(name);
	}
}

static void many_remove(unsigned int count)
{
	char name[64];
	unsigned int i;

	for (i = 0; i < count; i++) {
		many_name(name, sizeof(name), i);
		group_remove(name);
		if (i % 100 == 99 || i == count - 1) {
			snprintf(name, sizeof(name), "/many/h%u", i / 100);
			group_remove(name);
		}
	}
}

static void many_read(unsigned int count)
{
	char name[64], buf[4096];
	unsigned int i;

	for (i = 0; i < count; i++) {
		many_name(name, sizeof(name), i);
		if (!file_read(buf, sizeof(buf), CGROUP "%s/bc.resources",
			       name))
			die("cannot read bc.resources of %s", name);
	}
}

/* KiB of the kernel's own memory, as far as /proc/meminfo has it. */
static long long kernel_memory(void)
{
	static const char *const keys[] = { "Slab:", "Percpu:" };
	long long sum = 0;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		sum += file_number(keys[i], "/proc/meminfo");
	return sum;
}

static void many(const char *place, unsigned int count, bool memory)
{
	long long before, after;
	char name[64];
	uint64_t start;

	before = kernel_memory();
	start = now();
	many_make(count, memory);
	snprintf(name, sizeof(name), "create-%u", count);
	tell(place, name, now() - start, count);
	after = kernel_memory();
	snprintf(name, sizeof(name), "bytes-%u", count);
	tell(place, name, (after - before) * 1024, count);
	if (have_bc()) {
		start = now();
		many_read(count);
		snprintf(name, sizeof(name), "read-%u", count);
		tell(place, name, now() - start, count);
	}
	if (file_exists("/proc/user_beancounters")) {
		/* Not static: its page tables would remain in later stages. */
		size_t size = 64 << 20;
		char *buf = malloc(size);

		start = now();
		if (!buf || !file_read(buf, size, "/proc/user_beancounters"))
			die("cannot read /proc/user_beancounters");
		free(buf);
		snprintf(name, sizeof(name), "proc-%u", count);
		tell(place, name, now() - start, count);
	}
	start = now();
	many_remove(count);
	snprintf(name, sizeof(name), "remove-%u", count);
	tell(place, name, now() - start, count);
}

void stage_scale(void)
{
	size_t i;

	group_make("/many");
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		many("groups", numbers[i], false);
	group_remove("/many");
}

/* The same with the memory controller, to measure the bytes of its groups. */
void stage_scale_memcg(void)
{
	if (!have_memory())
		return;
	memory_enable("");
	group_make("/many");
	memory_enable("/many");
	many("memcgs", 10000, true);
	group_remove("/many");
}

#define CPU_ROUNDS 20

struct hammer {
	volatile int ready;
	volatile int go;
	uint64_t best[2];
};

static void hammer_one(const char *group, struct hammer *hammer, int cpu)
{
	struct loop loop = { "slab", "account", 64, 1, 100000, 0 };
	cpu_set_t set;
	int fd;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK(sched_setaffinity(0, sizeof(set), &set));
	file_write("0", CGROUP "%s/cgroup.procs", group);
	fd = loop_open();
	__sync_fetch_and_add(&hammer->ready, 1);
	while (!hammer->go)
		;
	hammer->best[cpu] = loop_run(fd, &loop);
	_exit(0);
}

/* Both CPUs at once, each in its group; "" is the root, NULL an idle CPU. */
static void hammer(const char *what, const char *first, const char *second)
{
	struct hammer *hammer = mmap(NULL, sizeof(*hammer),
				     PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const char *groups[2] = { first, second };
	int cpu, n = 0, status;
	uint64_t worst = 0;

	fflush(stdout);
	for (cpu = 0; cpu < 2; cpu++) {
		if (!groups[cpu])
			continue;
		n++;
		if (CHECK(fork()) == 0)
			hammer_one(groups[cpu], hammer, cpu);
	}
	while (hammer->ready < n)
		usleep(1000);
	hammer->go = 1;
	while (n--) {
		CHECK(wait(&status));
		if (status)
			die("a process on one of two CPUs ended with %#x",
			    status);
	}
	for (cpu = 0; cpu < 2; cpu++)
		if (groups[cpu] && hammer->best[cpu] > worst)
			worst = hammer->best[cpu];
	tell("cpus", what, worst, 100000);
	munmap(hammer, sizeof(*hammer));
}

/* Two CPUs in one group and in two: nanoseconds, comparable within one boot. */
void stage_cpus(void)
{
	char what[64];
	int i;

	for (i = 0; i < 2; i++) {
		const char *who = i ? "memcg" : "group";

		if (i && !have_memory())
			return;
		if (i)
			memory_enable("");
		group_make("/one");
		group_make("/two");
		snprintf(what, sizeof(what), "%s-root", who);
		hammer(what, "", "");
		snprintf(what, sizeof(what), "%s-alone", who);
		hammer(what, "/one", NULL);
		snprintf(what, sizeof(what), "%s-same", who);
		hammer(what, "/one", "/one");
		snprintf(what, sizeof(what), "%s-two", who);
		hammer(what, "/one", "/two");
		group_remove("/one");
		group_remove("/two");
	}
}

/* The bytes that are kept beside each object and each page. */
void stage_bytes(void)
{
	static const char *const what[] = { "slot", "page_ext" };
	char buf[64];
	ssize_t len;
	size_t i;
	int fd;

	for (i = 0; i < sizeof(what) / sizeof(what[0]); i++) {
		fd = loop_open();
		CHECK(write(fd, what[i], strlen(what[i])));
		len = CHECK(pread(fd, buf, sizeof(buf) - 1, 0));
		buf[len] = '\0';
		tell("bytes", what[i], strtoull(buf, NULL, 10), 1);
		close(fd);
	}
}

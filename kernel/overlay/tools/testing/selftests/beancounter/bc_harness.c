// SPDX-License-Identifier: GPL-2.0-only
/*
 * PROGRAM [--list | PATTERN...]
 *
 * Runs the cases, or those that match. Each runs in a process of its own, which
 * is not in the group, and has a group of its own below one group of the
 * program.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest.h"
#include "bc_util.h"

#define AUDIT "/sys/kernel/debug/bc/audit"
#define AUDIT_MS 3000 /* the account has to be at rest by then */
#define EXIT_MS 60000
#define CASE_MS 240000

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

void bc_note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("# ");
	vprintf(fmt, args);
	printf("\n");
	fflush(stdout);
	va_end(args);
}

void bc_fail(const char *file, int line, const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	va_list args;

	va_start(args, fmt);
	printf("# %s:%d: ", base ? base + 1 : file, line);
	vprintf(fmt, args);
	printf("\n");
	fflush(stdout);
	va_end(args);
	_exit(KSFT_FAIL);
}

void bc_skip(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("# skipped: ");
	vprintf(fmt, args);
	printf("\n");
	fflush(stdout);
	va_end(args);
	_exit(KSFT_SKIP);
}

void bc_xfail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("# as expected: ");
	vprintf(fmt, args);
	printf("\n");
	fflush(stdout);
	va_end(args);
	_exit(KSFT_XFAIL);
}

void bc_check_true(const char *file, int line, const char *what, bool ok)
{
	if (!ok)
		bc_fail(file, line, "false: %s", what);
}

void bc_check_range(const char *file, int line, const char *what, long long got,
		    long long low, long long high)
{
	if (got >= low && got <= high)
		return;
	if (low == high)
		bc_fail(file, line, "%s is %lld, not %lld", what, got, low);
	bc_fail(file, line, "%s is %lld, not %lld to %lld", what, got, low,
		high);
}

long long bc_check_sys(const char *file, int line, const char *what,
		       long long ret)
{
	if (ret < 0)
		bc_fail(file, line, "%s: %s", what, strerror(errno));
	return ret;
}

long long bc_audit(char *line, size_t size)
{
	static char buf[1 << 16];
	char *at;

	if (bc_slurp_path(AUDIT, buf, sizeof(buf)) <= 0)
		return -1;
	at = strstr(buf, "total difference=");
	if (!at)
		return -1;
	if (line) {
		char *bad = buf;

		line[0] = '\0';
		for (bad = buf; bad < at; bad = strchr(bad, '\n') + 1) {
			int n = strcspn(bad, "\n");

			if (n > 13 &&
			    strncmp(bad + n - 13, " difference=0", 13))
				snprintf(line, size, "%.*s", n, bad);
		}
	}
	return llabs(strtoll(at + 17, NULL, 10));
}

/* The same, once the difference is 0 or @timeout_ms are over. */
long long bc_audit_settled(char *line, size_t size, int timeout_ms)
{
	long long end = bc_now_ms() + timeout_ms, now, diff;

	for (;;) {
		now = bc_now_ms();
		diff = bc_audit(line, size);
		if (diff <= 0 || now > end)
			return diff;
		bc_pause_ms(20);
	}
}

static bool audit_ok(void)
{
	char line[256];
	long long diff;

	diff = bc_audit_settled(line, sizeof(line), bc_patience(AUDIT_MS));
	if (diff > 0)
		bc_note("audit: difference %lld: %s", diff, line);
	return diff <= 0;
}

/*
 * Populates everything that is mapped, so that the case and its worker add no
 * page table and no page cache node to the account when they touch it later.
 */
void bc_populate(void)
{
	static char buf[1 << 16];
	char *line, *save = NULL;
	unsigned long start, end;
	char perm[8];

	if (bc_slurp_path("/proc/self/maps", buf, sizeof(buf)) <= 0)
		return;
	for (line = strtok_r(buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "%lx-%lx %7s", &start, &end, perm) != 3)
			continue;
		madvise((void *)start, end - start,
			perm[1] == 'w' ? MADV_POPULATE_WRITE :
					 MADV_POPULATE_READ);
	}
}

/* How many of the new messages in the kernel log have @what in them. */
int bc_log_count(int fd, const char *what)
{
	char line[8192];
	int count = 0;
	ssize_t n;

	while ((n = read(fd, line, sizeof(line) - 1)) > 0) {
		line[n] = '\0';
		count += !!strstr(line, what);
	}
	return count;
}

void bc_tmpfs(void)
{
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/tmp", "tmpfs", 0, "mode=1777") || chdir("/tmp"))
		bc_skip("no tmpfs of its own: %s", strerror(errno));
}

static void run_case(const struct bc_case *c, struct bc_group *g)
{
	volatile char deep[64 * 1024];

	/* The case dies with the harness, and has enough stack populated. */
	bc_reaper = false;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	deep[0] = 0;
	deep[sizeof(deep) - 1] = 0;
	bc_populate();
	c->run(g);
	fflush(stdout);
	_exit(KSFT_PASS);
}

/* Kills all processes and waits for the last: to free 100,000 locks takes a while. */
static void wait_empty(const struct bc_group *g)
{
	long long end = bc_now_ms() + bc_patience(EXIT_MS);

	bc_group_kill(g);
	while (bc_read_key(g, "cgroup.events", "populated") &&
	       bc_now_ms() < end) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		bc_pause_ms(5);
	}
}

/* After all processes have gone, nothing must be left in the end. */
static int check_end(const struct bc_case *c, const struct bc_group *g)
{
	long long held;

	wait_empty(g);
	/* Groups that the case made in its group are charged to it. */
	bc_group_empty(g);
	if (!c->residue) {
		held = bc_wait_held(g, 0);
		if (held) {
			bc_note_what(g);
			bc_note("%lld still held when all processes have gone",
				held);
			return KSFT_FAIL;
		}
	}
	return audit_ok() ? KSFT_PASS : KSFT_FAIL;
}

/*
 * Orphans of the case become children of the harness, and are charged until it
 * waits for them.
 */
static int wait_case(pid_t pid, int *status)
{
	long long end = bc_now_ms() + bc_patience(CASE_MS);

	while (bc_now_ms() < end) {
		pid_t got = waitpid(-1, status, WNOHANG);

		if (got == pid)
			return 0;
		if (!got)
			bc_pause_ms(2);
	}
	return -ETIMEDOUT;
}

static int one_case(const struct bc_case *c, struct bc_group *top)
{
	struct bc_group g;
	int status, end;
	pid_t pid;

	bc_group_make(&g, top, c->name);
	fflush(stdout);
	pid = fork();
	if (!pid)
		run_case(c, &g);
	if (wait_case(pid, &status)) {
		bc_note("not done after %d s: killed",
			bc_patience(CASE_MS) / 1000);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	if (WIFSIGNALED(status))
		bc_note("the case died of signal %d", WTERMSIG(status));
	status = WIFEXITED(status) ? WEXITSTATUS(status) : KSFT_FAIL;
	end = check_end(c, &g);
	if (bc_group_remove(&g)) {
		bc_note("%s cannot be removed: %s", g.path, strerror(errno));
		end = KSFT_FAIL;
	}
	return end == KSFT_PASS ? status : end;
}

/* Whether the controller is in this kernel, and has not been switched off. */
static bool have_controller(void)
{
	char buf[4096], *at;
	int hierarchy, groups, enabled;

	if (bc_slurp_path("/proc/cgroups", buf, sizeof(buf)) <= 0)
		return false;
	at = strstr(buf, "\nbc\t");
	return at &&
	       sscanf(at + 4, "%d %d %d", &hierarchy, &groups, &enabled) == 3 &&
	       enabled;
}

/* Skips the program where there is nothing to test. */
static void start(struct bc_group *top, const char *name)
{
	const char *base = strrchr(name, '/');
	char dir[64];

	if (geteuid())
		ksft_exit_skip("needs root to make groups\n");
	/* The first call finds out and remembers; this process is in no group. */
	bc_patience(0);
	if (!bc_root())
		ksft_exit_skip("no cgroup2 file system\n");
	if (!have_controller())
		ksft_exit_skip("this kernel has no beancounters\n");
	snprintf(dir, sizeof(dir), "bc-%s.%d", base ? base + 1 : name,
		 getpid());
	bc_group_make(top, NULL, dir);
	if (bc_open_file(top, "bc.held", O_RDONLY) < 0) {
		rmdir(top->path);
		ksft_exit_fail_msg("a new group has no bc.held\n");
	}
	if (bc_audit(NULL, 0) < 0)
		mount("none", "/sys/kernel/debug", "debugfs", 0, NULL);
	if (bc_audit(NULL, 0) < 0)
		ksft_print_msg(
			"no recount: CONFIG_BEANCOUNTERS_DEBUG is off\n");
}

static void raise_limits(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit files = { 1048576, 1048576 };

	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_NPROC, &all);
	setrlimit(RLIMIT_SIGPENDING, &all);
	setrlimit(RLIMIT_MSGQUEUE, &all);
	setrlimit(RLIMIT_MEMLOCK, &all);
	signal(SIGPIPE, SIG_IGN);
	/* Orphans of a case become children of this process, which waits for them. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/*
 * Does the root enable the memory controller for its children? It is left as it
 * was: a memory cgroup has lists of its own, and lists of two or three names
 * are not shrunk.
 */
static bool memory_enabled(void)
{
	char path[192], buf[4096];

	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", bc_root());
	return bc_slurp_path(path, buf, sizeof(buf)) > 0 &&
	       strstr(buf, "memory");
}

static void disable_memory(void)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", bc_root());
	bc_write_path(path, "-memory");
}

static bool wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (!fnmatch(argv[i], name, 0))
			return true;
	}
	return argc < 2;
}

int bc_main(int argc, char **argv, const struct bc_case *cases, size_t n)
{
	struct bc_group top;
	size_t i, plan = 0;
	bool memory;
	int ret;

	if (argc == 2 && !strcmp(argv[1], "--list")) {
		for (i = 0; i < n; i++)
			printf("%s\n", cases[i].name);
		return 0;
	}
	for (i = 0; i < n; i++)
		plan += wanted(cases[i].name, argc, argv);
	ksft_print_header();
	start(&top, argv[0]);
	memory = memory_enabled();
	raise_limits();
	ksft_set_plan(plan);
	bc_reaper = true;
	for (i = 0; i < n; i++) {
		if (!wanted(cases[i].name, argc, argv))
			continue;
		ret = one_case(&cases[i], &top);
		ksft_test_result_report(ret, "%s\n", cases[i].name);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	ret = bc_group_remove(&top);
	if (ret)
		ksft_print_msg("%s cannot be removed: %s\n", top.path,
			       strerror(-ret));
	if (!memory && memory_enabled())
		disable_memory();
	ksft_finished();
}

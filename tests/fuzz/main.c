// SPDX-License-Identifier: GPL-2.0-only
/*
 * The supervisor makes programs, gives them to two tenants in turn, a plain user
 * and one with namespaces of his own, and keeps the programs with new results. In
 * the end all charges must have been given back, the recount must agree, and the
 * census must be empty.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bc_util.h"
#include "fuzz.h"

#define BARRIER (16 * BC_MIB)
#define LIMIT (18 * BC_MIB)
#define GENERATION 200 /* programs that one tenant process runs */
#define ORDER_MS 10000
#define REST_MS 30000
#define CENSUS "/sys/kernel/debug/bc/census"

struct tenant {
	const char *name;
	int uid;
	bool namespaces;
	struct bc_group group;
	struct outcome *outcome;
	pid_t pid;
	int age;
	long restarts;
	long long left; /* bytes held after programs that were replayed */
};

static struct {
	uint64_t seed;
	long seconds;
	const char *dir;
	const char *replay;
} options = { .seed = 1, .seconds = 60, .dir = "." };

static struct tenant tenants[] = {
	{ .name = "user", .uid = 65533, .namespaces = false },
	{ .name = "root", .uid = 65532, .namespaces = true },
};

static void usage(FILE *f)
{
	fprintf(f,
		"Usage: fuzz [OPTION]...\n\n"
		"Call the kernel at random, as two tenants, and check the accounts.\n\n"
		"  --seed N       seed of the random numbers (default 1)\n"
		"  --seconds N    how long (default 60)\n"
		"  --dir DIR      where the corpus and the last programs are (default .)\n"
		"  --replay FILE  run only the programs of this file, once each\n"
		"  --list         only list the calls\n"
		"  --help         this text\n");
}

static void list(void)
{
	int i;

	for (i = 0; i < nr_call_kinds; i++)
		printf("%s %s\n", call_kinds[i].name, call_kinds[i].args);
}

static uint64_t number_of(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 0);

	if (*end || !*text || !n) {
		fprintf(stderr, "fuzz: %s is not a number above 0\n", text);
		exit(2);
	}
	return n;
}

static void parse(int argc, char **argv)
{
	static const struct option known[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 't' },
		{ "dir", required_argument, NULL, 'd' },
		{ "replay", required_argument, NULL, 'r' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 's':
			options.seed = number_of(optarg);
			break;
		case 't':
			options.seconds = number_of(optarg);
			break;
		case 'd':
			options.dir = optarg;
			break;
		case 'r':
			options.replay = optarg;
			break;
		case 'l':
			list();
			exit(0);
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
}

static void start(struct tenant *t)
{
	memset(t->outcome, 0, sizeof(*t->outcome));
	t->age = 0;
	t->pid = bc_sys(fork());
	if (t->pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (bc_group_attach(&t->group, getpid()))
		_exit(6);
	tenant_serve(t->outcome, t->uid, t->namespaces);
}

/* Kill all processes of the tenant, and with them the objects that they keep. */
static void stop(struct tenant *t)
{
	int status;

	if (!t->pid)
		return;
	bc_group_kill(&t->group);
	waitpid(t->pid, &status, 0);
	while (bc_read_key(&t->group, "cgroup.events", "populated") > 0) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		bc_pause_ms(1);
	}
	t->pid = 0;
	t->restarts++;
}

static void note_last(const struct tenant *t, const struct program *p)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/last-%s", options.dir, t->name);
	f = fopen(path, "w");
	if (!f)
		bc_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
	program_print(p, f);
	fclose(f);
}

/* Run a program; false if it did not end, and the tenant was killed. */
static bool run(struct tenant *t, const struct program *p)
{
	long long end = bc_now_ms() + ORDER_MS;
	struct outcome *o = t->outcome;
	int status;

	if (!t->pid)
		start(t);
	note_last(t, p);
	o->program = *p;
	o->ran = 0;
	order_set(o, ORDER_RUN);
	while (__atomic_load_n(&o->order, __ATOMIC_SEQ_CST) == ORDER_RUN) {
		order_wait(o, ORDER_RUN, 50);
		if (waitpid(t->pid, &status, WNOHANG) == t->pid ||
		    bc_now_ms() > end) {
			stop(t);
			return false;
		}
	}
	if (++t->age >= GENERATION)
		stop(t);
	return true;
}

static void open_corpus(struct corpus *c)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/corpus", options.dir);
	if (corpus_open(c, path))
		bc_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
}

/* The kept programs run first, so that their results are not new later. */
static void fuzz(struct corpus *c)
{
	long long end = bc_now_ms() + options.seconds * 1000;
	struct random r = { options.seed * 0x9e3779b97f4a7c15ULL | 1 };
	size_t known = c->n;
	struct program p;
	long n;

	for (n = 0; bc_now_ms() < end; n++) {
		struct tenant *t = &tenants[n % BC_COUNT(tenants)];

		if ((size_t)n < known)
			p = c->programs[n];
		else
			corpus_next(c, &p, &r);
		if (run(t, &p))
			corpus_add(c, &p, t->outcome);
		if (n % 5000 == 4999)
			bc_note("%ld programs, %zu kept, %ld calls", n + 1,
				c->n, c->calls);
	}
	bc_note("seed %llu: %ld programs, %zu kept, %ld calls, %ld of them granted, %ld pairs of call and error",
		(unsigned long long)options.seed, n, c->n, c->calls, c->granted,
		c->pairs);
}

/* Run one program by itself; report its results and the bytes it leaves behind. */
static void replay_one(struct tenant *t, const struct program *p, long n)
{
	const struct outcome *o = t->outcome;
	long long held;
	int k;

	if (!run(t, p))
		bc_note("%s: program %ld does not end", t->name, n);
	for (k = 0; k < p->n && k < o->ran; k++)
		bc_note("%s: %s: %s", t->name, p->calls[k].kind->name,
			strerror(o->error[k]));
	stop(t);
	bc_group_empty(&t->group);
	held = bc_wait_held(&t->group, t->left);
	if (held != t->left)
		bc_note("%s: program %ld leaves %lld bytes", t->name, n,
			held - t->left);
	t->left = held;
}

static void replay(void)
{
	FILE *f = fopen(options.replay, "r");
	struct program p;
	long n = 0;
	size_t i;
	int got;

	if (!f)
		bc_fail(__FILE__, __LINE__, "%s: %s", options.replay,
			strerror(errno));
	while ((got = program_read(&p, f)) > 0) {
		n++;
		for (i = 0; i < BC_COUNT(tenants); i++)
			replay_one(&tenants[i], &p, n);
	}
	if (got < 0)
		bc_fail(__FILE__, __LINE__, "%s: not a program",
			options.replay);
}

/* Stop the tenant and check its account; not 0 if something is wrong. */
static int at_rest(struct tenant *t)
{
	long long held;

	stop(t);
	bc_group_empty(&t->group);
	held = bc_wait_held(&t->group, 0);
	bc_note("%s: refusals: %lld, maxheld %lld KiB, restarts: %ld; still held: %lld",
		t->name, bc_failcnt(&t->group), bc_maxheld(&t->group) / BC_KIB,
		t->restarts, held);
	if (bc_maxheld(&t->group) - bc_forced(&t->group) > LIMIT) {
		bc_note("%s: the group was above its limit", t->name);
		return 1;
	}
	if (held)
		bc_note("%s: bytes are held, and no object is left", t->name);
	return held != 0;
}

/* Allocations of the groups that nobody pays for, by call site: there must be none. */
static int check_census(void)
{
	static char text[1 << 16];
	ssize_t n = bc_slurp_path(CENSUS, text, sizeof(text));

	if (n < 0) {
		bc_note("no census in this kernel");
		return 0;
	}
	if (!n)
		return 0;
	bc_note("the census is not empty:");
	fputs(text, stdout);
	return 1;
}

static int check(void)
{
	char line[256];
	long long diff;
	int bad = 0;
	size_t i;

	for (i = 0; i < BC_COUNT(tenants); i++)
		bad |= at_rest(&tenants[i]);
	diff = bc_audit_settled(line, sizeof(line), bc_patience(REST_MS));
	if (diff > 0) {
		bc_note("audit: difference %lld: %s", diff, line);
		bad = 1;
	}
	if (diff < 0)
		bc_note("no recount in this kernel");
	return bad | check_census();
}

int main(int argc, char **argv)
{
	struct corpus corpus = { 0 };
	size_t i;

	parse(argc, argv);
	bc_patience(0);
	if (!bc_root())
		bc_fail(__FILE__, __LINE__, "no cgroup2 file system");
	mount("none", "/sys/kernel/debug", "debugfs", 0, NULL);
	/* Dead keys have to be freed before the end. */
	bc_write_path("/proc/sys/kernel/keys/gc_delay", "0");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	bc_reaper = true;
	for (i = 0; i < BC_COUNT(tenants); i++) {
		struct tenant *t = &tenants[i];

		bc_group_make(&t->group, NULL, t->name);
		bc_set_barrier(&t->group, BARRIER);
		bc_set_limit(&t->group, LIMIT);
		t->outcome = mmap(NULL, sizeof(*t->outcome),
				  PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		if (t->outcome == MAP_FAILED)
			bc_fail(__FILE__, __LINE__, "mmap: %s",
				strerror(errno));
	}
	if (options.replay) {
		replay();
	} else {
		open_corpus(&corpus);
		fuzz(&corpus);
	}
	return check();
}

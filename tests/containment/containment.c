// SPDX-License-Identifier: GPL-2.0-only
/*
 * Containment: every attack runs as the user nobody in a group of 16 MiB of kernel
 * memory, and must not cost the host more than that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"
#include "bc_net.h"
#include "tenant.h"

#define BARRIER (16 * BC_MIB)
#define LIMIT (18 * BC_MIB)
#define OUTSIDE (4 * BC_MIB) /* so much more may the host pay */
#define ENOUGH (64 * BC_MIB) /* an attack that gets so far is stopped */
#define ATTACK_MS 20000
/* There are twice as many attacks of tenants, and most are refused long before. */
#define TENANT_MS 10000
#define SAMPLE_MS 5

static const struct attack *running;
static const struct bc_group *group;
static bool charges_all;
static long long deadline;

bool more(long made, long max)
{
	if (made >= max) {
		errno = 0;
		return false;
	}
	if (!(made & 15) && bc_now_ms() > deadline) {
		errno = ETIME;
		return false;
	}
	return true;
}

const char *attacked(void)
{
	return group->path;
}

void own_net(void)
{
	bc_own_net();
	bc_write_path("/proc/sys/net/core/wmem_max", "16777216");
	bc_write_path("/proc/sys/net/core/rmem_max", "16777216");
	bc_write_path("/proc/sys/net/core/optmem_max", "1048576");
	bc_write_path("/proc/sys/net/core/somaxconn", "4096");
	bc_write_path("/proc/sys/net/ipv4/tcp_max_syn_backlog", "4096");
	bc_write_path("/proc/sys/net/unix/max_dgram_qlen", "4096");
}

void own_ipc(void)
{
	if (unshare(CLONE_NEWIPC))
		bc_skip("no IPC namespaces: %s", strerror(errno));
	bc_write_path("/proc/sys/kernel/shmmni", "32768");
	bc_write_path("/proc/sys/kernel/msgmni", "32000");
	bc_write_path("/proc/sys/kernel/msgmnb", "16777216");
	bc_write_path("/proc/sys/kernel/msgmax", "65536");
	bc_write_path("/proc/sys/kernel/sem", "32000 1024000000 500 32000");
	bc_write_path("/proc/sys/fs/mqueue/queues_max", "100000");
	bc_write_path("/proc/sys/fs/mqueue/msg_max", "1000");
	bc_write_path("/proc/sys/fs/mqueue/msgsize_max", "65536");
}

void own_tmpfs(void)
{
	bc_tmpfs();
}

void allow_namespaces(void)
{
	static const char *const kinds[] = {
		"user", "mnt", "uts", "ipc", "net", "pid", "cgroup",
	};
	char path[96];
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		snprintf(path, sizeof(path), "/proc/sys/user/max_%s_namespaces",
			 kinds[i]);
		bc_write_path(path, "100000");
	}
	bc_write_path("/proc/sys/kernel/unprivileged_userns_clone", "1");
}

/* Raise all other limits, so that only the barrier can stop an attacker. */
static void raise_sysctls(void)
{
	static const char *const values[][2] = {
		{ "fs/file-max", "100000000" },
		{ "fs/nr_open", "1048576" },
		{ "fs/pipe-user-pages-soft", "0" },
		{ "fs/pipe-user-pages-hard", "0" },
		{ "fs/inotify/max_user_watches", "100000000" },
		{ "fs/inotify/max_user_instances", "1000000" },
		{ "fs/inotify/max_queued_events", "10000000" },
		{ "fs/fanotify/max_user_groups", "1000000" },
		{ "fs/fanotify/max_user_marks", "100000000" },
		{ "fs/epoll/max_user_watches", "100000000" },
		{ "fs/aio-max-nr", "10000000" },
		{ "fs/lease-break-time", "1" },
		{ "kernel/keys/maxkeys", "10000000" },
		{ "kernel/keys/maxbytes", "1000000000" },
		{ "kernel/keys/gc_delay", "0" },
		{ "kernel/pty/max", "100000" },
		{ "kernel/pid_max", "4194304" },
		{ "kernel/threads-max", "1000000" },
		{ "kernel/perf_event_paranoid", "1" },
		{ "kernel/io_uring_disabled", "0" },
		{ "vm/max_map_count", "10000000" },
		{ "vm/overcommit_memory", "1" },
	};
	char path[96];
	size_t i;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(path, sizeof(path), "/proc/sys/%s", values[i][0]);
		bc_write_path(path, values[i][1]);
	}
}

/* Pages in the free lists of the CPUs, which MemFree does not count. */
static long long cpu_free_pages(void)
{
	char line[256];
	long long sum = 0;
	int n, sets = 0;
	FILE *f;

	f = fopen("/proc/zoneinfo", "r");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (strstr(line, "pagesets"))
			sets = 1;
		else if (strstr(line, "Node "))
			sets = 0;
		if (sets && sscanf(line, " count: %d", &n) == 1)
			sum += n;
	}
	fclose(f);
	return sum;
}

/* Is the line of meminfo about contents that count in this attack? */
static bool counts(const char *key)
{
	if (running->row && !strcmp(running->row, "privvmpages"))
		return !strcmp(key, "AnonPages:");
	return running->files &&
	       (!strcmp(key, "\nCached:") || !strcmp(key, "Buffers:"));
}

/* Drop the contents of files that can be read again; the kernel says so only once. */
static void drop_files(void)
{
	static bool quiet;

	if (!quiet)
		bc_write_path("/proc/sys/vm/drop_caches", "4");
	quiet = true;
	bc_write_path("/proc/sys/vm/drop_caches", "1");
}

/*
 * The memory that the kernel itself uses: all pages that are neither free, in the
 * buddy lists (MemFree) or in those of the CPUs, nor contents of processes
 * (AnonPages, SwapCached) or of files (Cached, which includes tmpfs, and Buffers).
 * Pages of files that nothing can take back, as in ramfs, count as well, unless a
 * process has locked them.  What remains is slab, page tables, stacks, percpu,
 * vmalloc and all pages that no line of meminfo counts.  In attacks on privvmpages,
 * contents of processes are not left out; in attacks with contents of files, these
 * are not, after all that can be taken back was.
 */
static long long kernel_memory(void)
{
	static const struct {
		const char *key;
		int sign;
	} parts[] = {
		{ "MemTotal:", 1 },    { "MemFree:", -1 },
		{ "Buffers:", -1 },    { "\nCached:", -1 },
		{ "SwapCached:", -1 }, { "AnonPages:", -1 },
		{ "Unevictable:", 1 }, { "Mlocked:", -1 },
	};
	char buf[8192], *at;
	long long sum = 0;
	size_t i;

	if (running->files)
		drop_files();
	if (bc_slurp_path("/proc/meminfo", buf, sizeof(buf)) <= 0)
		bc_fail(__FILE__, __LINE__, "no /proc/meminfo");
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (counts(parts[i].key))
			continue;
		at = strstr(buf, parts[i].key);
		if (!at)
			bc_fail(__FILE__, __LINE__, "no %s", parts[i].key);
		sum += parts[i].sign *
		       strtoll(at + strlen(parts[i].key), NULL, 10);
	}
	return sum * 1024 - cpu_free_pages() * bc_page_size();
}

struct account {
	long long kernel; /* memory of the kernel before the attack */
	long long held; /* held by the group before the attack */
	long long outside; /* growth that the group does not hold, now */
	long long peak; /* the largest value of @outside */
	long long most; /* the largest value of held less forced */
	long long row; /* held in the row of the attack before it, in units */
};

/* Bytes of one unit of the row that the attack is about. */
static long row_unit(void)
{
	return strstr(running->row, "pages") ? bc_page_size() : 1;
}

/* Bytes that are charged since the attack began, but not in kmemsize. */
static long long held_elsewhere(const struct account *a,
				const struct bc_group *g)
{
	if (!running->row || row_unit() == 1)
		return 0;
	return (bc_held_of(g, running->row) - a->row) * row_unit();
}

static void look(struct account *a, const struct bc_group *g)
{
	long long held = bc_held(g), forced = bc_forced(g);

	a->outside = kernel_memory() - a->kernel - (held - a->held) -
		     held_elsewhere(a, g);
	/* For a moment the pages of a dying task are neither charged nor free. */
	if (running->deadly && bc_failcnt(g))
		return;
	if (a->outside > a->peak)
		a->peak = a->outside;
	if (held - forced > a->most)
		a->most = held - forced;
}

static void report(const struct bc_group *g, const struct account *a, long made,
		   int error, const char *end)
{
	bc_note("%s: %ld made, %s%s; held %lld KiB, forced %lld, outside %lld KiB, peak %lld KiB",
		running->name, made, end, error ? strerror(error) : "",
		bc_held(g) / 1024, bc_forced(g), a->outside / 1024,
		a->peak / 1024);
}

/* Why this attack need not be contained, or NULL if it has to be. */
static const char *excuse(void)
{
	if (running->tenant && !charges_all)
		return "this kernel charges only marked allocations";
	return running->later;
}

/* The attack was refused in its row, and never held more than the limit there. */
static void check_row(const struct bc_group *g, const struct account *a)
{
	long long most = bc_read_key(g, "bc.maxheld", running->row) - a->row;

	if (!running->tries)
		bc_true(bc_read_key(g, "bc.failcnt", running->row) > 0);
	bc_range(most * row_unit(), BARRIER / 8, LIMIT / 4);
	bc_eq(bc_resource(g, running->row, "forced"), 0);
}

static void check_outside(const struct bc_group *g, long long outside)
{
	/* These record every object and keep freed memory: far more than 4 MiB. */
	if (bc_config("DEBUG_KMEMLEAK") > 0 || bc_config("KASAN") > 0) {
		bc_note("memory outside is that of kmemleak and KASAN");
		return;
	}
	if (outside > OUTSIDE && excuse())
		bc_xfail("not contained, %lld KiB outside: %s", outside / 1024,
			 excuse());
	if (outside > OUTSIDE)
		bc_fail(__FILE__, __LINE__,
			"the host pays %lld KiB for a group that holds %lld KiB",
			outside / 1024, bc_held(g) / 1024);
}

static void check(const struct bc_group *g, const struct account *a,
		  long long outside)
{
	if (a->most > LIMIT)
		bc_fail(__FILE__, __LINE__, "%lld held, the limit is %lld",
			a->most, LIMIT);
	check_outside(g, outside);
	if (running->row)
		check_row(g, a);
}

/* Errors by which a kernel says that it does not have something. */
static bool unknown(int error)
{
	return error == ENOSYS || error == EPERM || error == EAFNOSUPPORT ||
	       error == EPROTONOSUPPORT || error == EOPNOTSUPP ||
	       error == ENOPROTOOPT || error == ENODEV || error == ENOENT;
}

/*
 * In the attacker: make the objects one by one, or run the attack as a whole. Some
 * objects take a second each, so the time is checked before every one.
 */
static long attack(long max)
{
	long i;

	if (running->tenant && tenant_begin(running))
		return -1;
	if (!running->one)
		return running->run(max);
	for (i = 0; more(16 * i, 16 * max); i++) {
		if (!running->one(i))
			return i || !unknown(errno) ? i : -1;
	}
	return i;
}

/* An attack that fails at once, and was not refused, shows nothing. */
static void has_happened(const struct bc_group *g, long made, int error)
{
	if (running->tenant && made < 2 && !bc_failcnt(g))
		bc_fail(__FILE__, __LINE__,
			"the attack was not refused, and made %ld: %s", made,
			strerror(error));
}

static void finish(const struct bc_group *g, struct bc_worker *w,
		   const struct account *a, bool done, long made)
{
	if (done) {
		report(g, a, made, w->error,
		       w->error ? "ended by " : "not ended");
		has_happened(g, made, w->error);
		check(g, a, a->outside);
		return;
	}
	report(g, a, made, 0,
	       a->peak > ENOUGH ? "stopped" :
	       w->pid		? "still running" :
				  "killed");
	if (a->peak > ENOUGH)
		check(g, a, a->peak);
	if (!running->deadly && excuse())
		bc_xfail("not contained: %s", excuse());
	if (!running->deadly)
		bc_fail(__FILE__, __LINE__, "the attacker %s",
			w->pid ? "does not return" : "has been killed");
	check(g, a, a->peak);
}

/* The calls of a process outside the group have to work as before. */
static void check_neighbour(struct bc_worker *n)
{
	long failed = bc_call(n, calls_outside, 0);

	if (failed)
		bc_fail(__FILE__, __LINE__, "a neighbour's call %ld failed: %s",
			failed, strerror(n->error));
}

/* Does this kernel charge unmarked allocations? Unread answers of netlink are such. */
static void probe(const struct bc_group *g)
{
	struct bc_worker w;
	long long held;

	bc_worker_start_as(&w, g, BC_NOBODY_UID);
	held = bc_rest(g);
	bc_call(&w, unread_answers, 0);
	charges_all = bc_held(g) - held > 100 * BC_KIB;
	bc_worker_stop(&w);
	if (!charges_all)
		bc_note("%s", excuse());
}

/* Give the attacker a quarter of what it may have of kmemsize, in the row. */
static void set_row(struct account *a, struct bc_group *g)
{
	if (!running->row)
		return;
	a->row = bc_held_of(g, running->row);
	bc_set_key(g, "bc.barrier", running->row,
		   a->row + BARRIER / 4 / row_unit());
	bc_set_key(g, "bc.limit", running->row,
		   a->row + LIMIT / 4 / row_unit());
}

static void run_attack(struct bc_group *g)
{
	struct account a = { 0 };
	struct bc_worker w, n;
	long made = -1;
	bool done;

	group = g;
	if (running->tenant) {
		bc_own_net();
		probe(g);
	} else {
		raise_sysctls();
	}
	if (running->prepare)
		running->prepare();
	if (running->piles)
		bc_note("%s: %s", running->name, running->piles);
	bc_set_barrier(g, BARRIER);
	bc_set_limit(g, LIMIT);
	bc_worker_start(&n, NULL);
	deadline = bc_now_ms() + (running->tenant ? TENANT_MS : ATTACK_MS);
	bc_worker_start_as(&w, g, BC_NOBODY_UID);
	a.held = bc_rest(g);
	set_row(&a, g);
	census_begin();
	a.kernel = kernel_memory();
	bc_call_begin(&w, attack, running->max);
	while (!(done = bc_call_end(&w, SAMPLE_MS, &made)) &&
	       !bc_worker_died(&w, 0)) {
		look(&a, g);
		if (bc_now_ms() > deadline + ATTACK_MS || a.peak > ENOUGH)
			break;
	}
	if (done && made < 0 && unknown(w.error))
		bc_skip("not available here: %s", strerror(w.error));
	bc_pause_ms(50);
	look(&a, g);
	census_note(running->name);
	check_neighbour(&n);
	finish(g, &w, &a, done, made);
}

/* The harness passes only the group to a case: its name tells which attack to run. */
#define MOST 512

static struct bc_case all[MOST];
static const struct attack *attacks[MOST];
static size_t nr_all;

static void run_named(struct bc_group *g)
{
	const char *name = strrchr(g->path, '/') + 1;
	size_t i;

	for (i = 0; i < nr_all; i++) {
		if (!strcmp(attacks[i]->name, name))
			running = attacks[i];
	}
	run_attack(g);
}

static void add(const struct attack *some, size_t n)
{
	size_t i;

	for (i = 0; i < n && nr_all < MOST; i++, nr_all++) {
		attacks[nr_all] = &some[i];
		all[nr_all].name = some[i].name;
		all[nr_all].run = run_named;
		/*
		 * Tables that all groups share, and heads of packets that a
		 * CPU keeps, outlive the group that made them grow.
		 */
		all[nr_all].residue = some[i].tenant;
	}
}

int main(int argc, char **argv)
{
	add(file_attacks, nr_file_attacks);
	add(fs_attacks, nr_fs_attacks);
	add(ipc_attacks, nr_ipc_attacks);
	add(net_attacks, nr_net_attacks);
	add(task_attacks, nr_task_attacks);
	add(ns_attacks, nr_ns_attacks);
	add(uring_attacks, nr_uring_attacks);
	add(sock_attacks, nr_sock_attacks);
	add(tls_attacks, nr_tls_attacks);
	add(proto_attacks, nr_proto_attacks);
	add(tenant_file_attacks, nr_tenant_file_attacks);
	add(wait_attacks, nr_wait_attacks);
	add(tenant_task_attacks, nr_tenant_task_attacks);
	add(fuse_attacks, nr_fuse_attacks);
	add(route_attacks, nr_route_attacks);
	add(link_attacks, nr_link_attacks);
	add(wall_attacks, nr_wall_attacks);
	add(traffic_attacks, nr_traffic_attacks);
	add(mount_attacks, nr_mount_attacks);
	add(frame_attacks, nr_frame_attacks);
	add(behalf_attacks, nr_behalf_attacks);
	add(ipsec_attacks, nr_ipsec_attacks);
	add(pages_attacks, nr_pages_attacks);
	add(kept_attacks, nr_kept_attacks);
	add(fault_attacks, nr_fault_attacks);
	add(splice_attacks, nr_splice_attacks);
	add(address_attacks, nr_address_attacks);
	return bc_main(argc, argv, all, nr_all);
}

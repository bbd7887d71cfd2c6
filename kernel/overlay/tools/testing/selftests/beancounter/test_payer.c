// SPDX-License-Identifier: GPL-2.0-only
/*
 * The payer where it is not simply the group that asks: the listener pays for
 * events that others cause, and address spaces change hands, by exec and by
 * exit, at the moment at which their process is moved.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bc_object.h"

#define N 1024L
#define NR_FILES 400

/* The listener pays for events of fanotify, not the task that opens files. */
static int listener;

static long listen_files(long unused)
{
	(void)unused;
	listener =
		fanotify_init(FAN_CLASS_NOTIF | FAN_UNLIMITED_QUEUE, O_RDONLY);
	return fanotify_mark(listener, FAN_MARK_ADD,
			     FAN_OPEN | FAN_EVENT_ON_CHILD, AT_FDCWD, ".");
}

static long unlisten(long unused)
{
	(void)unused;
	return close(listener);
}

static long open_files(long n)
{
	char name[32];
	long i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "f%ld", i);
		close(open(name, O_RDONLY | O_CREAT, 0666));
	}
	return i;
}

static void fanotify_events(struct bc_group *g)
{
	struct bc_pair p;
	long long event = bc_need_slab("fanotify_path_event"), a_base, b_base;

	bc_tmpfs();
	bc_pair_start(&p, g);
	bc_call(&p.w2, open_files, NR_FILES);
	if (bc_call(&p.w1, listen_files, 0))
		bc_skip("no fanotify: %s", strerror(p.w1.error));
	a_base = bc_rest(&p.one);
	b_base = bc_rest(&p.two);
	bc_call(&p.w2, open_files, NR_FILES);
	bc_range(bc_held(&p.one) - a_base, NR_FILES * event, LLONG_MAX);
	bc_held_is(&p.two, b_base);
	bc_call(&p.w1, unlisten, 0);
	bc_worker_stop(&p.w1);
	bc_held_is(&p.one, 0);
	bc_worker_stop(&p.w2);
}

/* When a listener is gone, the account of its group goes, too. */
static long listen_once(long unused)
{
	(void)unused;
	return close(inotify_init1(0));
}

static long accounts(void)
{
	char buf[64];

	bc_write_path("/sys/kernel/slab/beancounter/shrink", "1");
	if (bc_slurp_path("/sys/kernel/slab/beancounter/objects", buf,
			  sizeof(buf)) <= 0)
		bc_skip("no cache of beancounters");
	return strtol(buf, NULL, 10);
}

static void listener_gone(struct bc_group *g)
{
	long long end;
	struct bc_group sub;
	struct bc_worker w;
	long before;
	int i;

	bc_hurry();
	before = accounts();
	for (i = 0; i < 32; i++) {
		bc_group_make(&sub, g, "sub");
		bc_worker_start(&w, &sub);
		bc_eq(bc_call(&w, listen_once, 0), 0);
		bc_worker_stop(&w);
		bc_sys(bc_group_remove(&sub));
	}
	end = bc_now_ms() + bc_patience(10000);
	while (accounts() > before + 8 && bc_now_ms() < end)
		bc_hurry();
	bc_range(accounts(), 0, before + 8);
}

/*
 * A map of BPF knows its payer by its memcg, whoever puts something in. Here
 * that is its maker, who is in another group by now.
 */
static int map_fd;

static long make_map(long n)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_LPM_TRIE,
		.key_size = 8,
		.value_size = 1024,
		.max_entries = n,
		.map_flags = BPF_F_NO_PREALLOC,
	};

	map_fd = syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
	return map_fd;
}

static long fill_map(long n)
{
	static char value[1024];
	struct {
		unsigned int bits, data;
	} key = { 32, 0 };
	union bpf_attr attr = {
		.map_fd = map_fd,
		.key = (unsigned long)&key,
		.value = (unsigned long)value,
	};
	long i;

	for (i = 0; i < n; i++) {
		key.data = i;
		if (syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr)))
			break;
	}
	return i;
}

static void bpf_map_elements(struct bc_group *g)
{
	long long a_base, b_base;
	struct bc_group a, b;
	struct bc_worker w;

	bc_group_make(&a, g, "a");
	bc_group_make(&b, g, "b");
	if (!bc_enable_memory(g))
		bc_skip("no memory controller");
	bc_worker_start(&w, &a);
	if (bc_call(&w, make_map, NR_FILES) < 0)
		bc_skip("no BPF map: %s", strerror(w.error));
	bc_eq(bc_group_attach(&b, w.pid), 0);
	a_base = bc_rest(&a);
	b_base = bc_rest(&b);
	bc_eq(bc_call(&w, fill_map, NR_FILES), NR_FILES);
	bc_range(bc_held(&a) - a_base, NR_FILES * bc_kmalloc_size(1024 + 32),
		 LLONG_MAX);
	bc_held_is(&b, b_base);
	bc_worker_stop(&w);
	bc_held_is(&a, 0);
}

/*
 * A process that exits closes its files, and each is an event. At the barrier
 * these events are granted all the same, as an exit cannot be put off.
 */
static long watch_dir(long unused)
{
	(void)unused;
	listener = inotify_init1(IN_NONBLOCK);
	return inotify_add_watch(listener, ".", IN_CLOSE_NOWRITE);
}

static long hold_files(long n)
{
	char name[32];
	long i;

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "f%ld", i);
		if (open(name, O_RDONLY) < 0)
			break;
	}
	return i;
}

static long count_events(long unused)
{
	static char buf[65536] __attribute__((aligned(8)));
	long n = 0;
	ssize_t len;
	char *at;

	(void)unused;
	while ((len = read(listener, buf, sizeof(buf))) > 0) {
		for (at = buf; at < buf + len; n++)
			at += sizeof(struct inotify_event) +
			      ((struct inotify_event *)at)->len;
	}
	return n;
}

static void exit_events(struct bc_group *g)
{
	struct bc_worker wa, wb;

	bc_tmpfs();
	open_files(NR_FILES);
	bc_worker_start(&wa, g);
	bc_worker_start(&wb, g);
	bc_eq(bc_call(&wb, hold_files, NR_FILES), NR_FILES);
	bc_true(bc_call(&wa, watch_dir, 0) > 0);
	/* Read once, so that everything that a reader needs is there. */
	bc_call(&wa, count_events, 0);
	bc_set_barrier(g, 1);
	bc_worker_stop(&wb);
	bc_pause_ms(100);
	bc_set_barrier(g, BC_MAX);
	bc_eq(bc_call(&wa, count_events, 0), NR_FILES);
	bc_worker_stop(&wa);
	bc_held_is(g, 0);
}

/* Orders to processes that are no workers, and their answers. */
struct shared {
	int go;
	int pid;
};

static struct shared *shared;

static void share(void)
{
	shared = mmap(NULL, bc_page_size(), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (shared == MAP_FAILED)
		bc_fail(__FILE__, __LINE__, "mmap: %s", strerror(errno));
}

static bool is_called(long pid, const char *name)
{
	char path[64], buf[64];
	int i;

	snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
	for (i = 0; i < 250; i++) {
		if (bc_slurp_path(path, buf, sizeof(buf)) > 0 &&
		    !strncmp(buf, name, strlen(name)))
			return true;
		bc_pause_ms(20);
	}
	return false;
}

/*
 * The process has its new address space and reads its arguments. One of them
 * lies where a page comes only when userfaultfd is told to provide it.
 */
static int fault_fd;
static char *late;

static void *serve_fault(void *unused)
{
	static char text[65536] = "1000";
	struct uffdio_copy copy = {
		.dst = (unsigned long)late,
		.src = (unsigned long)text,
		.len = sysconf(_SC_PAGESIZE),
	};

	while (!__atomic_load_n(&shared->go, __ATOMIC_SEQ_CST))
		usleep(10000);
	ioctl(fault_fd, UFFDIO_COPY, &copy);
	return unused;
}

static long exec_late(long unused)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	long page = sysconf(_SC_PAGESIZE);
	pid_t pid = fork();
	pthread_t t;

	(void)unused;
	if (pid)
		return pid;
	late = mmap(NULL, page, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fault_fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	reg.range.start = (unsigned long)late;
	reg.range.len = page;
	if (fault_fd < 0 || ioctl(fault_fd, UFFDIO_API, &api) ||
	    ioctl(fault_fd, UFFDIO_REGISTER, &reg) ||
	    pthread_create(&t, NULL, serve_fault, NULL))
		_exit(1);
	prctl(PR_SET_NAME, "exec-late");
	shared->pid = getpid();
	execl("/bin/sleep", "sleep", late, NULL);
	_exit(1);
}

/* Starts a worker in @a, with @b to move to. Returns the private pages of @a. */
static long long start_two(struct bc_group *g, struct bc_group *a,
			   struct bc_group *b, struct bc_worker *w)
{
	share();
	bc_group_make(a, g, "a");
	bc_group_make(b, g, "b");
	bc_worker_start(w, a);
	return bc_held_of(a, BC_VM);
}

/* The process is moved in the middle of exec: the new address space comes along. */
static void exec_moved(struct bc_group *g)
{
	struct bc_group a, b;
	struct bc_worker w;
	long long before;
	long pid;

	before = start_two(g, &a, &b, &w);
	pid = bc_call(&w, exec_late, 0);
	bc_true(pid > 0);
	if (!is_called(pid, "exec-late"))
		bc_skip("no userfaultfd");
	bc_pause_ms(200);
	bc_eq(bc_group_attach(&b, pid), 0);
	__atomic_store_n(&shared->go, 1, __ATOMIC_SEQ_CST);
	bc_true(is_called(pid, "sleep"));
	bc_settles(&a, BC_VM, before);
	bc_true(bc_held_of(&b, BC_VM) > 0);
	bc_eq(bc_call(&w, bc_reap, pid), pid);
	bc_settles(&b, BC_VM, 0);
	bc_worker_stop(&w);
}

/*
 * Two processes in one address space, as with vfork() but without the waiting.
 * The process that it was made for exits, and the other one has it from then
 * on.
 */
static int stay(void *unused)
{
	(void)unused;
	shared->pid = syscall(SYS_getpid);
	for (;;)
		syscall(SYS_pause);
	return 0;
}

static long two(bool exec)
{
	static char stack[16384] __attribute__((aligned(16)));
	long bytes = N * sysconf(_SC_PAGESIZE);
	pid_t pid = fork();

	if (pid)
		return pid;
	if (mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		 0) == MAP_FAILED)
		_exit(1);
	if (clone(stay, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL) < 0)
		_exit(1);
	while (!__atomic_load_n(&shared->pid, __ATOMIC_SEQ_CST))
		sched_yield();
	if (exec)
		execl("/bin/sleep", "sleep", "1000", NULL);
	syscall(SYS_exit_group, 0);
	return 0;
}

static long two_exec(long unused)
{
	(void)unused;
	return two(true);
}

static long two_exit(long unused)
{
	(void)unused;
	return two(false);
}

static long wait_for(long pid)
{
	return waitpid(pid, NULL, 0);
}

static void left(struct bc_group *g, bool exec)
{
	struct bc_group a, b;
	struct bc_worker w;
	long long before;
	long pid;

	before = start_two(g, &a, &b, &w);
	pid = bc_call(&w, exec ? two_exec : two_exit, 0);
	bc_true(pid > 0);
	if (exec)
		bc_true(is_called(pid, "sleep"));
	else
		bc_eq(bc_call(&w, wait_for, pid), pid);
	bc_true(shared->pid > 0);
	/* It is still charged where it was. */
	bc_true(bc_held_of(&a, BC_VM) >= before + N);
	bc_eq(bc_group_attach(&b, shared->pid), 0);
	bc_true(bc_held_of(&b, BC_VM) >= N);
	if (exec)
		bc_eq(bc_call(&w, bc_reap, pid), pid);
	bc_settles(&a, BC_VM, before);
	kill(shared->pid, SIGKILL);
	bc_settles(&b, BC_VM, 0);
	bc_worker_stop(&w);
}

static void exec_leaves(struct bc_group *g)
{
	left(g, true);
}

static void exit_leaves(struct bc_group *g)
{
	left(g, false);
}

static const struct bc_case cases[] = {
	{ "fanotify", fanotify_events },
	{ "listener_gone", listener_gone },
	{ "bpf_map_elements", bpf_map_elements },
	{ "exit_events", exit_events },
	{ "exec_moved", exec_moved },
	{ "exec_leaves", exec_leaves },
	{ "exit_leaves", exit_leaves },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The benchmark's program: system calls that make the kernel allocate for the
 * caller.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define PAGE 4096UL
#define ROUNDS 4
#define FILLINGS 6
#define FAULT_PAGES 256
#define STACK_PAGES 64
#define POLL_FDS 300

static char *area;
static int queue, lock_fd;
static struct pollfd poll_fds[POLL_FDS];

static void call_null(void)
{
	syscall(SYS_getppid);
}

static void call_open(void)
{
	close(CHECK(open("/proc/self/cmdline", O_RDONLY)));
}

static void call_open_tmpfs(void)
{
	close(CHECK(open("/tmp/bench.file", O_RDONLY)));
}

static void call_stat(void)
{
	struct stat st;

	CHECK(stat("/tmp/bench.file", &st));
}

static void call_create(void)
{
	close(CHECK(open("/tmp/bench.new", O_RDWR | O_CREAT, 0600)));
	CHECK(unlink("/tmp/bench.new"));
}

static void call_pipe(void)
{
	int fds[2];

	CHECK(pipe(fds));
	close(fds[0]);
	close(fds[1]);
}

static void call_socketpair(void)
{
	int fds[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	close(fds[0]);
	close(fds[1]);
}

static void call_eventfd(void)
{
	close(CHECK(eventfd(0, 0)));
}

static void call_epoll(void)
{
	close(CHECK(epoll_create1(0)));
}

static char *map(size_t size)
{
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	return at;
}

static void touch(char *at, size_t pages)
{
	size_t i;

	for (i = 0; i < pages; i++)
		((volatile char *)at)[i * PAGE] = 1;
}

static void call_mmap(void)
{
	munmap(map(PAGE), PAGE);
}

static void call_mmap_touch(void)
{
	char *at = map(64 * PAGE);

	touch(at, 64);
	munmap(at, 64 * PAGE);
}

/* The page in the middle becomes an area of its own, then is merged again. */
static void call_mprotect(void)
{
	CHECK(mprotect(area + PAGE, PAGE, PROT_READ));
	CHECK(mprotect(area + PAGE, PAGE, PROT_READ | PROT_WRITE));
}

static void call_brk(void)
{
	char *end = sbrk(16 * PAGE);

	touch(end, 16);
	sbrk(-16 * (intptr_t)PAGE);
}

/* Touch pages below an area that grows downwards, as a stack does. */
static void call_stack(void)
{
	size_t size = STACK_PAGES * PAGE, i;
	char *low = map(size + (1UL << 20) + PAGE), *top;

	/* A gap, and a page that grows downwards into it. */
	munmap(low, size + (1UL << 20) + PAGE);
	top = mmap(low + size + (1UL << 20), PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1,
		   0);
	if (top == MAP_FAILED)
		die("mmap of a stack: %s", strerror(errno));
	for (i = 0; i <= STACK_PAGES; i++)
		*(volatile char *)(top - i * PAGE) = 1;
	munmap(top - size, size + PAGE);
}

static void call_mlock(void)
{
	CHECK(mlock(area, 16 * PAGE));
	CHECK(munlock(area, 16 * PAGE));
}

/* A page is faulted in and given back; its page table stays. */
static void call_fault(void)
{
	touch(area, FAULT_PAGES);
	CHECK(madvise(area, FAULT_PAGES * PAGE, MADV_DONTNEED));
}

static void call_fork(void)
{
	pid_t pid = CHECK(fork());

	if (pid == 0)
		_exit(0);
	CHECK(waitpid(pid, NULL, 0));
}

static void call_msg(void)
{
	struct {
		long type;
		char text[64];
	} message = { .type = 1 };

	CHECK(msgsnd(queue, &message, sizeof(message.text), 0));
	CHECK(msgrcv(queue, &message, sizeof(message.text), 0, 0));
}

static void call_flock(void)
{
	CHECK(flock(lock_fd, LOCK_EX));
	CHECK(flock(lock_fd, LOCK_UN));
}

static void call_fcntl(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_len = 1 };

	CHECK(fcntl(lock_fd, F_SETLK, &lock));
	lock.l_type = F_UNLCK;
	CHECK(fcntl(lock_fd, F_SETLK, &lock));
}

static void call_poll(void)
{
	CHECK(poll(poll_fds, POLL_FDS, 0));
}

static const struct call {
	const char *name;
	void (*run)(void);
	unsigned int times; /* in a round */
	unsigned int units; /* in a call */
} calls[] = {
	{ "null", call_null, 500, 1 },
	{ "open+close", call_open_tmpfs, 200, 1 },
	{ "open+close-proc", call_open, 200, 1 },
	{ "stat", call_stat, 200, 1 },
	{ "create+unlink", call_create, 200, 1 },
	{ "pipe", call_pipe, 200, 1 },
	{ "socketpair", call_socketpair, 200, 1 },
	{ "socket+close", call_socket, 200, 1 },
	{ "tcp-send+recv", call_tcp, 200, 1 },
	{ "udp-send+recv", call_udp, 200, 1 },
	{ "unix-send+recv", call_unix, 200, 1 },
	{ "udp-dropped", call_dropped, 200, 1 },
	{ "eventfd", call_eventfd, 200, 1 },
	{ "epoll", call_epoll, 200, 1 },
	{ "mmap+munmap", call_mmap, 200, 1 },
	{ "mmap64+touch", call_mmap_touch, 20, 1 },
	{ "mprotect2", call_mprotect, 200, 1 },
	{ "brk16", call_brk, 50, 1 },
	{ "stack64", call_stack, 20, 1 },
	{ "mlock16", call_mlock, 50, 1 },
	{ "fault", call_fault, 10, FAULT_PAGES },
	{ "fork+exit+wait", call_fork, 20, 1 },
	{ "msgsnd+rcv", call_msg, 200, 1 },
	{ "flock", call_flock, 200, 1 },
	{ "fcntl-lock", call_fcntl, 200, 1 },
	{ "poll300", call_poll, 20, 1 },
};

static void prepare(void)
{
	struct rlimit files = { 1024, 1024 };
	int i;

	setrlimit(RLIMIT_NOFILE, &files);
	area = map(FAULT_PAGES * PAGE);
	/* Single pages, even if the kernel has transparent huge pages. */
	madvise(area, FAULT_PAGES * PAGE, MADV_NOHUGEPAGE);
	touch(area, FAULT_PAGES);
	close(CHECK(open("/tmp/bench.file", O_RDWR | O_CREAT, 0600)));
	queue = CHECK(msgget(IPC_PRIVATE, 0600));
	lock_fd = CHECK(open("/tmp/bench.lock", O_RDWR | O_CREAT, 0600));
	for (i = 0; i < POLL_FDS; i++) {
		poll_fds[i].fd = CHECK(eventfd(0, 0));
		poll_fds[i].events = POLLIN;
	}
	net_prepare();
}

static void finish(void)
{
	int i;

	net_finish();
	for (i = 0; i < POLL_FDS; i++)
		close(poll_fds[i].fd);
	close(lock_fd);
	msgctl(queue, IPC_RMID, NULL);
	munmap(area, FAULT_PAGES * PAGE);
}

/*
 * Whether an object is freed to the slab from which the next one is allocated
 * depends on how many objects there are.  This makes a larger difference than a
 * charge, so the best of several fillings counts.
 */
static uint64_t measure(const struct call *call)
{
	int fds[FILLINGS][3], sockets[FILLINGS][2], i;
	uint64_t best = UINT64_MAX, took;

	for (i = 0; i < FILLINGS; i++) {
		took = best_of(ROUNDS, call->times, call->run);
		if (took < best)
			best = took;
		fds[i][0] = CHECK(open("/tmp/bench.file", O_RDONLY));
		CHECK(pipe(fds[i] + 1));
		CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets[i]));
	}
	while (i--) {
		close(fds[i][0]);
		close(fds[i][1]);
		close(fds[i][2]);
		close(sockets[i][0]);
		close(sockets[i][1]);
	}
	return best;
}

/* A system call of bench/where, which reads a line before and after it. */
static const struct call *watched;

static void stop_for(const char *what)
{
	char c;

	printf("where %s\n", what);
	fflush(stdout);
	do
		CHECK(read(STDIN_FILENO, &c, 1));
	while (c != '\n');
}

static void watch(const struct place *place)
{
	unsigned int i;

	if (place->exact)
		return;
	prepare();
	measure(watched);
	stop_for(place->name);
	for (i = 0; i < watched->times; i++)
		watched->run();
	stop_for("end");
	finish();
}

void stage_where(const char *name,
		 void (*places)(void (*)(const struct place *)))
{
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (!strcmp(name, calls[i].name)) {
			watched = &calls[i];
			places(watch);
			return;
		}
	}
	die("there is no call %s", name);
}

/*
 * The calls, made by this process. No single barrier would be near for every
 * call from its first object to its last, so for the place "exact" the group
 * gets no stock at all: each charge and uncharge takes the path that it takes
 * near the barrier.
 */
void stage_calls(const struct place *place)
{
	size_t i;

	if (place->exact)
		loop_command("exact");
	prepare();
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		tell(place->name, calls[i].name, measure(&calls[i]),
		     (uint64_t)calls[i].times * calls[i].units);
	finish();
	if (place->exact)
		loop_command("stocks");
}

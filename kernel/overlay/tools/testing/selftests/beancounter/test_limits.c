// SPDX-License-Identifier: GPL-2.0-only
/*
 * Barriers and limits: which of them applies, at which level, and who is told
 * of a refusal.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "bc_jobs.h"

/* Starts a worker that has everything but the files; a file takes @file. */
static long long start(struct bc_worker *w, struct bc_group *g, long long *file)
{
	*file = bc_slab_size("filp");
	return bc_start_warm(w, g, 600);
}

/* With room for @n files exactly so many are granted. */
static void check_room(struct bc_worker *w, struct bc_group *g, long long base,
		       long long file, long n)
{
	long long fails = bc_failcnt(g);

	bc_eq(bc_call(w, bc_open_null, n + 50), n);
	bc_eq(w->error, ENOMEM);
	bc_eq(bc_held(g), base + n * file);
	bc_eq(bc_failcnt(g), fails + 1);
	bc_call(w, bc_drop_some, 600);
	bc_held_is(g, base);
}

/* min(barrier, limit) applies, in whatever order they are written. */
static void test_effective(struct bc_group *g)
{
	struct bc_worker w;
	long long base, file;

	base = start(&w, g, &file);
	bc_set_barrier(g, base + 100 * file);
	check_room(&w, g, base, file, 100);
	bc_set_limit(g, base + 40 * file);
	check_room(&w, g, base, file, 40);
	bc_set_barrier(g, BC_MAX);
	check_room(&w, g, base, file, 40);
	bc_set_barrier(g, base + 20 * file);
	check_room(&w, g, base, file, 20);
	bc_set_limit(g, BC_MAX);
	check_room(&w, g, base, file, 20);
	bc_set_barrier(g, BC_MAX);
	bc_eq(bc_call(&w, bc_open_null, 300), 300);
}

/* The check is on the new value of held: the last byte of room can be used. */
static void test_edge(struct bc_group *g)
{
	struct bc_worker w;
	long long base, file;

	base = start(&w, g, &file);
	bc_set_barrier(g, base + 10 * file - 1);
	check_room(&w, g, base, file, 9);
	bc_set_barrier(g, base + 10 * file);
	check_room(&w, g, base, file, 10);
	bc_set_barrier(g, base + 10 * file + 1);
	check_room(&w, g, base, file, 10);
}

/*
 * A value below held is accepted. Nothing is taken away, and nothing new is
 * granted until there is room.
 */
static void test_below_held(struct bc_group *g)
{
	struct bc_worker w;
	long long base, file, held;

	base = start(&w, g, &file);
	bc_eq(bc_call(&w, bc_open_null, 200), 200);
	held = bc_held(g);
	bc_set_limit(g, base + 10 * file);
	bc_eq(bc_read_key(g, "bc.limit", BC_KMEM), base + 10 * file);
	bc_eq(bc_held(g), held);
	bc_eq(bc_call(&w, bc_open_null, 1), 0);
	bc_call(&w, bc_drop_some, 191);
	bc_held_is(g, base + 9 * file);
	bc_eq(bc_call(&w, bc_open_null, 5), 1);
	bc_set_limit(g, 0);
	bc_call(&w, bc_drop_some, 600);
	bc_held_is(g, base);
	bc_eq(bc_call(&w, bc_open_null, 1), 0);
}

/* The tighter level applies, be it the child's or the parent's. */
static void test_hierarchy(struct bc_group *g)
{
	struct bc_group mid, leaf;
	struct bc_worker w;
	long long base, file;

	bc_group_make(&mid, g, "mid");
	bc_group_make(&leaf, &mid, "leaf");
	base = start(&w, &leaf, &file);
	bc_eq(bc_held(&mid), base);
	bc_eq(bc_held(g), base);

	bc_set_barrier(&leaf, base + 10 * file);
	bc_set_barrier(g, base + 50 * file);
	bc_eq(bc_call(&w, bc_open_null, 100), 10);
	bc_eq(bc_failcnt_local(&leaf), 1);
	bc_eq(bc_failcnt_local(&mid), 0);
	bc_eq(bc_failcnt_local(g), 0);
	bc_eq(bc_failcnt(&leaf), 1);
	bc_eq(bc_failcnt(&mid), 1);
	bc_eq(bc_failcnt(g), 1);
	bc_call(&w, bc_drop_some, 600);
	bc_held_is(&leaf, base);

	bc_set_barrier(&leaf, BC_MAX);
	bc_eq(bc_call(&w, bc_open_null, 100), 50);
	bc_eq(bc_held(&leaf), base + 50 * file);
	bc_eq(bc_held(&mid), base + 50 * file);
	bc_eq(bc_held(g), base + 50 * file);
	bc_eq(bc_failcnt_local(&leaf), 1);
	bc_eq(bc_failcnt_local(&mid), 0);
	bc_eq(bc_failcnt_local(g), 1);
	bc_eq(bc_failcnt(&leaf), 1);
	bc_eq(bc_failcnt(&mid), 1);
	bc_eq(bc_failcnt(g), 2);
	bc_worker_stop(&w);
	bc_held_is(&leaf, 0);
	bc_held_is(&mid, 0);
	bc_held_is(g, 0);
}

/* Two children share the room of their parent, to the byte. */
static void test_siblings(struct bc_group *g)
{
	struct bc_group a, b;
	struct bc_worker wa, wb;
	long long base, file, ba, bb;

	bc_group_make(&a, g, "a");
	bc_group_make(&b, g, "b");
	ba = start(&wa, &a, &file);
	bb = start(&wb, &b, &file);
	base = bc_rest(g);
	bc_eq(base, bc_held(&a) + bc_held(&b));
	bc_set_barrier(g, base + 100 * file);
	bc_eq(bc_call(&wa, bc_open_null, 60), 60);
	bc_eq(bc_call(&wb, bc_open_null, 60), 40);
	bc_eq(bc_failcnt(&a), 0);
	bc_eq(bc_failcnt(&b), 0);
	bc_eq(bc_failcnt_local(g), 1);
	bc_eq(bc_held(&a), ba + 60 * file);
	bc_eq(bc_held(&b), bb + 40 * file);
	bc_eq(bc_held(g), base + 100 * file);
	/* What one child gives back the other has at once, stocks or no stocks. */
	bc_call(&wa, bc_drop_some, 30);
	bc_held_is(&a, ba + 30 * file);
	bc_eq(bc_call(&wb, bc_open_null, 60), 30);
	bc_eq(bc_held(g), base + 100 * file);
}

/* Reads bc.failcnt again, as poll() requires. Returns the count. */
static long long reread(int fd)
{
	char buf[4096], *at;
	ssize_t n;

	n = bc_sys(pread(fd, buf, sizeof(buf) - 1, 0));
	buf[n] = '\0';
	at = strstr(buf, BC_KMEM " ");
	bc_true(!!at);
	return strtoll(at + strlen(BC_KMEM) + 1, NULL, 10);
}

/* A refusal below wakes up pollers of bc.failcnt at each level above. */
static void test_poll(struct bc_group *g)
{
	struct bc_group sub;
	struct pollfd p[2];
	struct bc_worker w;
	long long base, file;
	int i;

	bc_group_make(&sub, g, "sub");
	base = start(&w, &sub, &file);
	p[0].fd = bc_sys(bc_open_file(g, "bc.failcnt", O_RDONLY));
	p[1].fd = bc_sys(bc_open_file(&sub, "bc.failcnt", O_RDONLY));
	p[0].events = POLLPRI;
	p[1].events = POLLPRI;
	for (i = 0; i < 2; i++)
		bc_eq(reread(p[i].fd), 0);
	bc_eq(poll(p, 2, 50), 0);
	bc_set_barrier(&sub, base + 5 * file);
	bc_eq(bc_call(&w, bc_open_null, 6), 5);
	for (i = 0; i < 2; i++) {
		bc_eq(poll(&p[i], 1, 5000), 1);
		bc_true(p[i].revents & POLLPRI);
		bc_eq(reread(p[i].fd), 1);
	}
	bc_eq(poll(p, 2, 50), 0);
}

static void test_inotify(struct bc_group *g)
{
	struct inotify_event ev;
	char path[384], buf[4096];
	struct pollfd p;
	struct bc_worker w;
	long long base, file;

	base = start(&w, g, &file);
	p.fd = bc_sys(inotify_init1(IN_NONBLOCK));
	p.events = POLLIN;
	snprintf(path, sizeof(path), "%s/bc.failcnt", g->path);
	bc_sys(inotify_add_watch(p.fd, path, IN_MODIFY));
	bc_set_barrier(g, base + 5 * file);
	bc_eq(bc_call(&w, bc_open_null, 5), 5);
	bc_eq(poll(&p, 1, 100), 0);
	bc_eq(bc_call(&w, bc_open_null, 1), 0);
	bc_eq(poll(&p, 1, 5000), 1);
	bc_true(bc_sys(read(p.fd, buf, sizeof(buf))) >= (long)sizeof(ev));
	memcpy(&ev, buf, sizeof(ev));
	bc_true(ev.mask & IN_MODIFY);
}

/* Opens one descriptor more than is allowed, again and again. */
static long refused(long times)
{
	long i;

	for (i = 0; i < times; i++)
		bc_open_null(1);
	return 0;
}

#define REFUSED_MS 1000
#define TOLD_MS 50

/* In a loop of refusals a watcher is told now and then, and once at the end. */
static void test_told_once_for_many(struct bc_group *g)
{
	long long base, file, begin, took;
	char path[384], buf[4096];
	struct bc_worker w;
	long told = 0;
	int fd;

	base = start(&w, g, &file);
	fd = bc_sys(inotify_init1(IN_NONBLOCK));
	snprintf(path, sizeof(path), "%s/bc.failcnt", g->path);
	bc_sys(inotify_add_watch(fd, path, IN_MODIFY));
	bc_set_barrier(g, base);
	begin = bc_now_ms();
	do {
		bc_call(&w, refused, 50);
		told += read(fd, buf, sizeof(buf)) > 0;
		took = bc_now_ms() - begin;
	} while (took < REFUSED_MS);
	bc_note("%lld refusals in %lld ms, told %ld times", bc_failcnt(g), took,
		told);
	bc_range(told, 2, took / TOLD_MS + 2);
	bc_true(bc_failcnt(g) > 10 * told);
	/* The watcher is told of the last refusal, too. */
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	bc_call(&w, refused, 1);
	bc_pause_ms(4 * TOLD_MS);
	bc_true(read(fd, buf, sizeof(buf)) > 0);
}

/* Only the first refusal of a group is written to the kernel log. */
static void test_log(struct bc_group *g)
{
	struct bc_worker w;
	long long base, file;
	char want[96];
	long logged;
	int fd, i;

	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		bc_skip("no /dev/kmsg");
	lseek(fd, 0, SEEK_END);
	base = start(&w, g, &file);
	bc_set_barrier(g, base + 5 * file);
	bc_eq(bc_call(&w, bc_open_null, 6), 5);
	snprintf(want, sizeof(want), "/%s: kmemsize refused for",
		 strrchr(g->path, '/') + 1);
	for (i = 0; i < 10; i++)
		bc_call(&w, bc_open_null, 1);
	bc_eq(bc_failcnt(g), 11);
	/*
	 * The log takes ten lines in five seconds: one may have to wait for the
	 * next refusal.
	 */
	logged = bc_log_count(fd, want);
	for (i = 0; i < 100 && !logged; i++) {
		bc_pause_ms(100);
		bc_call(&w, bc_open_null, 1);
		logged += bc_log_count(fd, want);
	}
	for (i = 0; i < 10; i++)
		bc_call(&w, bc_open_null, 1);
	bc_eq(logged + bc_log_count(fd, want), 1);
}

static const struct bc_case cases[] = {
	{ "effective_barrier", test_effective },
	{ "edge", test_edge },
	{ "below_held", test_below_held },
	{ "hierarchy", test_hierarchy },
	{ "siblings", test_siblings },
	{ "poll", test_poll },
	{ "inotify", test_inotify },
	{ "told_once_for_many", test_told_once_for_many },
	{ "log", test_log },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel threads and interrupts that work for a group: what they allocate for it is
 * charged to it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_alg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "bc_util.h"

/* In the worker: a terminal that echoes what is written to its master. */
static int master = -1, slave = -1;

static long open_terminal(long unused)
{
	int zero = 0;
	struct termios t;

	(void)unused;
	master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (master < 0 || ioctl(master, TIOCSPTLCK, &zero))
		return -1;
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (slave < 0 || tcgetattr(slave, &t))
		return -1;
	cfmakeraw(&t);
	t.c_lflag = ECHO;
	return tcsetattr(slave, TCSANOW, &t);
}

/* What is written is read at the other end, so only the echo is left. */
static long echo(long n)
{
	char buf[512];

	memset(buf, 'x', sizeof(buf));
	while (n--) {
		if (write(master, buf, sizeof(buf)) < 0 && errno != EAGAIN)
			return -1;
		usleep(1000);
		while (read(slave, buf, sizeof(buf)) > 0)
			;
	}
	return 0;
}

static void test_echo(struct bc_group *g)
{
	struct bc_worker w;
	long long base;

	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, open_terminal, 0), 0);
	base = bc_rest(g);
	bc_eq(bc_call(&w, echo, 100), 0);
	/* 8 KiB of characters, in buffers of at least twice their size. */
	bc_settles_within(g, BC_KMEM, base + 12288, base + 131072);
	bc_true(bc_audit(NULL, 0) <= 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static long bind_nested(long i)
{
	/* Names that no other test asks for. */
	static const char *const names[] = {
		"echainiv(seqiv(rfc4106(gcm(aes))))",
		"seqiv(echainiv(rfc4106(gcm(aes))))",
		"echainiv(echainiv(rfc4106(gcm(aes))))",
		"seqiv(seqiv(rfc4106(gcm(aes))))",
	};
	struct sockaddr_alg sa = { .salg_family = AF_ALG, .salg_type = "aead" };
	int fd = socket(AF_ALG, SOCK_SEQPACKET, 0);

	strcpy((char *)sa.salg_name, names[i]);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)))
		return -errno;
	return close(fd);
}

/* Instances of algorithms are kept for all, so their charges stay, too. */
static void test_algorithms(struct bc_group *g)
{
	struct bc_worker w;
	long long base;
	long ret;
	int i;

	bc_worker_start(&w, g);
	/* The first one makes what all of them need. */
	ret = bc_call(&w, bind_nested, 0);
	if (ret == -EAFNOSUPPORT || ret == -ENOENT)
		bc_skip("no AF_ALG, or no such algorithm");
	bc_eq(ret, 0);
	base = bc_rest(g);
	for (i = 1; i < 4; i++)
		bc_eq(bc_call(&w, bind_nested, i), 0);
	bc_range(bc_rest(g) - base, 3 * 512, 64 * 1024);
	bc_true(bc_audit(NULL, 0) <= 0);
	bc_worker_stop(&w);
}

static int map = -1;

static long make_map(long value_size)
{
	union bpf_attr a = {
		.map_type = BPF_MAP_TYPE_HASH,
		.key_size = 4,
		.value_size = value_size,
		.max_entries = 1024,
		.map_flags = BPF_F_NO_PREALLOC,
	};

	map = syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a));
	return map < 0 ? -errno : 0;
}

/* An interrupt allocates the elements ahead: wait for it. Returns how many were made. */
static long fill_map(long n)
{
	static char value[32768];
	long long end = bc_now_ms() + 5000;
	int key;
	union bpf_attr a = { .map_fd = map,
			     .key = (long)&key,
			     .value = (long)value };

	for (key = 0; key < n; key++) {
		while (syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &a, sizeof(a))) {
			if (errno != ENOMEM || bc_now_ms() > end)
				return key;
			usleep(1000);
		}
	}
	return key;
}

static void test_bpf_elements(struct bc_group *g)
{
	long long base, size = 32768;
	struct bc_worker w;
	long ret;

	bc_worker_start(&w, g);
	ret = bc_call(&w, make_map, size);
	if (ret < 0)
		bc_skip("cannot make a map: %s", strerror(-ret));
	base = bc_rest(g);
	bc_eq(bc_call(&w, fill_map, 20), 20);
	bc_settles_within(g, BC_KMEM, base + 18 * size, base + 50 * size);
	bc_true(bc_audit(NULL, 0) <= 0);
	/* At the barrier the interrupt gets none. */
	bc_set_barrier(g, bc_rest(g) + 4 * size);
	ret = bc_call(&w, fill_map, 200);
	bc_range(ret, 20, 30);
	bc_true(bc_failcnt(g) > 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static const struct bc_case cases[] = {
	{ "echo", test_echo },
	{ "algorithms", test_algorithms, .residue = true },
	{ "bpf_elements", test_bpf_elements },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

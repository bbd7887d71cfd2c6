// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel threads and interrupts that work for a group: what they allocate for it is
 * charged to it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_alg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bc_jobs.h"

/* In the worker: a terminal that echoes what is written to its master. */
static int master = -1, slave = -1;

static long open_terminal(long unused)
{
	(void)unused;
	slave = bc_echo_terminal(&master);
	return slave < 0 ? -1 : 0;
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

static void test_tty_echo(struct bc_group *g)
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
static void test_crypto_instances(struct bc_group *g)
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
	map = bc_hash_map(value_size, 1024);
	return map < 0 ? -errno : 0;
}

/* Returns how many elements were made. */
static long fill_map(long n)
{
	long long end = bc_now_ms() + 5000;
	long key;

	for (key = 0; key < n; key++) {
		if (bc_map_add(map, key, end - bc_now_ms()))
			break;
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

#define KEYCTL_JOIN 1
#define KEYCTL_TIMEOUT 15
#define GC_DELAY "/proc/sys/kernel/keys/gc_delay"

/* Keys in a ring of their own, of which the odd ones expire after a second. */
static long make_keys(long n)
{
	char name[32];
	long i, key;

	if (syscall(SYS_keyctl, KEYCTL_JOIN, NULL) < 0)
		return -1;
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "key%ld", i);
		key = syscall(SYS_add_key, "user", name, name, sizeof(name),
			      -3 /* session */);
		if (key < 0 ||
		    (i & 1 && syscall(SYS_keyctl, KEYCTL_TIMEOUT, key, 1)))
			return -1;
	}
	return 0;
}

/* A kernel thread copies the ring without the keys that have expired. */
static void test_keyring(struct bc_group *g)
{
	struct bc_worker w;
	long long before;
	char old[32];
	long n = 150;

	bc_true(bc_slurp_path(GC_DELAY, old, sizeof(old)) > 0);
	bc_eq(bc_write_path(GC_DELAY, "0"), 0);
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, make_keys, n), 0);
	before = bc_held(g);
	/* The group is full, and yet gets rid of them. */
	bc_set_limit(g, before / 2);
	bc_set_barrier(g, 0);
	bc_settles_within(g, BC_KMEM, 0, before - n / 2 * 128);
	bc_set_limit(g, BC_MAX);
	bc_set_barrier(g, BC_MAX);
	bc_eq(bc_write_path(GC_DELAY, old), 0);
	bc_worker_stop(&w);
	bc_held_is(g, 0);
}

static const struct bc_case cases[] = {
	{ "tty_echo", test_tty_echo },
	{ "crypto_instances", test_crypto_instances, .residue = true },
	{ "bpf_elements", test_bpf_elements },
	{ "keyring", test_keyring },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

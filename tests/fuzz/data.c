// SPDX-License-Identifier: GPL-2.0-only
/* Data for calls, made from a number: the same number gives the same data. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "fuzz.h"

uint64_t next(struct random *r)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return r->state * 0x2545f4914f6cdd1dULL;
}

unsigned int below(struct random *r, unsigned int n)
{
	return (next(r) >> 33) % n;
}

static void bytes(struct random *r, char *at)
{
	size_t i;

	for (i = 0; i < DATA_ROOM; i += sizeof(uint64_t)) {
		uint64_t v = below(r, 4) ? 0 : next(r);

		memcpy(at + i, &v, sizeof(v));
	}
}

static void zeros(struct random *r, char *at)
{
	(void)r;
	memset(at, 0, DATA_ROOM);
}

/* Small numbers, of which most structures consist. */
static void words(struct random *r, char *at)
{
	uint32_t *w = (uint32_t *)at;
	size_t i;

	for (i = 0; i < DATA_ROOM / sizeof(*w); i++)
		w[i] = below(r, 3) ? below(r, 4) : 1u << below(r, 32);
}

static void path(struct random *r, char *at)
{
	static const char *const paths[] = {
		"f0",
		"f1",
		"f2",
		"d0",
		"d0/f3",
		"d1",
		".",
		"/",
		"/tmp",
		"/dev/null",
		"/dev/zero",
		"/dev/full",
		"/dev/ptmx",
		"/dev/tty",
		"/dev/fuse",
		"/dev/net/tun",
		"/dev/shm/f4",
		"/dev/urandom",
		"/proc/self/maps",
		"/proc/self/mem",
		"/proc/self/ns/net",
		"/proc/self/ns/user",
		"/proc/self/uid_map",
		"/proc/self/fd/3",
		"/proc/self/fd/4",
		"/proc/self/mountinfo",
		"/proc/net/tcp",
		"/proc/self/pagemap",
		"/proc/self/attr/current",
		"/proc/self/oom_score_adj",
		"/proc/self/clear_refs",
		"/proc/sys/net/ipv4/ip_forward",
		"/proc/sys/kernel/shmmax",
		"/proc/user_beancounters",
		"/proc/bc",
		"/proc/bc/resources",
		"/proc/bc/0/resources",
		"/sys/fs/cgroup",
		"/sys/kernel",
		"/proc/pressure/memory",
		"/proc/self/timers",
		"",
		"/bin/true",
	};

	memset(at, 0, DATA_ROOM);
	strcpy(at, paths[below(r, sizeof(paths) / sizeof(paths[0]))]);
}

static void word(struct random *r, char *at)
{
	static const char *const names[] = {
		"tmpfs",
		"ramfs",
		"proc",
		"sysfs",
		"devpts",
		"mqueue",
		"cgroup2",
		"overlay",
		"fuse",
		"binfmt_misc",
		"user",
		"keyring",
		"logon",
		"user.a",
		"user.b",
		"trusted.a",
		"security.a",
		"system.posix_acl_access",
		"lowerdir=d0,upperdir=d1",
		"size=1M",
		"source",
		"name",
		"/q0",
		"/q1",
		"mode=0700",
		"big_key",
		"lo",
	};

	memset(at, 0, DATA_ROOM);
	strcpy(at, names[below(r, sizeof(names) / sizeof(names[0]))]);
}

static void address(struct random *r, char *at)
{
	static const unsigned short families[] = {
		AF_UNIX, AF_INET,  AF_INET6, AF_NETLINK, AF_PACKET,
		AF_ALG,	 AF_VSOCK, AF_CAN,   AF_UNSPEC,
	};
	struct sockaddr *sa = (void *)at;

	memset(at, 0, DATA_ROOM);
	sa->sa_family =
		families[below(r, sizeof(families) / sizeof(families[0]))];
	switch (sa->sa_family) {
	case AF_UNIX:
		at[3] = 'a' + below(r, 8);
		break;
	case AF_INET:
		*(uint16_t *)(at + 2) = htons(1024 + below(r, 4));
		*(uint32_t *)(at + 4) = htonl(INADDR_LOOPBACK);
		break;
	case AF_INET6:
		*(uint16_t *)(at + 2) = htons(1024 + below(r, 4));
		at[23] = 1;
		break;
	case AF_ALG:
		strcpy(at + 2, below(r, 2) ? "hash" : "skcipher");
		strcpy(at + 24, below(r, 2) ? "sha256" : "cbc(aes)");
		break;
	case AF_PACKET:
		*(uint16_t *)(at + 2) = htons(3);
		*(uint32_t *)(at + 4) = 1;
		break;
	case AF_VSOCK:
		*(uint32_t *)(at + 4) = 1024 + below(r, 4);
		*(uint32_t *)(at + 8) = 1;
		break;
	}
}

/* All vectors point to the second half of the room. */
static void vectors(struct random *r, char *at)
{
	struct iovec *v = (void *)at;
	int i;

	memset(at, 0, DATA_ROOM);
	for (i = 0; i < 16; i++) {
		v[i].iov_base = below(r, 8) ? at + DATA_ROOM / 2 : NULL;
		v[i].iov_len = below(r, 4) ? below(r, DATA_ROOM / 2) :
					     1u << below(r, 31);
	}
}

static void put_rights(struct random *r, struct msghdr *m, char *at)
{
	struct cmsghdr *c = (void *)at;
	int i, n = 1 + below(r, 4);

	m->msg_control = c;
	m->msg_controllen = CMSG_SPACE(n * sizeof(int));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	for (i = 0; i < n; i++)
		((int *)CMSG_DATA(c))[i] = 3 + below(r, 8);
}

static void message(struct random *r, char *at)
{
	struct msghdr *m = (void *)at;
	struct iovec *v = (void *)(at + 1024);

	memset(at, 0, DATA_ROOM);
	v->iov_base = at + DATA_ROOM / 2;
	v->iov_len = below(r, DATA_ROOM / 2);
	m->msg_iov = v;
	m->msg_iovlen = 1;
	if (!below(r, 3))
		put_rights(r, m, at + 512);
}

static void put_attributes(struct random *r, struct nlmsghdr *h, char *at)
{
	int n = below(r, 8), k;

	while (n--) {
		struct nlattr *a = (void *)(at + NLMSG_ALIGN(h->nlmsg_len));

		a->nla_type = below(r, 60) | (below(r, 4) ? 0 : NLA_F_NESTED);
		a->nla_len = NLA_HDRLEN + below(r, 32);
		for (k = NLA_HDRLEN; k < a->nla_len; k++)
			((char *)a)[k] = below(r, 3) ? 0 : below(r, 256);
		h->nlmsg_len =
			NLMSG_ALIGN(h->nlmsg_len) + NLA_ALIGN(a->nla_len);
	}
}

static void netlink(struct random *r, char *at)
{
	static const char *const kinds[] = { "dummy", "veth", "bridge",
					     "vlan",  "ifb",  "macvlan",
					     "vxlan" };
	struct nlmsghdr *h = (void *)at;
	struct nlattr *a;

	memset(at, 0, DATA_ROOM);
	h->nlmsg_type = below(r, 3) ? RTM_BASE + below(r, RTM_MAX - RTM_BASE) :
				      below(r, 16) << 8 | below(r, 24);
	h->nlmsg_flags = NLM_F_REQUEST | (below(r, 2) ? NLM_F_ACK : 0) |
			 below(r, 16) << 8;
	h->nlmsg_len = NLMSG_HDRLEN + 4 * below(r, 8);
	at[NLMSG_HDRLEN] = below(r, 3) ? AF_INET : below(r, 46);
	at[NLMSG_HDRLEN + 4] = below(r, 3);
	if (h->nlmsg_type == RTM_NEWLINK) {
		h->nlmsg_len = NLMSG_HDRLEN + 16;
		a = (void *)(at + h->nlmsg_len);
		a->nla_type = 18 | NLA_F_NESTED; /* IFLA_LINKINFO */
		a->nla_len = 24;
		a[1].nla_type = 1; /* IFLA_INFO_KIND */
		a[1].nla_len = 16;
		strcpy((char *)&a[2], kinds[below(r, 7)]);
		h->nlmsg_len += 24;
	}
	put_attributes(r, h, at);
}

static void times(struct random *r, char *at)
{
	struct timespec *t = (void *)at;
	int i;

	memset(at, 0, DATA_ROOM);
	for (i = 0; i < 4; i++) {
		t[i].tv_sec = below(r, 4) ? 0 : below(r, 1000);
		t[i].tv_nsec = below(r, 1000000);
	}
}

static void set_of_signals(struct random *r, char *at)
{
	memset(at, 0, DATA_ROOM);
	*(uint64_t *)at = 1ULL << below(r, 64) | 1ULL << below(r, 64);
}

static void event(struct random *r, char *at)
{
	struct sigevent *e = (void *)at;

	memset(at, 0, DATA_ROOM);
	e->sigev_notify = below(r, 2) ? SIGEV_NONE : SIGEV_SIGNAL;
	e->sigev_signo = SIGRTMIN + below(r, 8);
}

static void descriptors(struct random *r, char *at)
{
	struct pollfd *p = (void *)at;
	int i;

	for (i = 0; i < 256; i++)
		p[i] = (struct pollfd){ 3 + below(r, 16), below(r, 256), 0 };
}

static void operations(struct random *r, char *at)
{
	struct sembuf *s = (void *)at;
	int i;

	memset(at, 0, DATA_ROOM);
	for (i = 0; i < 500; i++)
		s[i] = (struct sembuf){ below(r, 4), below(r, 3),
					SEM_UNDO | IPC_NOWAIT };
}

static void filter(struct random *r, char *at)
{
	struct sock_fprog *f = (void *)at;
	struct sock_filter *insns = (void *)(at + 64);
	int i;

	memset(at, 0, DATA_ROOM);
	f->len = 1 + below(r, 64);
	f->filter = insns;
	for (i = 0; i < f->len - 1; i++)
		insns[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM,
							below(r, 100));
	insns[i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0x7fff0000);
}

static void ring(struct random *r, char *at)
{
	struct io_uring_params *p = (void *)at;

	memset(at, 0, DATA_ROOM);
	p->flags = below(r, 2) ? 0 : 1u << below(r, 17);
	p->cq_entries = below(r, 64);
	p->sq_thread_idle = below(r, 10);
}

static void new_task(struct random *r, char *at)
{
	struct clone_args *c = (void *)at;

	memset(at, 0, DATA_ROOM);
	/* Never CLONE_VM: the task would have no stack. */
	c->flags = (below(r, 2) ? 0 : 1ULL << below(r, 34)) & ~0x4100ULL;
	c->exit_signal = SIGCHLD;
}

static const struct {
	const char *name;
	char letter;
	void (*make)(struct random *r, char *at);
} kinds[] = {
	{ "bytes", 'b', bytes },
	{ "zeros", 'b', zeros },
	{ "words", 'b', words },
	{ "path", 'p', path },
	{ "word", 'w', word },
	{ "address", 'a', address },
	{ "vectors", 'v', vectors },
	{ "message", 'm', message },
	{ "netlink", 'b', netlink },
	{ "netlink", 'n', netlink },
	{ "times", 't', times },
	{ "signals", 's', set_of_signals },
	{ "event", 'e', event },
	{ "files", 'd', descriptors },
	{ "operations", 'o', operations },
	{ "filter", 'b', filter },
	{ "filter", 'f', filter },
	{ "ring", 'r', ring },
	{ "task", 'c', new_task },
};

#define KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

int data_named(const char *name)
{
	int i;

	for (i = 0; i < KINDS; i++) {
		if (!strcmp(kinds[i].name, name))
			return i;
	}
	return -1;
}

const char *data_name(int kind)
{
	return kinds[kind].name;
}

/* One of the kinds of data for a letter, or -1 if there is none. */
int data_of(char letter, struct random *r)
{
	int i, n = 0, got = -1;

	for (i = 0; i < KINDS; i++) {
		if (kinds[i].letter == letter && !below(r, ++n))
			got = i;
	}
	return got;
}

void data_make(int kind, uint64_t from, char *at)
{
	struct random r = { from * 2 + 1 };

	next(&r);
	kinds[kind].make(&r, at);
}

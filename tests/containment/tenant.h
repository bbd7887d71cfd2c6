/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers for tenants: attackers that find all limits of the system at their
 * defaults, and may be root of namespaces of their own.
 */
#ifndef BC_TENANT_H
#define BC_TENANT_H

#include <libmnl/libmnl.h>
#include <sched.h>

#include "attack.h"

/* In the attacker, before the attack: set the limits of a login, make namespaces. */
int tenant_begin(const struct attack *a);

/* Calls of a process outside the group: 0, or the number of the one that failed. */
long calls_outside(long unused);

/* Make a netlink socket with answers of the kernel that nobody reads: 0, or -1. */
long unread_answers(long i);

/*
 * Start a thread that waits in a system call and keeps the data that the kernel has
 * copied for the call.  @call does not return.
 */
bool one_waiting(void (*call)(long i), long i);

/*
 * Netlink: open a socket, begin a request in the common buffer, and send it. The
 * result is true, or false with errno from the answer.
 */
struct mnl_socket *nl_open(int family);
struct nlmsghdr *nl_request(int type, int flags, const void *header,
			    size_t size);
bool nl_do(struct nlmsghdr *h);
bool nl_do_on(struct mnl_socket *nl, struct nlmsghdr *h);

/* nfnetlink: requests of a subsystem; those of nftables are sent as transactions. */
struct nlmsghdr *nfnl_request(int subsys, int type, int flags, int family);
bool nft_do(struct nlmsghdr *h);

/*
 * A table of nftables with a chain at a hook, of a device if not NULL; then a rule that
 * adds so many bytes of each packet, from an offset in its network header, to a set,
 * with a counter.
 */
#define SENDER 12 /* offset of the address of IPv4 */
bool learning_chain(int family, int hook, const char *device);
bool learning_set(int family, unsigned int offset, unsigned int len);

/* Add a network device of a kind and set it up; @fill may add attributes. */
bool add_device(const char *kind, const char *name,
		void (*fill)(struct nlmsghdr *h));

/* The index of a device d0 that sends nothing, made at the first call; or 0. */
int dummy_device(void);

/* Make a device a port of another one. */
bool set_master(const char *device, const char *master);

/* Let netem delay all that a device sends, by a number of ticks of 64 ns. */
#define TWO_MINUTES 0x7fffffff
#define A_MILLISECOND 15625
bool delay(int index, uint32_t ticks);

/* IPsec: the socket for requests, and the cipher of a state. */
struct mnl_socket *xfrm(void);
void put_cipher(struct nlmsghdr *h);

/* Begin a request of ipset. */
struct nlmsghdr *ipset(int cmd, int flags, const char *name);

/* Open a tun device; before, as root, let the tenant do so. */
int open_tun(long i, int flags);
void prepare_devices(void);

/* Make a connection over the loopback and store both ends: 0, or -1. */
int stream(int protocol, int fd[2]);

/* Send a hundred packets to a port of the loopback where nobody listens. */
bool send_packets(void);

/*
 * Map part of a file whose contents never come: a copy from there waits for ever. Or
 * map a page for a copy to there, or memory that is there except for its last page.
 */
void *never_comes(size_t size);
void *never_arrives(void);
void *mostly_there(size_t size);

/*
 * Mount a FUSE file system, whose files file, file1 and so on can be opened; a read or
 * a write waits for ever. Before, @fuse_wants may be set: FUSE_WRITEBACK_CACHE (writes
 * stay in the page cache for a while), FUSE_ASYNC_READ, FUSE_MAX_PAGES (up to 1 MiB in
 * a request); @fuse_opens: FOPEN_KEEP_CACHE and others; and @fuse_ahead: bytes to read
 * ahead, which are then asked for page by page.
 */
#define FUSE_FILE_SIZE (64 << 20)
extern unsigned int fuse_wants, fuse_opens, fuse_ahead;
bool serve_files(const char *path);

/*
 * Files of such a file system that have only what was written to them, up to 1 MiB at
 * a time; a read of the rest waits for ever. Or cut something out of them. They want
 * FUSE_BIG_WRITES and FUSE_MAX_PAGES.
 */
int open_part(long i, int flags);
bool fill_part(int file, off_t at, size_t size);
bool cut_part(int file, off_t at, size_t size);

/*
 * Start a thread that waits for ever in a system call, and go on as soon as a server has
 * got the request that it does not answer: false, with errno, if a call was refused.
 * @call tells has_returned() what the system call has returned after all.
 */
bool waits(void (*call)(long i), long i);
void has_returned(long result);

/* As root: let everybody mount such a file system. */
void prepare_fuse(void);

/* As root: delegate the group, as a rootless container engine has it. */
void prepare_delegated(void);

/* The limits of an IPsec state or policy that has none. */
#define XFRM_UNLIMITED                                                       \
	{                                                                    \
		.soft_byte_limit = XFRM_INF, .hard_byte_limit = XFRM_INF,    \
		.soft_packet_limit = XFRM_INF, .hard_packet_limit = XFRM_INF \
	}

#endif /* BC_TENANT_H */

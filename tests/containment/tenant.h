/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tenants need: attackers that find every limit of the system as it comes,
 * and may be root of namespaces of their own.
 */
#ifndef BC_TENANT_H
#define BC_TENANT_H

#include <libmnl/libmnl.h>
#include <sched.h>

#include "attack.h"

/* In the attacker, before its attack: limits of a login, and its namespaces. */
int tenant_begin(const struct attack *a);

/* What everybody else goes on doing meanwhile: 0, or what did not work. */
long neighbour(long unused);

/* A socket with answers of the kernel's that are not read: 0, or -1. */
long unread_answers(long i);

/*
 * Threads that wait in a system call, each with what the kernel has copied for
 * it.  @call does not return.
 */
bool one_waiting(void (*call)(long i), long i);

/* Netlink: a socket, requests in one buffer, and the answer: true, or errno. */
struct mnl_socket *nl_open(int family);
struct nlmsghdr *nl_request(int type, int flags, const void *header,
			    size_t size);
bool nl_do(struct nlmsghdr *h);
bool nl_do_on(struct mnl_socket *nl, struct nlmsghdr *h);

/* nfnetlink: requests of a subsystem; what nftables wants is a transaction. */
struct nlmsghdr *nfnl_request(int subsys, int type, int flags, int family);
bool nft_do(struct nlmsghdr *h);

/* A device of a kind, up; further attributes of the kind by @fill. */
bool add_device(const char *kind, const char *name,
		void (*fill)(struct nlmsghdr *h));

/* A connection over the loopback, both ends: 0, or -1. */
int stream(int protocol, int fd[2]);

/* A hundred packets to a port of the loopback where nobody is. */
bool send_packets(void);

/* A file whose contents never come: whoever copies from it waits for ever. */
void *never_comes(size_t size);

#endif /* BC_TENANT_H */

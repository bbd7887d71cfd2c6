/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An attack: a process without any privilege makes the kernel use up memory on
 * its behalf.
 */
#ifndef BC_ATTACK_H
#define BC_ATTACK_H

#include "bc_util.h"

struct attack {
	const char *name;
	/* As root, outside the group: namespaces, sysctls, files to attack with. */
	void (*prepare)(void);
	/*
	 * As the user nobody, in the group: makes and keeps up to @max objects, and
	 * returns how many; errno says what ended the attack, 0 if nothing did.
	 */
	bc_job run;
	long max;
	/* In place of @run: makes object number @i; false, with errno, if it fails. */
	bool (*one)(long i);
	/* Why the attack is known not to be contained. */
	const char *later;
	/* The attack ends with the attacker being killed. */
	bool deadly;
	/*
	 * The objects that the attack accumulates, and which of them are charged:
	 * for the tables of docs/containment.md. Without @piles the tables take the
	 * comment above the attack.
	 */
	const char *piles;
	const char *charged;
	/* All settings are at their defaults, as a tenant finds them. */
	bool tenant;
	/* Namespaces that the tenant makes first: CLONE_NEWUSER and others. */
	int spaces;
	/* Contents of files that nothing can take back count as memory of the kernel. */
	bool files;
	/* A resource with a limit of its own, a quarter of that of kmemsize in bytes. */
	const char *row;
	/* The kernel goes on without what it is refused there, which does not count. */
	bool tries;
};

/* An attack of a tenant: one object at a time, in namespaces of his own. */
#define TENANT_LATER(what, n, own, why)                               \
	{                                                             \
		.name = #what, .one = what, .max = n, .tenant = true, \
		.spaces = own, .later = why                           \
	}
#define TENANT_IN(what, n, own) \
	TENANT_LATER(what, n, CLONE_NEWUSER | (own), NULL)
#define TENANT(what, n) TENANT_LATER(what, n, 0, NULL)
/* With a user namespace and @own; root runs @first before, outside the group. */
#define TENANT_AFTER(what, n, own, first)                               \
	{                                                               \
		.name = #what, .prepare = first, .one = what, .max = n, \
		.tenant = true, .spaces = CLONE_NEWUSER | (own)         \
	}

/* True as long as the attack may go on: not all are made, and there is time left. */
bool more(long made, long max);

/* The path of the group that the attacker is in. */
const char *attacked(void);

/* census.c: turn the census on; report its lines and turn it off. */
void census_begin(void);
void census_note(const char *attack);

void own_net(void);
void own_ipc(void);
void own_tmpfs(void);
void allow_namespaces(void);

/* Become root of a new user namespace, and make the namespaces in @also. */
int become_root(int also);

/* Fork a child that runs @job once and then sleeps: its pid, or -1 with errno. */
pid_t sit(int (*job)(void));

extern const struct attack file_attacks[], fs_attacks[], ipc_attacks[];
extern const struct attack net_attacks[], task_attacks[], ns_attacks[];
extern const size_t nr_file_attacks, nr_fs_attacks, nr_ipc_attacks;
extern const size_t nr_net_attacks, nr_task_attacks, nr_ns_attacks;

extern const struct attack uring_attacks[], sock_attacks[], proto_attacks[];
extern const struct attack tls_attacks[];
extern const struct attack tenant_file_attacks[], wait_attacks[];
extern const struct attack tenant_task_attacks[], fuse_attacks[];
extern const struct attack route_attacks[], link_attacks[], wall_attacks[];
extern const struct attack traffic_attacks[], mount_attacks[];
extern const struct attack frame_attacks[], behalf_attacks[];
extern const struct attack pages_attacks[], kept_attacks[];
extern const struct attack ipsec_attacks[], fault_attacks[];
extern const struct attack splice_attacks[], address_attacks[];
extern const size_t nr_uring_attacks, nr_sock_attacks, nr_proto_attacks;
extern const size_t nr_tls_attacks;
extern const size_t nr_tenant_file_attacks, nr_wait_attacks;
extern const size_t nr_tenant_task_attacks, nr_fuse_attacks;
extern const size_t nr_route_attacks, nr_link_attacks, nr_wall_attacks;
extern const size_t nr_traffic_attacks, nr_mount_attacks, nr_frame_attacks;
extern const size_t nr_behalf_attacks, nr_pages_attacks;
extern const size_t nr_kept_attacks, nr_ipsec_attacks;
extern const size_t nr_fault_attacks, nr_splice_attacks;
extern const size_t nr_address_attacks;

#endif /* BC_ATTACK_H */

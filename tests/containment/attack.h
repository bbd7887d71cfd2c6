/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An attack: what a process without any privilege does to have the kernel use
 * up memory for it.
 */
#ifndef BC_ATTACK_H
#define BC_ATTACK_H

#include "bc_util.h"

struct attack {
	const char *name;
	/* As root, outside the group: namespaces, sysctls, files to attack with. */
	void (*prepare)(void);
	/*
	 * As nobody, in the group: makes up to @max and keeps them, returns how
	 * many; errno says what ended it, 0 when nothing did.
	 */
	bc_job run;
	long max;
	/* In place of @run: makes one more, number @i; false with errno if not. */
	bool (*one)(long i);
	/* Why it is known not to be contained: a resource that is yet to come. */
	const char *later;
	/* Ends with the attacker being killed. */
	bool deadly;
	/*
	 * What there is too much of then, and what of it is charged: for the tables
	 * of docs/containment.md. Without the former they take the comment above
	 * the attack.
	 */
	const char *piles;
	const char *charged;
	/* Everything is at its default, as a tenant finds it: no sysctl is raised. */
	bool tenant;
	/* What the tenant first makes of his own: CLONE_NEWUSER and others. */
	int spaces;
	/* A row that has a limit of its own, a quarter of that of kmemsize. */
	const char *row;
};

/* A tenant: what he makes one by one, and the namespaces he does it in. */
#define TENANT_LATER(what, n, own, why)                               \
	{                                                             \
		.name = #what, .one = what, .max = n, .tenant = true, \
		.spaces = own, .later = why                           \
	}
#define TENANT_IN(what, n, own) \
	TENANT_LATER(what, n, CLONE_NEWUSER | (own), NULL)
#define TENANT(what, n) TENANT_LATER(what, n, 0, NULL)

/* True as long as the attack may go on: neither all made nor out of time. */
bool more(long made, long max);

/* The path of the group that the attacker is in. */
const char *attacked(void);

/* census.c: from here on; and what there is now. */
void census_begin(void);
void census_note(const char *attack);

void own_net(void);
void own_ipc(void);
void own_tmpfs(void);
void allow_namespaces(void);

/* Root of a user namespace of one's own, and of what else is asked for. */
int become_root(int also);

/* A child that does something once and then sits there: its pid, or -1, errno. */
pid_t sit(int (*job)(void));

extern const struct attack file_attacks[], fs_attacks[], ipc_attacks[];
extern const struct attack net_attacks[], task_attacks[], ns_attacks[];
extern const size_t nr_file_attacks, nr_fs_attacks, nr_ipc_attacks;
extern const size_t nr_net_attacks, nr_task_attacks, nr_ns_attacks;

extern const struct attack uring_attacks[], sock_attacks[], proto_attacks[];
extern const struct attack tls_attacks[];
extern const struct attack tenant_file_attacks[], wait_attacks[];
extern const struct attack route_attacks[], link_attacks[], wall_attacks[];
extern const struct attack traffic_attacks[], mount_attacks[];
extern const struct attack frame_attacks[];
extern const size_t nr_uring_attacks, nr_sock_attacks, nr_proto_attacks;
extern const size_t nr_tls_attacks;
extern const size_t nr_tenant_file_attacks, nr_wait_attacks;
extern const size_t nr_route_attacks, nr_link_attacks, nr_wall_attacks;
extern const size_t nr_traffic_attacks, nr_mount_attacks, nr_frame_attacks;

#endif /* BC_ATTACK_H */

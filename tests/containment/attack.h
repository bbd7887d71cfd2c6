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
	/* Why it is known not to be contained: a resource that is yet to come. */
	const char *later;
	/* Ends with the attacker being killed. */
	bool deadly;
};

/* True as long as the attack may go on: neither all made nor out of time. */
bool more(long made, long max);

void own_net(void);
void own_ipc(void);
void own_tmpfs(void);
void allow_namespaces(void);

extern const struct attack file_attacks[], fs_attacks[], ipc_attacks[];
extern const struct attack net_attacks[], task_attacks[], ns_attacks[];
extern const size_t nr_file_attacks, nr_fs_attacks, nr_ipc_attacks;
extern const size_t nr_net_attacks, nr_task_attacks, nr_ns_attacks;

#endif /* BC_ATTACK_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: what other structures embed. Empty without the option.
 */
#ifndef _LINUX_BC_TYPES_H
#define _LINUX_BC_TYPES_H

#include <linux/spinlock_types.h>
#include <linux/types.h>

struct beancounter;

/**
 * struct bc_vm - what an address space is charged
 * @private: pages of all private writable areas, exact; mmap_lock, as data_vm
 * @pending: pages charged ahead by the operation under way, which has not
 *	counted them in @private yet; mmap_lock for writing
 * @pending_locked: the same for locked pages
 * @def_flags: of the mm_struct before mlockall(); mmap_lock for writing
 * @refused: mlockall() may not have all; mmap_lock for writing
 * @lock: of what follows; a leaf but for the locks of the account
 * @charged: private pages charged
 * @locked: locked pages charged
 * @bc: the payer with a reference, NULL for nobody
 * @owner: signal_struct of the process whose group pays, never followed; NULL
 *	when it has gone and left the address space to others
 * @node: entry in the list of address spaces of @bc; the mms_lock of that
 *
 * Between operations @charged equals @private, and @locked equals locked_vm of
 * the mm_struct.
 */
struct bc_vm {
#ifdef CONFIG_BEANCOUNTERS
	unsigned long private;
	unsigned long pending;
	unsigned long pending_locked;
	unsigned long def_flags;
	bool refused;
	raw_spinlock_t lock;
	unsigned long charged;
	unsigned long locked;
	struct beancounter *bc;
	void *owner;
	struct list_head node;
#endif
};

/**
 * struct bc_vm_sum - private pages among those that are being unmapped
 * @private: number of pages
 */
struct bc_vm_sum {
#ifdef CONFIG_BEANCOUNTERS
	unsigned long private;
#endif
};

/**
 * struct bc_pin - what something keeps, memory locked mostly, and who pays for it
 * @bc: the payer, kept by the charge; NULL for nobody
 * @res: of what
 * @pages: units of @res that are charged
 * @node: entry in the list that the audit walks
 *
 * All zero is a pin that holds nothing. The owner of the structure serializes
 * bc_pin() and bc_unpin().
 */
struct bc_pin {
#ifdef CONFIG_BEANCOUNTERS
	struct beancounter *bc;
	unsigned int res;
	unsigned long pages;
#ifdef CONFIG_BEANCOUNTERS_DEBUG
	struct list_head node;
#endif
#endif
};

/**
 * struct bc_sock - what the buffers of a socket are charged
 * @bytes: charged to the payer of the struct sock, in kmemsize and in the row of the
 *	direction, SK_MEM_SEND or SK_MEM_RECV
 * @sent: bytes of packets on their way, which nobody accounts page by page, in the
 *	row of what is sent only: in kmemsize they are objects, which somebody pays for
 * @bc: the payer of a socket that counts, which is that of the struct sock
 * @item: the resource in which the socket itself counts there, 0 for none
 * @more: truesize of what the next packet will have in all, where it is allocated
 *	with less; racy where threads send by one socket, a hint
 * @wants: bytes that it may not send before there is room, 0 for none; written under
 *	the lock of the list that @wait is in
 * @wait: entry in the list of sockets that want to send, see kernel/bc/sockwait.c; all
 *	zero when it is not there
 * @node: entry in the list that the audit walks, all zero when it is not there
 */
struct bc_sock {
#ifdef CONFIG_BEANCOUNTERS
	atomic64_t bytes[2];
	atomic64_t sent;
	struct beancounter *bc;
	unsigned int item;
	unsigned int more;
	unsigned int wants;
	struct list_head wait;
#ifdef CONFIG_BEANCOUNTERS_DEBUG
	struct list_head node;
#endif
#endif
};

/**
 * struct bc_oom - whom the OOM killer is to take, as far as guarantees matter
 * @given: somebody was guaranteed something, and it is not about one memory cgroup
 * @excess: by how much the group of the chosen task is above its guarantee
 */
struct bc_oom {
#ifdef CONFIG_BEANCOUNTERS
	bool given;
	u64 excess;
#endif
};

#endif /* _LINUX_BC_TYPES_H */

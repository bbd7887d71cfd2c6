/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Beancounters: structures that others embed. Empty without the option.
 */
#ifndef _LINUX_BC_TYPES_H
#define _LINUX_BC_TYPES_H

#include <linux/spinlock_types.h>
#include <linux/types.h>

struct bc_shrink;
struct beancounter;

/**
 * struct bc_owner - who pays for an object, or for what is allocated for it
 * @bc: the payer, NULL for nobody
 */
struct bc_owner {
#ifdef CONFIG_BEANCOUNTERS
	struct beancounter *bc;
#endif
};

/**
 * struct bc_scope - what applies to the requests of a task
 * @flags: BC_SCOPE_*; only the task itself uses them
 */
struct bc_scope {
#ifdef CONFIG_BEANCOUNTERS
	u8 flags;
#endif
};

/**
 * struct bc_task - the groups for which a task works; only the task itself uses it
 * @active: the payer instead of the task's own group
 * @shrink: the shrink of one group that this task is running
 */
struct bc_task {
#ifdef CONFIG_BEANCOUNTERS
	struct beancounter *active;
	struct bc_shrink *shrink;
#endif
};

/**
 * struct bc_cache - the objects of a slab cache
 * @charge: of an object, and where it counts beside kmemsize
 * @mask: offset of an object in its slab
 * @reciprocal: 2^32 / size, rounded up
 */
struct bc_cache {
#ifdef CONFIG_BEANCOUNTERS
	u64 charge;
	unsigned int mask;
	unsigned int reciprocal;
#endif
};

/**
 * struct bc_vm - the charges of an address space
 * @private: pages of all private writable areas, exact; mmap_lock, as data_vm; read
 *	without it when the payer changes
 * @pending: pages charged ahead by the operation under way, which has not
 *	counted them in @private yet; mmap_lock for writing; read without it for a
 *	guarantee
 * @pending_locked: as @pending, of locked pages
 * @def_flags: of the mm_struct before mlockall(); mmap_lock for writing
 * @refused: some area of mlockall() was refused; mmap_lock for writing
 * @lock: protects the members below; only the locks of the account nest inside it; not
 *	taken in interrupts
 * @charged: private pages charged; also read under the mmap_lock alone, by bc_vm_settle(),
 *	and without a lock for /proc
 * @locked: locked pages charged; as @charged
 * @bc: the payer with a reference, NULL for nobody; also read under RCU alone
 * @owner: signal_struct of the process whose group pays, never dereferenced; NULL
 *	when that process has exited and left the address space to others; no lock, it
 *	changes by cmpxchg()
 * @node: entry in the list of address spaces of @bc; @bc->mms_lock
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
 * struct bc_vm_sum - the private pages in a range that is being unmapped
 * @private: number of pages
 */
struct bc_vm_sum {
#ifdef CONFIG_BEANCOUNTERS
	unsigned long private;
#endif
};

/**
 * struct bc_pin - a charge for a kernel object, mostly of locked memory
 * @bc: the payer, pinned by the charge; NULL for nobody
 * @res: the resource that is charged
 * @pages: units of @res that are charged
 * @node: entry in the list that the audit walks
 *
 * A pin that is all zero holds nothing. The object that embeds it serializes
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
 * struct bc_sock - the charges for the buffers of a socket
 * @bytes: charged to the payer of the struct sock, in kmemsize and in the row of the
 *	direction, SK_MEM_SEND or SK_MEM_RECV
 * @sent: bytes of packets on their way, of a socket that is not accounted page by page;
 *	in the row for sending only, because kmemsize has these packets as objects
 * @bc: the payer of a socket that counts, which is also the payer of the struct sock
 * @item: the resource in which the socket itself counts for @bc, 0 for none
 * @more: truesize that the next packet will have in all, where the packet is allocated
 *	with less; racy where threads send by one socket, a hint
 * @wants: bytes for which the socket waits until there is room, 0 for none; set under the
 *	lock of the list that @wait is in; set to 0 without it by bc_sock_look(), after
 *	which the work item ends the wait
 * @wait: entry in the list of sockets that want to send, see kernel/bc/sockwait.c; all
 *	zero when the socket is not in it
 * @node: entry in the list that the audit walks, all zero when the socket is not in it
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
 * struct bc_oom - how guarantees affect the choice of the OOM killer
 * @given: some group has a guarantee, and no memory cgroup has called the OOM killer
 * @excess: by how much the group of the chosen task is above its guarantee
 */
struct bc_oom {
#ifdef CONFIG_BEANCOUNTERS
	bool given;
	u64 excess;
#endif
};

#endif /* _LINUX_BC_TYPES_H */

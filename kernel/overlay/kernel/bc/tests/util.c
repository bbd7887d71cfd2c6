// SPDX-License-Identifier: GPL-2.0-only
/* Beancounters: helpers of the KUnit tests. */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "util.h"

/* An account that the test must leave empty. */
struct bc_kunit_account {
	struct kunit *test;
	struct beancounter *bc;
};

/* Give units of any resource back, past the stocks. */
static void bc_kunit_give_back(struct beancounter *bc, enum bc_resource res,
			       u64 n)
{
	const struct bc_want want[BC_WANTS] = { { res, n } };

	bc_give_back(bc, want);
}

/*
 * Give back the charges that a failed test left behind: else the account would stay in
 * the list of every audit of this boot. Runs for the children first.
 */
static void bc_kunit_release(void *data)
{
	struct bc_kunit_account *account = data;
	struct beancounter *bc = account->bc;
	int res;

	bc_close(bc);
	for (res = 0; res < BC_NR_RESOURCES; res++) {
		u64 usage = bc_kunit_counter(bc, res).usage;

		KUNIT_EXPECT_EQ_MSG(account->test, usage, 0,
				    "the test left %s charged",
				    bc_resources[res].name);
		bc_kunit_give_back(bc, res, usage);
	}
	bc_put(bc);
}

/* An unlimited account without a cgroup, put at the end of the test. */
struct beancounter *bc_kunit_alloc(struct kunit *test,
				   struct beancounter *parent)
{
	struct bc_kunit_account *account;
	int res;

	account = kunit_kzalloc(test, sizeof(*account), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, account);
	account->test = test;
	account->bc = bc_alloc(parent);
	KUNIT_ASSERT_NOT_NULL(test, account->bc);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, bc_kunit_release,
						  account));
	for (res = 0; res < BC_NR_RESOURCES; res++)
		bc_kunit_limits(account->bc, res, BC_MAX, BC_MAX);
	return account->bc;
}

/* Accounts, each below the one before; the first is the top. */
void bc_kunit_chain(struct kunit *test, struct beancounter **chain, int depth)
{
	int i;

	for (i = 0; i < depth; i++)
		chain[i] = bc_kunit_alloc(test, i ? chain[i - 1] : NULL);
}

void bc_kunit_set(struct beancounter *bc, enum bc_limit_kind kind,
		  enum bc_resource res, u64 value)
{
	struct bc_limits limits = { .set = BIT(res) };

	limits.value[res] = value;
	bc_limits_apply(bc, kind, &limits);
}

void bc_kunit_limits(struct beancounter *bc, enum bc_resource res, u64 barrier,
		     u64 limit)
{
	bc_kunit_set(bc, BC_SET_BARRIER, res, barrier);
	bc_kunit_set(bc, BC_SET_LIMIT, res, limit);
}

struct bc_counter bc_kunit_counter(struct beancounter *bc, enum bc_resource res)
{
	struct bc_stat stat;

	bc_stat_read(bc, res, &stat);
	return stat.counter;
}

u64 bc_kunit_held(struct beancounter *bc, enum bc_resource res)
{
	struct bc_stat stat;

	bc_stat_read(bc, res, &stat);
	return stat.held;
}

/* The sum of the group's own first words, bytes and files. */
u64 bc_kunit_stock(struct beancounter *bc)
{
	u64 sum = max_t(s64, 0, atomic64_read(&bc->near.word));
	int cpu;

	for_each_possible_cpu(cpu) {
		atomic64_t *word = &per_cpu_ptr(bc->stock, cpu)->word;

		sum += max_t(s64, 0, atomic64_read(word));
	}
	return sum;
}

static bool bc_stock_is_closed(const struct bc_stock *stock)
{
	int i;

	for (i = 0; i < BC_LANE_WORDS; i++)
		if (atomic64_read(&stock->lanes[i]) != bc_lanes_closed(i))
			return false;
	return atomic64_read(&stock->word) == BC_STOCK_CLOSED;
}

bool bc_kunit_closed(struct beancounter *bc)
{
	int cpu;

	for_each_possible_cpu(cpu)
		if (!bc_stock_is_closed(per_cpu_ptr(bc->stock, cpu)))
			return false;
	return bc_stock_is_closed(&bc->near);
}

/* Does the account still exist? Only its address is used. */
bool bc_kunit_listed(const struct beancounter *bc)
{
	struct beancounter *pos;
	unsigned long flags;
	bool found = false;

	raw_spin_lock_irqsave(&bc_list_lock, flags);
	list_for_each_entry(pos, &bc_list, list)
		if (pos == bc)
			found = true;
	raw_spin_unlock_irqrestore(&bc_list_lock, flags);
	return found;
}

/* For tests that look at the word of "this" CPU: stay on one. */
int bc_kunit_pin(struct kunit *test)
{
	return set_cpus_allowed_ptr(current,
				    cpumask_of(raw_smp_processor_id()));
}

/* Charge an object as a slab cache does, from the stock or under the lock. */
int bc_kunit_object(struct beancounter *bc, u64 bytes, u64 files,
		    enum bc_severity severity)
{
	struct bc_request rq = bc_object_request(bytes, files, severity);

	if (bc_stock_take(bc, bytes + files * BC_FILE))
		return 0;
	return bc_try_charge(bc, &rq);
}

/* Free accounts before the test ends, so that a use after free shows in it. */
void bc_kunit_settle(struct kunit *test)
{
	rcu_barrier();
}

/* For generators of parameters: the next row of the table for which wanted() is true. */
const void *bc_kunit_next_res(const void *prev, char *name,
			      bool (*wanted)(enum bc_resource res))
{
	const struct bc_resource_desc *desc = prev;

	for (desc = desc ? desc + 1 : bc_resources;
	     desc < bc_resources + BC_NR_RESOURCES; desc++) {
		if (!wanted(desc - bc_resources))
			continue;
		snprintf(name, KUNIT_PARAM_DESC_SIZE, "%s", desc->name);
		return desc;
	}
	return NULL;
}

/* The resource of a case whose parameter is such a row. */
enum bc_resource bc_kunit_res(struct kunit *test)
{
	return (const struct bc_resource_desc *)test->param_value -
	       bc_resources;
}

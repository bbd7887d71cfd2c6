// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several threads read with the same host and group objects, under the thread
 * sanitizer.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

#define THREADS 4
#define TIMES 100

struct shared {
	struct libbc_host *host;
	struct libbc_group *group;
};

/* The sum of what all groups hold, plus what one group holds. */
static uint64_t sum(const struct shared *shared)
{
	struct libbc_account *account;
	struct libbc_group *group;
	struct libbc_walk *walk;
	uint64_t total = 0;

	if (libbc_walk_open(shared->group, &walk))
		return 0;
	while (libbc_walk_next(walk, &group) > 0) {
		if (!libbc_account_read(group, LIBBC_READ_LOCAL, &account)) {
			total += libbc_resource_value(
				libbc_account_get(account, 0), LIBBC_HELD);
			libbc_account_free(account);
		}
		libbc_group_close(group);
	}
	libbc_walk_close(walk);
	if (!libbc_group_open_pid(shared->host, 4711, &group))
		libbc_group_close(group);
	return total;
}

static void *work(void *arg)
{
	uintptr_t wrong = 0;
	int i;

	for (i = 0; i < TIMES; i++)
		if (sum(arg) != 4194304 + 1000000 + 900 + 20)
			wrong++;
	return (void *)wrong;
}

static void test_threads(void **state)
{
	pthread_t threads[THREADS];
	struct shared shared;
	char path[4096];
	void *wrong;
	int i;

	(void)state;
	snprintf(path, sizeof(path), "%s/farm", MACHINES);
	assert_int_equal(libbc_host_open(path, &shared.host), 0);
	assert_int_equal(libbc_group_open(shared.host, "/", &shared.group), 0);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, work, &shared), 0);
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
	libbc_group_close(shared.group);
	libbc_host_close(shared.host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}

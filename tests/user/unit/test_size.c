// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers and units. The kernel's table has the unit of each resource; the
 * library has to derive the same unit from the resource's name.
 */
#include <errno.h>
#include <string.h>

#include "unit.h"

enum bc_unit { BC_BYTES, BC_PAGES, BC_ITEMS };

static const struct {
	const char *name;
	enum bc_unit unit;
} kernel[] = {
#define BC_RESOURCE(id, name, unit, ...) { name, unit },
#include "../../../kernel/overlay/include/linux/bc_resources.h"
#undef BC_RESOURCE
};

static void test_units_of_the_kernel(void **state)
{
	static const enum libbc_unit units[] = {
		[BC_BYTES] = LIBBC_BYTES,
		[BC_PAGES] = LIBBC_PAGES,
		[BC_ITEMS] = LIBBC_ITEMS,
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(kernel) / sizeof(*kernel); i++)
		assert_int_equal(libbc_unit_of(kernel[i].name),
				 units[kernel[i].unit]);
}

static void test_units(void **state)
{
	(void)state;
	assert_int_equal(libbc_unit_of("dcachesize"), LIBBC_BYTES);
	assert_int_equal(libbc_unit_of("dgramrcvbuf"), LIBBC_BYTES);
	assert_int_equal(libbc_unit_of("oomguarpages"), LIBBC_PAGES);
	assert_int_equal(libbc_unit_of("numsiginfo"), LIBBC_ITEMS);
	assert_string_equal(libbc_unit_name(LIBBC_PAGES), "pages");
	assert_null(libbc_unit_name((enum libbc_unit)7));
}

static void check(const char *text, enum libbc_unit unit, uint64_t expected)
{
	uint64_t value = 0;

	assert_int_equal(libbc_size_parse(text, unit, &value), 0);
	if (value != expected)
		fail_msg("%s is %llu", text, (unsigned long long)value);
}

static void check_wrong(const char *text, enum libbc_unit unit, int error)
{
	uint64_t value;

	if (libbc_size_parse(text, unit, &value) != error)
		fail_msg("%s", text);
}

static void test_parse(void **state)
{
	uint64_t page = sysconf(_SC_PAGESIZE);

	(void)state;
	check("0", LIBBC_BYTES, 0);
	check("16777216", LIBBC_BYTES, 16 << 20);
	check("16M", LIBBC_BYTES, 16 << 20);
	check("16MiB", LIBBC_BYTES, 16 << 20);
	check("16mB", LIBBC_BYTES, 16 << 20);
	check("12B", LIBBC_BYTES, 12);
	check("1.5G", LIBBC_BYTES, 3ull << 29);
	check("0.0001K", LIBBC_BYTES, 1);
	check("100P", LIBBC_BYTES, 100 * page);
	check("max", LIBBC_BYTES, LIBBC_MAX);
	check("Unlimited", LIBBC_ITEMS, LIBBC_MAX);
	check("9223372036854775806", LIBBC_BYTES, INT64_MAX - 1);
	check("9223372036854775807", LIBBC_BYTES, LIBBC_MAX);
	check("65536", LIBBC_PAGES, 65536);
	check("65536P", LIBBC_PAGES, 65536);
	check("256M", LIBBC_PAGES, (256 << 20) / page);
	check("1B", LIBBC_PAGES, 1);
	check("10", LIBBC_ITEMS, 10);
	check_wrong("", LIBBC_BYTES, -EINVAL);
	check_wrong("-1", LIBBC_BYTES, -EINVAL);
	check_wrong(" 1", LIBBC_BYTES, -EINVAL);
	check_wrong("1 ", LIBBC_BYTES, -EINVAL);
	check_wrong("M", LIBBC_BYTES, -EINVAL);
	check_wrong("1.5", LIBBC_BYTES, -EINVAL);
	check_wrong("1.5P", LIBBC_PAGES, -EINVAL);
	check_wrong("1.", LIBBC_BYTES, -EINVAL);
	check_wrong("1..5M", LIBBC_BYTES, -EINVAL);
	check_wrong("1MM", LIBBC_BYTES, -EINVAL);
	check_wrong("1Mi", LIBBC_BYTES, -EINVAL);
	check_wrong("1E", LIBBC_BYTES, -EINVAL);
	check_wrong("0x10", LIBBC_BYTES, -EINVAL);
	check_wrong("1K", LIBBC_ITEMS, -EINVAL);
	check_wrong("9223372036854775808", LIBBC_BYTES, -ERANGE);
	check_wrong("18446744073709551616", LIBBC_BYTES, -ERANGE);
	check_wrong("16777216T", LIBBC_BYTES, -ERANGE);
}

static void check_format(uint64_t value, enum libbc_unit unit,
			 unsigned int flags, const char *expected)
{
	char buf[LIBBC_SIZE_LEN];

	assert_string_equal(libbc_size_format(value, unit, flags, buf),
			    expected);
}

static void test_format(void **state)
{
	(void)state;
	check_format(0, LIBBC_BYTES, 0, "0");
	check_format(1023, LIBBC_BYTES, 0, "1023");
	check_format(1536, LIBBC_BYTES, 0, "1.5K");
	check_format(16 << 20, LIBBC_BYTES, 0, "16M");
	check_format((1 << 20) - 1, LIBBC_BYTES, 0, "1M");
	check_format(1048512, LIBBC_BYTES, 0, "1023.9K");
	check_format(LIBBC_MAX, LIBBC_BYTES, 0, "max");
	check_format(INT64_MAX - 1, LIBBC_BYTES, 0, "8388608T");
	check_format(16 << 20, LIBBC_BYTES, LIBBC_SIZE_PLAIN, "16777216");
	check_format(2048, LIBBC_ITEMS, 0, "2048");
	check_format(1, LIBBC_PAGES, LIBBC_SIZE_PLAIN,
		     sysconf(_SC_PAGESIZE) == 4096 ? "4096" : "");
	check_format(INT64_MAX, LIBBC_PAGES, LIBBC_SIZE_PLAIN,
		     "18446744073709551615");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units_of_the_kernel),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests_name("size", tests, NULL, NULL);
}

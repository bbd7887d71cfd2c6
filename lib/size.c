// SPDX-License-Identifier: LGPL-2.1-only
/*
 * Numbers and their units.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "internal.h"

static const char suffixes[] = "KMGT";

static bool ends_in(const char *name, const char *tail)
{
	size_t len = strlen(name), tail_len = strlen(tail);

	return len >= tail_len && !strcmp(name + len - tail_len, tail);
}

/*
 * The kernel's files do not name the unit, but the names of resources have
 * always ended like this: kmemsize, privvmpages, tcpsndbuf, numproc.
 */
enum libbc_unit libbc_unit_of(const char *name)
{
	if (ends_in(name, "pages"))
		return LIBBC_PAGES;
	if (ends_in(name, "size") || ends_in(name, "buf"))
		return LIBBC_BYTES;
	return LIBBC_ITEMS;
}

const char *libbc_unit_name(enum libbc_unit unit)
{
	switch (unit) {
	case LIBBC_BYTES:
		return "bytes";
	case LIBBC_PAGES:
		return "pages";
	case LIBBC_ITEMS:
		return "items";
	}
	return NULL;
}

static uint64_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

/*
 * The factor from a number with this suffix to the unit, as a fraction; the
 * suffix is the rest of the text.
 */
static int suffix_scale(const char *suffix, enum libbc_unit unit,
			uint64_t *times, uint64_t *by)
{
	const char *known;

	*times = 1;
	*by = 1;
	if (!*suffix)
		return 0;
	if (unit == LIBBC_ITEMS)
		return -EINVAL;
	if ((*suffix == 'P' || *suffix == 'p') && !suffix[1]) {
		*times = unit == LIBBC_BYTES ? page_size() : 1;
		return 0;
	}
	*by = unit == LIBBC_PAGES ? page_size() : 1;
	known = strchr(suffixes, toupper((unsigned char)*suffix));
	if (known) {
		*times = 1ull << 10 * (known - suffixes + 1);
		suffix++;
		if (*suffix == 'i' && suffix[1])
			suffix++;
	}
	if (*suffix == 'B' || (*suffix == 'b' && !known))
		suffix++;
	return *suffix ? -EINVAL : 0;
}

/* Digits with at most one point among them: 15 and 10 for 1.5 */
static int decimal(const char **text, uint64_t *number, uint64_t *scale)
{
	const char *at = *text;
	bool point = false;

	*number = 0;
	*scale = 1;
	if (!isdigit((unsigned char)*at))
		return -EINVAL;
	for (; isdigit((unsigned char)*at) || *at == '.'; at++) {
		if (*at == '.') {
			if (point || !isdigit((unsigned char)at[1]))
				return -EINVAL;
			point = true;
			continue;
		}
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, *at - '0', number) ||
		    (point && __builtin_mul_overflow(*scale, 10, scale)))
			return -ERANGE;
	}
	*text = at;
	return 0;
}

int libbc_size_parse(const char *text, enum libbc_unit unit, uint64_t *value)
{
	uint64_t number, scale, times, by;
	__uint128_t result;
	int ret;

	if (!strcasecmp(text, "max") || !strcasecmp(text, "unlimited")) {
		*value = LIBBC_MAX;
		return 0;
	}
	ret = decimal(&text, &number, &scale);
	if (!ret)
		ret = suffix_scale(text, unit, &times, &by);
	if (ret)
		return ret;
	/* The unit itself has no fractions. */
	if (scale > 1 && times == 1)
		return -EINVAL;
	result = (__uint128_t)number * times;
	by *= scale;
	result = result / by + (result % by != 0);
	if (result > INT64_MAX)
		return -ERANGE;
	*value = result == INT64_MAX ? LIBBC_MAX : (uint64_t)result;
	return 0;
}

const char *libbc_size_format(uint64_t value, enum libbc_unit unit,
			      unsigned int flags, char buf[LIBBC_SIZE_LEN])
{
	__uint128_t bytes = value;
	size_t i;

	if (value == LIBBC_MAX) {
		snprintf(buf, LIBBC_SIZE_LEN, "max");
		return buf;
	}
	if (unit == LIBBC_PAGES)
		bytes *= page_size();
	if (bytes > UINT64_MAX)
		bytes = UINT64_MAX;
	value = bytes;
	if (unit == LIBBC_ITEMS || (flags & LIBBC_SIZE_PLAIN) || value < 1024) {
		snprintf(buf, LIBBC_SIZE_LEN, "%llu",
			 (unsigned long long)value);
		return buf;
	}
	/* A remainder of 1023.96K would be printed as 1024.0K: that is 1M. */
	for (i = 0; i < sizeof(suffixes) - 2; i++) {
		if (value < 1024ull * 1024 - 52)
			break;
		value = value / 1024 + (value % 1024 >= 512);
	}
	if (value % 1024)
		snprintf(buf, LIBBC_SIZE_LEN, "%.1f%c", (double)value / 1024,
			 suffixes[i]);
	else
		snprintf(buf, LIBBC_SIZE_LEN, "%llu%c",
			 (unsigned long long)value / 1024, suffixes[i]);
	return buf;
}

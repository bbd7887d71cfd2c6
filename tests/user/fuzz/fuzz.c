// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz all parsers with libFuzzer's inputs. The first byte chooses the parser.
 * A size that was read has to stay the same when it is written and read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../../cli/advise.h"
#include "../../../lib/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_account(const char *text, size_t size)
{
	struct libbc_account *account;

	if (libbc_account_parse(text, size, &account))
		return;
	parse_flat(text, size, LIBBC_FAILCNT_LOCAL, account);
	libbc_account_free(account);
}

static void fuzz_flat(const char *text, size_t size)
{
	struct libbc_account *account = calloc(1, sizeof(*account));

	if (account)
		parse_flat(text, size, LIBBC_FAILCNT, account);
	libbc_account_free(account);
}

static void fuzz_proc(const char *text)
{
	char *one = NULL, *two = NULL;

	if (!parse_mountinfo(text, &one, &two)) {
		free(one);
		free(two);
	}
	if (!parse_proc_cgroup(text, &one))
		free(one);
	parse_proc_cgroups(text);
	parse_cmdline(text);
}

static void fuzz_size(const char *text)
{
	enum libbc_unit unit;

	for (unit = LIBBC_BYTES; unit <= LIBBC_ITEMS; unit++) {
		uint64_t value, again;
		char buf[LIBBC_SIZE_LEN];

		if (libbc_size_parse(text, unit, &value))
			continue;
		libbc_size_format(value, unit, 0, buf);
		libbc_size_format(value, LIBBC_ITEMS, LIBBC_SIZE_PLAIN, buf);
		if (libbc_size_parse(buf, unit, &again) || again != value)
			abort();
	}
}

static void fuzz_text(const char *text)
{
	struct libbc_account *account;
	struct libbc_refusal refusal;

	parse_refusal(text, &refusal);
	if (!account_from_text(text, &account))
		libbc_account_free(account);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (*data % 5) {
	case 0:
		fuzz_account(text, size - 1);
		break;
	case 1:
		fuzz_flat(text, size - 1);
		break;
	case 2:
		fuzz_proc(text);
		break;
	case 3:
		fuzz_size(text);
		break;
	case 4:
		fuzz_text(text);
		break;
	}
	free(text);
	return 0;
}

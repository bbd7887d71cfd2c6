// SPDX-License-Identifier: GPL-2.0-only
/*
 * table N: make a table of N numbers and their texts, and print how long the texts
 * are.
 * table N refuse: also allocate memory until a request is refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	long i, n = argc > 1 ? atol(argv[1]) : 0, got = 0;
	char **table = calloc(n + 1, sizeof(*table)), text[24];
	size_t length = 0;

	for (i = 0; table && i < n; i++) {
		snprintf(text, sizeof(text), "%ld", i);
		table[i] = strdup(text);
	}
	if (argc > 2) {
		void **hoard = NULL, **more;

		while ((more = malloc(8 << 20))) {
			memset(more, 1, 8 << 20);
			*more = hoard;
			hoard = more;
			got++;
		}
		printf("refused NULL after %ld MiB\n", got * 8);
		while ((more = hoard)) {
			hoard = *more;
			free(more);
		}
	}
	for (i = 0; i < n; i++)
		length += strlen(table[i]);
	printf("length %zu\n", length);
	fflush(stdout);
	getchar();
	for (i = 0; i < n; i++)
		free(table[i]);
	free(table);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl - the accounts of groups of processes.
 */
#include <errno.h>
#include <locale.h>
#include <string.h>

#include "bcctl.h"

const struct verb *const verbs[] = {
	&list_verb,  &show_verb,  &set_verb,	  &reset_verb,	&run_verb,
	&top_verb,   &watch_verb, &why_verb,	  &advise_verb, &profile_verb,
	&apply_verb, &save_verb,  &hook_verb,	  &export_verb, &serve_verb,
	&check_verb, &ubc_verb,	  &memcheck_verb, &split_verb,	&record_verb,
	&plot_verb,  &what_verb,  NULL,
};

static void usage(void)
{
	size_t i;

	printf("Usage: bcctl [VERB] [OPTION]... [ARGUMENT]...\n\n"
	       "Show and limit how much groups of processes hold of the kernel.\n\n");
	for (i = 0; verbs[i]; i++)
		printf("  %-8s  %s\n", verbs[i]->name, verbs[i]->summary);
	printf("\nWithout a verb, bcctl does list.  \"bcctl VERB --help\" shows the options of a\n"
	       "verb, and \"man bcctl-VERB\" describes it.\n\n"
	       "  -h, --help     print this text\n"
	       "  -V, --version  print the version\n");
}

static const char *verb_name(const void *from, size_t index)
{
	const struct verb *const *table = from;

	return table[index] ? table[index]->name : NULL;
}

static const struct verb *find_verb(const char *name)
{
	size_t i;

	for (i = 0; verbs[i]; i++)
		if (!strcmp(verbs[i]->name, name))
			return verbs[i];
	return NULL;
}

/* Output that could not be written is a failure, even if all else went well. */
static int close_output(int status)
{
	if (!ferror(stdout) && !fclose(stdout))
		return status;
	if (errno == EPIPE)
		return status;
	fprintf(stderr, "bcctl: cannot write the output: %s\n",
		strerror(errno));
	return status ? status : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct bcctl ctl = { .verb = &list_verb,
			     .failure = EXIT_FAILURE,
			     .misuse = EXIT_MISUSE };
	const char *name = argc > 1 ? argv[1] : "list", *close;
	int status;

	setlocale(LC_ALL, "");
	/* Programs read the numbers, too, and expect a decimal point. */
	setlocale(LC_NUMERIC, "C");
	ctl.argc = argc;
	ctl.argv = argv;
	if (!strcmp(name, "--help") || !strcmp(name, "-h") ||
	    !strcmp(name, "help")) {
		usage();
		return close_output(EXIT_SUCCESS);
	}
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		printf("bcctl %s\n", libbc_version());
		return close_output(EXIT_SUCCESS);
	}
	if (argc > 1 && *name != '-') {
		ctl.verb = find_verb(name);
		ctl.argc--;
		ctl.argv++;
	}
	if (!ctl.verb) {
		misuse(&ctl, "there is no verb %s", name);
		close = nearest(name, verb_name, verbs);
		if (close)
			hint("bcctl %s", close);
		hint("bcctl --help");
		return EXIT_MISUSE;
	}
	status = ctl.verb->run(&ctl);
	libbc_host_close(ctl.host);
	return close_output(status);
}

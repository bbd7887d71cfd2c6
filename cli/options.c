// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options: one table for the parser and for --help.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <string.h>

#include "bcctl.h"
#include "table.h"

#define MOST_OPTIONS 32

static const struct opt common[] = {
	{ OPT_JSON, "json", NULL, "print JSON" },
	{ OPT_BYTES, "bytes", NULL,
	  "print sizes as plain numbers, pages as bytes" },
	{ OPT_RAW, "raw", NULL, "print columns with one blank between them" },
	{ OPT_NOHEADINGS, "noheadings", NULL, "print no line with headings" },
	{ 'o', "output", "COLUMNS", "print these columns; see below" },
	{ OPT_SYSROOT, "sysroot", "DIR",
	  "look at a copy of a machine's files in DIR" },
	{ 'h', "help", NULL, "print this text" },
	{ 0 },
};

static bool takes(const struct verb *verb, const struct opt *opt)
{
	switch (opt->id) {
	case OPT_JSON:
		return verb->takes & TAKES_JSON;
	case OPT_BYTES:
		return verb->takes & TAKES_BYTES;
	case OPT_RAW:
	case OPT_NOHEADINGS:
	case 'o':
		return verb->takes & TAKES_TABLE;
	}
	return true;
}

/* The options of a verb, its own first. */
static const struct opt *option_at(const struct verb *verb, size_t index)
{
	const struct opt *opt;

	for (opt = verb->opts; opt && opt->name; opt++)
		if (!index--)
			return opt;
	for (opt = common; opt->name; opt++)
		if (takes(verb, opt) && !index--)
			return opt;
	return NULL;
}

static const char *option_name(const void *from, size_t index)
{
	const struct opt *opt = option_at(from, index);

	return opt ? opt->name : NULL;
}

static void prepare(const struct verb *verb, struct option *longs,
		    char *letters)
{
	const struct opt *opt;
	size_t i;

	/* "+": arguments after the name of the command belong to the command. */
	if (verb->takes & TAKES_COMMAND)
		*letters++ = '+';
	*letters++ = ':';
	for (i = 0; (opt = option_at(verb, i)) && i < MOST_OPTIONS - 1; i++) {
		longs[i] = (struct option){ .name = opt->name, .val = opt->id };
		if (opt->arg)
			longs[i].has_arg = *opt->arg == '[' ?
						   optional_argument :
						   required_argument;
		if (opt->id >= OPT_FIRST)
			continue;
		*letters++ = opt->id;
		if (opt->arg)
			*letters++ = ':';
	}
	longs[i] = (struct option){ 0 };
	*letters = '\0';
}

static int wrong_option(const struct bcctl *ctl, int kind)
{
	const char *word = ctl->argv[optind - 1], *close;
	char letter[3] = { '-', (char)optopt, '\0' };

	if (optopt && optopt < OPT_FIRST && word[1] != '-')
		word = letter;
	if (kind == ':')
		return bad_usage(ctl, "%s needs a value", word);
	if (optopt)
		return bad_usage(ctl,
				 "there is no option %s, or it takes no value",
				 word);
	misuse(ctl, "%s has no option %s", ctl->verb->name, word);
	close = nearest(word + strspn(word, "-"), option_name, ctl->verb);
	if (close)
		hint("--%s", close);
	hint("bcctl %s --help", ctl->verb->name);
	return ctl->misuse;
}

/* Options that contradict each other: the exit status, or 0. */
static int at_odds(const struct bcctl *ctl)
{
	if (ctl->json && (ctl->raw || ctl->noheadings))
		return bad_usage(ctl,
				 "--json cannot go with --raw or --noheadings");
	if (ctl->bytes && ctl->pages)
		return bad_usage(ctl, "take --bytes or --pages, not both");
	return 0;
}

/**
 * next_option - the next option of the verb's own
 * @ctl: argv[0] is the verb; common options are stored in it
 * @value: of the option
 *
 * Return: the id of the option; 0 after the last one, when argc and argv are
 * the operands; or -1 when the verb has to exit with @ctl->failure, which is 0
 * after --help.
 */
int next_option(struct bcctl *ctl, const char **value)
{
	char letters[2 * MOST_OPTIONS + 3];
	struct option longs[MOST_OPTIONS];
	int id, wrong;

	prepare(ctl->verb, longs, letters);
	opterr = 0;
	for (;;) {
		optopt = 0;
		id = getopt_long(ctl->argc, ctl->argv, letters, longs, NULL);
		switch (id) {
		case OPT_JSON:
			ctl->json = true;
			break;
		case OPT_BYTES:
			ctl->bytes = true;
			break;
		case OPT_PAGES:
			ctl->pages = true;
			break;
		case OPT_RAW:
			ctl->raw = true;
			break;
		case OPT_NOHEADINGS:
			ctl->noheadings = true;
			break;
		case 'o':
			ctl->output = optarg;
			break;
		case OPT_SYSROOT:
			ctl->sysroot = optarg;
			break;
		case 'h':
			print_help(ctl->verb);
			ctl->failure = EXIT_SUCCESS;
			return -1;
		case '?':
		case ':':
			ctl->failure = wrong_option(ctl, id);
			return -1;
		case -1:
			ctl->argc -= optind;
			ctl->argv += optind;
			wrong = at_odds(ctl);
			if (wrong)
				ctl->failure = wrong;
			return wrong ? -1 : 0;
		default:
			*value = optarg;
			return id;
		}
	}
}

int bad_usage(const struct bcctl *ctl, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "bcctl %s: ", ctl->verb->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	hint("bcctl %s --help", ctl->verb->name);
	return ctl->misuse;
}

static void print_option(const struct opt *opt)
{
	char left[40];
	const char *between = opt->arg && *opt->arg != '[' ? " " : "";

	if (opt->id < OPT_FIRST)
		snprintf(left, sizeof(left), "-%c, --%s%s%s", opt->id,
			 opt->name, between, opt->arg ? opt->arg : "");
	else
		snprintf(left, sizeof(left), "    --%s%s%s", opt->name, between,
			 opt->arg ? opt->arg : "");
	printf("  %-24s  %s\n", left, opt->text);
}

void print_help(const struct verb *verb)
{
	const struct column *column;
	const struct opt *opt;
	size_t i;

	printf("Usage: bcctl %s [OPTION]...%s%s\n\n%s\n\n", verb->name,
	       *verb->args ? " " : "", verb->args, verb->about);
	for (i = 0; (opt = option_at(verb, i)); i++)
		if (opt->id != OPT_SYSROOT)
			print_option(opt);
	/* Administrators do not need --sysroot. */
	printf("\nFor tests:\n");
	for (i = 0; (opt = option_at(verb, i)); i++)
		if (opt->id == OPT_SYSROOT)
			print_option(opt);
	if (!verb->columns)
		return;
	printf("\nColumns:\n");
	for (column = verb->columns; column->name; column++)
		printf("  %-9s  %s\n", column->name, column->text);
}

int parse_seconds(const struct bcctl *ctl, const char *option, const char *text,
		  double *seconds)
{
	char *end;

	errno = 0;
	*seconds = strtod(text, &end);
	if (errno || end == text || *end || !(*seconds > 0) || *seconds > 1e8)
		return bad_usage(ctl, "%s %s: not a number of seconds above 0",
				 option, text);
	return 0;
}

int parse_count(const struct bcctl *ctl, const char *option, const char *text,
		long *count)
{
	char *end;

	errno = 0;
	*count = strtol(text, &end, 10);
	if (errno || end == text || *end || *count <= 0)
		return bad_usage(ctl, "%s %s: not a number above 0", option,
				 text);
	return 0;
}

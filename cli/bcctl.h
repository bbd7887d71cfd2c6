/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations that the verbs of bcctl share.
 */
#ifndef BCCTL_H
#define BCCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <beancounter.h>

/* Unlimited plus anything is unlimited. */
static inline uint64_t plus(uint64_t a, uint64_t b)
{
	return a > INT64_MAX || b > INT64_MAX - a ? LIBBC_MAX : a + b;
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Exit status when the command line is wrong. */
#define EXIT_MISUSE 2
/* Exit status of "run" when bcctl itself fails, as with env and timeout. */
#define EXIT_RUN_FAILED 125
#define EXIT_CANNOT_EXEC 126
#define EXIT_NOT_FOUND 127

/* An option, for the parser and for --help. */
struct opt {
	int id; /* returned by next_option(); the letter if it has one */
	const char *name;
	const char *arg; /* NULL: takes none; "[=WHAT]": may have one */
	const char *text;
};

/* Ids of options without a letter. */
enum {
	OPT_FIRST = 256,
	OPT_JSON,
	OPT_RAW,
	OPT_NOHEADINGS,
	OPT_BYTES,
	OPT_PAGES,
	OPT_SYSROOT,
	OPT_HELP,
	OPT_OWN, /* the options of one verb count from here */
};

/* Which common options a verb takes besides --help and --sysroot. */
enum {
	TAKES_JSON = 0x1,
	TAKES_BYTES = 0x2,
	TAKES_TABLE = 0x4, /* --raw, --noheadings, -o */
	TAKES_COMMAND = 0x8, /* options end at the first argument */
};

struct bcctl;

struct verb {
	const char *name;
	const char *args;
	const char *summary;
	const char *about;
	const struct opt *opts; /* ends with an empty one */
	unsigned int takes;
	const struct column *columns; /* ends with an empty one */
	int (*run)(struct bcctl *ctl);
};

/* One run of the tool. */
struct bcctl {
	const struct verb *verb;
	int argc; /* the operands, once next_option() has returned 0 */
	char **argv;
	struct libbc_host *host;
	const char *sysroot;
	const char *output; /* -o */
	bool json, raw, noheadings, bytes;
	bool pages; /* --pages: plain numbers are pages */
	int failure; /* exit status of failures */
	int misuse; /* exit status of wrong command lines */
	const char *file; /* the file being read, for messages, or NULL */
	unsigned int line;
};

extern const struct verb list_verb, show_verb, set_verb, reset_verb, run_verb,
	top_verb, watch_verb, why_verb, advise_verb, profile_verb, export_verb,
	serve_verb, apply_verb, save_verb, hook_verb, check_verb, ubc_verb,
	memcheck_verb, split_verb, record_verb, plot_verb, what_verb;
extern const struct verb *const verbs[];

/* options.c */
int next_option(struct bcctl *ctl, const char **value);
int bad_usage(const struct bcctl *ctl, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void print_help(const struct verb *verb);
int parse_seconds(const struct bcctl *ctl, const char *option, const char *text,
		  double *seconds);
int parse_count(const struct bcctl *ctl, const char *option, const char *text,
		long *count);

/* explain.c: all return the exit status */
int fail(const struct bcctl *ctl, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void hint(const char *format, ...) __attribute__((format(printf, 1, 2)));
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
int misuse(const struct bcctl *ctl, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int explain_host(const struct bcctl *ctl, int error);
int explain_open(const struct bcctl *ctl, const char *name, int error);
int explain_file(const struct bcctl *ctl, const char *path, const char *file,
		 int error, bool writing);
int explain_resource(const struct bcctl *ctl,
		     const struct libbc_account *account, const char *name);
int no_memory(const struct bcctl *ctl);

/* target.c */
int need_host(struct bcctl *ctl);
int target_open(struct bcctl *ctl, const char *name,
		struct libbc_group **group);
int account_read(struct bcctl *ctl, const struct libbc_group *group,
		 unsigned int flags, struct libbc_account **account);
uint64_t effective_barrier(const struct libbc_resource *resource);
int fill_percent(const struct libbc_resource *resource, uint64_t value);
const char *value_text(const struct bcctl *ctl, uint64_t value,
		       enum libbc_unit unit, char buf[LIBBC_SIZE_LEN]);
char *read_all(FILE *in);
int write_atomically(const struct bcctl *ctl, const char *path,
		     const char *text, size_t bytes);

/* resources.c: what is known of a resource besides the kernel's files */
enum resource_kind {
	RESOURCE_LIMITED, /* requests are refused at its barrier and limit */
	RESOURCE_SHOWN, /* it is only counted, nothing is refused */
	RESOURCE_GUARANTEE, /* its barrier is what the group may rely on */
};

/* One above the highest number of a resource, which swappages has. */
#define RESOURCE_NUMBERS 25

const char *resource_numbered(size_t number);
const char *resource_text(const char *name);
enum resource_kind resource_kind(const char *name);
const char *resource_gap(const char *name);
const char *resource_instead(const char *name);

/* spec.c: RES=BAR[:LIM] */
struct spec {
	char *name;
	bool has_barrier, has_limit;
	uint64_t barrier, limit;
};

struct specs {
	struct spec *v;
	size_t count;
};

int specs_add(const struct bcctl *ctl, struct specs *specs,
	      const struct libbc_account *account, const char *text);
struct spec *specs_named(struct specs *specs, const char *name);
void specs_drop(struct specs *specs, size_t index);
int specs_known(const struct bcctl *ctl, const struct specs *specs,
		const struct libbc_account *account);
int specs_merge(const struct bcctl *ctl, struct specs *specs,
		struct specs *from);
int specs_fill(const struct specs *specs, struct libbc_settings *settings);
int specs_apply(const struct bcctl *ctl, const struct specs *specs,
		const struct libbc_group *group);
void specs_print(FILE *out, const struct specs *specs);
void specs_free(struct specs *specs);

/* rules.c */
void rules_check(struct bcctl *ctl, const struct libbc_group *group,
		 const struct libbc_account *account,
		 const struct specs *specs);

/* guard.c */
int guarded(int (*work)(void *arg), void *arg);
int guarded_apply(const struct libbc_settings *settings,
		  const struct libbc_group *group);

/* meminfo.c */
int meminfo_read(const struct bcctl *ctl, uint64_t *ram, uint64_t *swap);

/* strings.c */
const char *nearest(const char *name,
		    const char *(*candidate)(const void *from, size_t index),
		    const void *from);

#endif

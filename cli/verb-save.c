// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl save - write the limits of a group to a file that "bcctl apply" reads.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "policy.h"

/* Print the exact value, with a letter only if nothing is lost. */
static void print_exact(FILE *out, uint64_t value, enum libbc_unit unit)
{
	static const char letters[] = "KMGT";
	uint64_t page = sysconf(_SC_PAGESIZE), bytes = value;
	size_t i;

	if (value == LIBBC_MAX) {
		fputs("max", out);
		return;
	}
	if (unit == LIBBC_PAGES &&
	    __builtin_mul_overflow(value, page, &bytes)) {
		fprintf(out, "%lluP", (unsigned long long)value);
		return;
	}
	for (i = 0;
	     unit != LIBBC_ITEMS && bytes && letters[i] && !(bytes % 1024); i++)
		bytes /= 1024;
	fprintf(out, "%llu", (unsigned long long)bytes);
	if (i)
		fputc(letters[i - 1], out);
	else if (unit == LIBBC_PAGES)
		fputc('P', out);
}

/* Print a pattern that matches this group and no other. */
static void print_pattern(FILE *out, const char *path)
{
	for (; *path; path++)
		fprintf(out, strchr("*?[", *path) ? "[%c]" : "%c", *path);
}

/* Returns how many resources have been written. */
static size_t print_section(FILE *out, const char *path,
			    const struct libbc_account *account)
{
	size_t i, written = 0;

	fputs("# Written by bcctl save.\n[", out);
	print_pattern(out, path + 1);
	fputs("]\n", out);
	for (i = 0; i < libbc_account_count(account); i++) {
		const struct libbc_resource *resource =
			libbc_account_get(account, i);
		uint64_t barrier =
			libbc_resource_value(resource, LIBBC_BARRIER);
		uint64_t limit = libbc_resource_value(resource, LIBBC_LIMIT);
		enum libbc_unit unit = libbc_resource_unit(resource);
		enum resource_kind kind =
			resource_kind(libbc_resource_name(resource));

		if (kind == RESOURCE_GUARANTEE)
			limit = LIBBC_MAX;
		if ((barrier == LIBBC_MAX && limit == LIBBC_MAX) ||
		    kind == RESOURCE_SHOWN)
			continue;
		fprintf(out, "%s = ", libbc_resource_name(resource));
		print_exact(out, barrier, unit);
		fputc(':', out);
		print_exact(out, limit, unit);
		fputc('\n', out);
		written++;
	}
	return written;
}

/* groups.d/system.slice-web.service.conf */
static int default_file(struct bcctl *ctl, const char *path, char **file)
{
	char *at;

	if (asprintf(file, "%s%s/%s.conf", ctl->sysroot ? ctl->sysroot : "",
		     POLICY_DIRECTORY, path + 1) < 0)
		return no_memory(ctl);
	at = *file + strlen(*file) - strlen(path + 1) - strlen(".conf");
	for (; *at; at++)
		if (*at == '/')
			*at = '-';
	return 0;
}

static bool section_is(const struct section *section, const char *path)
{
	bool same = false;
	size_t bytes = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &bytes);

	if (out) {
		print_pattern(out, path);
		if (!fclose(out))
			same = !strcmp(section->pattern, text);
	}
	free(text);
	return same;
}

/* A group has one section, and a file with other sections is not replaced. */
static int check_place(struct bcctl *ctl, const char *path, const char *file)
{
	struct policy policy;
	int ret;
	size_t i;

	ret = policy_load(ctl, NULL, NULL, &policy);
	if (ret)
		return ret;
	for (i = 0; i < policy.count && !ret; i++) {
		const struct section *section = &policy.v[i];
		bool here = !strcmp(section->file, file);

		if (here == section_is(section, path))
			continue;
		if (here)
			fail(ctl,
			     "%s has a section [%s], too, which would be lost",
			     file, section->pattern + 1);
		else
			fail(ctl, "%s has its limits in %s:%u already", path,
			     section->file, section->line);
		hint("change it there: bcctl save %s --file - prints what to write",
		     path);
		ret = ctl->failure;
	}
	policy_free(&policy);
	return ret;
}

/* Make the directories of the machine's policy. */
static int make_directories(struct bcctl *ctl, const char *file)
{
	char *path = strdup(file), *slash;
	int ret = 0;

	if (!path)
		return no_memory(ctl);
	for (slash = strchr(path + 1, '/'); slash && !ret;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST && errno != EROFS)
			ret = fail(ctl, "cannot make the directory %s: %s",
				   path, strerror(errno));
		*slash = '/';
	}
	free(path);
	return ret;
}

static int write_file(struct bcctl *ctl, const char *path, const char *to,
		      const char *text, size_t bytes)
{
	char *file = NULL;
	int ret = 0;

	if (to && !strcmp(to, "-")) {
		fwrite(text, 1, bytes, stdout);
		return 0;
	}
	if (!to) {
		ret = default_file(ctl, path, &file) ?:
			      check_place(ctl, path, file);
		if (!ret)
			ret = make_directories(ctl, file);
		to = file;
	}
	if (!ret)
		ret = write_atomically(ctl, to, text, bytes);
	if (!ret)
		printf("%s\n", to);
	free(file);
	return ret;
}

static int save(struct bcctl *ctl, const struct libbc_group *group,
		const char *to)
{
	const char *path = libbc_group_path(group);
	struct libbc_account *account = NULL;
	size_t bytes = 0, written;
	char *text = NULL;
	FILE *out;
	int ret;

	ret = account_read(ctl, group, 0, &account);
	if (ret)
		return ret;
	out = open_memstream(&text, &bytes);
	written = out ? print_section(out, path, account) : 0;
	libbc_account_free(account);
	if (!out || fclose(out)) {
		ret = no_memory(ctl);
	} else if (!written) {
		ret = fail(ctl, "%s has no limits that could be saved", path);
		hint("bcctl set %s kmemsize=64M:72M", path);
	} else {
		ret = write_file(ctl, path, to, text, bytes);
	}
	free(text);
	return ret;
}

static int run_save(struct bcctl *ctl)
{
	struct libbc_group *group = NULL;
	const char *value, *to = NULL;
	int id, ret;

	while ((id = next_option(ctl, &value)) > 0)
		to = value;
	if (id < 0)
		return ctl->failure;
	if (ctl->argc != 1)
		return bad_usage(ctl, "one GROUP is needed");
	ret = target_open(ctl, ctl->argv[0], &group);
	if (!ret)
		ret = save(ctl, group, to);
	libbc_group_close(group);
	return ret;
}

static const struct opt opts[] = {
	{ 'f', "file", "FILE", "write to FILE; - is standard output" },
	{ 0 },
};

const struct verb save_verb = {
	.name = "save",
	.args = "GROUP|PID|.",
	.summary = "write the limits of a group to a file, for the next boot",
	.about =
		"Write the barriers and limits of GROUP that are not max to a file in\n"
		"/etc/bcctl/groups.d, and print its name. \"bcctl apply\" sets them again.",
	.opts = opts,
	.run = run_save,
};

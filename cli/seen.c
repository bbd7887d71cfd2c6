// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters at the time of the last "bcctl list -r", in a file of each user.
 *
 * The file has the ID of the boot, because a boot resets all counters, and for
 * each group a line "group ID PATH" and its counters in the form of
 * bc.resources. A group that was made anew under the same name has another ID.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "seen.h"

struct group {
	uint64_t id;
	char *path;
	struct libbc_account *account;
};

struct seen {
	char *directory, *file;
	char boot[64];
	struct group *groups;
	size_t count;
};

static int name_file(const struct bcctl *ctl, struct seen *seen)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int ret;

	if (state && *state == '/')
		ret = asprintf(&seen->directory, "%s/bcctl", state);
	else if (!geteuid())
		ret = asprintf(&seen->directory, "/var/lib/bcctl");
	else
		ret = asprintf(&seen->directory, "%s/.local/state/bcctl",
			       home ? home : "");
	if (ret < 0)
		seen->directory = NULL;
	else
		ret = asprintf(&seen->file, "%s/seen", seen->directory);
	if (ret < 0)
		seen->file = NULL;
	return ret < 0 ? no_memory(ctl) : 0;
}

static void read_boot(const struct bcctl *ctl, char boot[64])
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/sys/kernel/random/boot_id",
		 ctl->sysroot ? ctl->sysroot : "");
	file = fopen(path, "re");
	if (!file || !fgets(boot, 64, file))
		strcpy(boot, "unknown");
	boot[strcspn(boot, "\n")] = '\0';
	if (file)
		fclose(file);
}

/* Take "ID PATH", and the lines after it up to the next group. */
static int add_group(struct seen *seen, const char *head, const char *text,
		     size_t bytes)
{
	struct group *more, group = { 0 };
	const char *path = strchr(head, ' ');

	if (!path || sscanf(head, "%" SCNu64, &group.id) != 1 ||
	    libbc_account_parse(text, bytes, &group.account))
		return -EBADMSG;
	more = reallocarray(seen->groups, seen->count + 1, sizeof(*more));
	if (more)
		seen->groups = more;
	group.path = strndup(path + 1, strcspn(path + 1, "\n"));
	if (!more || !group.path) {
		free(group.path);
		libbc_account_free(group.account);
		return -ENOMEM;
	}
	seen->groups[seen->count++] = group;
	return 0;
}

static int parse(struct seen *seen, const char *text)
{
	size_t len = strlen(seen->boot);
	const char *at, *next;
	int ret = 0;

	/* The counters of another boot are of no use. */
	if (strncmp(text, "boot ", 5) || strncmp(text + 5, seen->boot, len) ||
	    text[5 + len] != '\n')
		return 0;
	for (at = strstr(text, "\ngroup "); at && !ret; at = next) {
		const char *body = strchr(at + 1, '\n');

		if (!body)
			return -EBADMSG;
		next = strstr(body, "\ngroup ");
		ret = add_group(seen, at + 7, body + 1,
				next ? (size_t)(next - body) :
				       strlen(body + 1));
	}
	return ret;
}

static int load(const struct bcctl *ctl, struct seen *seen)
{
	FILE *file;
	char *text;
	int ret;

	read_boot(ctl, seen->boot);
	ret = name_file(ctl, seen);
	if (ret)
		return ret;
	file = fopen(seen->file, "re");
	if (!file && errno == ENOENT)
		return 0;
	text = file ? read_all(file) : NULL;
	ret = text ? parse(seen, text) : -errno;
	if (file)
		fclose(file);
	free(text);
	if (ret == -EBADMSG) {
		fail(ctl, "%s is not what bcctl has written", seen->file);
		hint("remove it; all refusals count as new then");
		return ctl->failure;
	}
	return ret ? fail(ctl, "cannot read %s: %s", seen->file,
			  strerror(-ret)) :
		     0;
}

static void print_group(FILE *out, uint64_t id, const char *path,
			const struct libbc_account *account)
{
	size_t i;

	fprintf(out, "group %" PRIu64 " %s\n", id, path);
	for (i = 0; i < libbc_account_count(account); i++) {
		const struct libbc_resource *resource =
			libbc_account_get(account, i);

		fprintf(out,
			"%s failcnt=%" PRIu64 " failcnt_local=%" PRIu64 "\n",
			libbc_resource_name(resource),
			libbc_resource_value(resource, LIBBC_FAILCNT),
			libbc_resource_value(resource, LIBBC_FAILCNT_LOCAL));
	}
}

static bool below(const char *path, const char *top)
{
	size_t len = strlen(top);

	return !top[1] ||
	       (!strncmp(path, top, len) && (!path[len] || path[len] == '/'));
}

static int make_directory(const char *path)
{
	char *copy = strdup(path), *slash = copy;
	int ret = copy ? 0 : -ENOMEM;

	while (!ret && (slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		if (mkdir(copy, 0755) && errno != EEXIST)
			ret = -errno;
		*slash = '/';
	}
	if (!ret && mkdir(copy, 0755) && errno != EEXIST)
		ret = -errno;
	free(copy);
	return ret;
}

/* Save the counters of the snapshot, and old ones of groups outside of it. */
static int save(const struct bcctl *ctl, const struct seen *seen,
		const char *top, const struct snapshot *snapshot)
{
	char *text = NULL;
	size_t bytes = 0, i;
	FILE *out;
	int ret;

	ret = make_directory(seen->directory);
	if (ret)
		return fail(ctl, "cannot make %s: %s", seen->directory,
			    strerror(-ret));
	out = open_memstream(&text, &bytes);
	if (!out)
		return no_memory(ctl);
	fprintf(out, "boot %s\n", seen->boot);
	for (i = 0; i < snapshot->count; i++)
		if (snapshot->nodes[i].account)
			print_group(out, snapshot->nodes[i].id,
				    snapshot->nodes[i].path,
				    snapshot->nodes[i].account);
	for (i = 0; i < seen->count; i++)
		if (!below(seen->groups[i].path, top))
			print_group(out, seen->groups[i].id,
				    seen->groups[i].path,
				    seen->groups[i].account);
	ret = fclose(out) ? no_memory(ctl) :
			    write_atomically(ctl, seen->file, text, bytes);
	free(text);
	return ret;
}

static const struct group *find(const struct seen *seen,
				const struct node *node, size_t *near)
{
	size_t i;

	for (i = 0; i < seen->count; i++) {
		const struct group *group =
			&seen->groups[(*near + i) % seen->count];

		if (group->id == node->id && !strcmp(group->path, node->path)) {
			*near += i + 1;
			return group;
		}
	}
	return NULL;
}

static void unload(struct seen *seen)
{
	size_t i;

	for (i = 0; i < seen->count; i++) {
		free(seen->groups[i].path);
		libbc_account_free(seen->groups[i].account);
	}
	free(seen->groups);
	free(seen->directory);
	free(seen->file);
}

int seen_since(struct bcctl *ctl, const char *top, struct snapshot *snapshot)
{
	struct seen seen = { NULL };
	size_t i, near = 0;
	int ret;

	ret = load(ctl, &seen);
	if (!ret)
		ret = save(ctl, &seen, top, snapshot);
	for (i = 0; !ret && i < snapshot->count; i++) {
		const struct node *node = &snapshot->nodes[i];
		const struct group *group = find(&seen, node, &near);

		if (group && node->account)
			libbc_account_since(node->account, group->account);
	}
	unload(&seen);
	return ret;
}

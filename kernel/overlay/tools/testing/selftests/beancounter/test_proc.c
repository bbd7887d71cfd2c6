// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/user_beancounters and /proc/bc, which exist in a kernel with
 * bc_proc=on.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bc_jobs.h"

#define PROC "/proc/user_beancounters"
#define DIR_BC "/proc/bc"
#define ALL DIR_BC "/resources"

static char text[1 << 20];

static void need_proc(void)
{
	if (bc_slurp_path("/proc/cmdline", text, sizeof(text)) <= 0 ||
	    !strstr(text, "bc_proc=on"))
		bc_skip("not booted with bc_proc=on");
}

/* Without bc_proc=on, nobody takes the machine for a guest of OpenVZ. */
static void proc_boot_option(struct bc_group *g)
{
	bool on;

	(void)g;
	bc_true(bc_slurp_path("/proc/cmdline", text, sizeof(text)) > 0);
	on = strstr(text, "bc_proc=on");
	bc_eq(access(PROC, F_OK), on ? 0 : -1);
	bc_eq(access(DIR_BC, F_OK), on ? 0 : -1);
}

/* The number of a group: the part of the inode number that fits into an int. */
static unsigned int group_id(const struct bc_group *g)
{
	struct stat st;

	bc_sys(stat(g->path, &st));
	return st.st_ino;
}

/* The lines of a group in a file that has all of them. */
static char *group_in(const char *file, const struct bc_group *g)
{
	char uid[32], *at;

	need_proc();
	bc_true(bc_slurp_path(file, text, sizeof(text)) > 0);
	/* "%10s" of the number and a colon. */
	snprintf(uid, sizeof(uid), "\n%9u:  kmemsize ", group_id(g));
	at = strstr(text, uid);
	bc_true(at);
	return at + 1;
}

static char *proc_group(const struct bc_group *g)
{
	return group_in(PROC, g);
}

/* The value of a column in the row of @name; the rows end with another group. */
static long long proc_value(char *at, const char *name, int column)
{
	unsigned long long v[5];
	char row[32];
	int i;

	for (i = 0; *at && (!i || *at == ' '); i++) {
		if (i && memchr(at, ':', 12))
			break;
		if (sscanf(at + 12, "%31s %llu %llu %llu %llu %llu", row, v,
			   v + 1, v + 2, v + 3, v + 4) == 6 &&
		    !strcmp(row, name))
			return v[column];
		at = strchr(at, '\n') + 1;
	}
	return -1;
}

enum { HELD, MAXHELD, BARRIER, LIMIT, FAILCNT };

/* Written by hand after the description of format 2.5 on 64-bit machines. */
static const char head[] =
	"Version: 2.5\n"
	"       uid  resource                     held              maxheld              barrier                limit              failcnt\n";

static const char *const rows[] = {
	"kmemsize    ", "lockedpages ", "privvmpages ", "shmpages    ",
	"dummy       ", "numproc     ", "physpages   ", "vmguarpages ",
	"oomguarpages", "numtcpsock  ", "numflock    ", "numpty      ",
	"numsiginfo  ", "tcpsndbuf   ", "tcprcvbuf   ", "othersockbuf",
	"dgramrcvbuf ", "numothersock", "dcachesize  ", "numfile     ",
	"dummy       ", "dummy       ", "dummy       ", "numiptent   ",
};

static void proc_format(struct bc_group *g)
{
	const char zeros[] =
		"                    0                    0                    0                    0                    0\n";
	char *at;
	int i;

	bc_set_key(g, "bc.barrier", "privvmpages", 65536);
	bc_set_key(g, "bc.limit", "privvmpages", BC_MAX);
	at = proc_group(g);
	bc_eq(strncmp(text, head, strlen(head)), 0);
	for (i = 0; i < 24; i++, at = strchr(at, '\n') + 1) {
		/* "%10s  %-12s" and five times " %20lu" */
		bc_eq(strchr(at, '\n') - at, 24 + 5 * 21);
		bc_eq(strncmp(at + 12, rows[i], 12), 0);
		bc_true(i == 0 || !strncmp(at, "            ", 12));
		if (!strncmp(rows[i], "dummy", 5))
			bc_eq(strncmp(at + 24, zeros, strlen(zeros)), 0);
	}
	at = proc_group(g);
	bc_eq(proc_value(at, "privvmpages", BARRIER), 65536);
	bc_eq(proc_value(at, "privvmpages", LIMIT), BC_MAX);
	bc_eq(proc_value(at, "kmemsize", BARRIER), BC_MAX);
}

/*
 * Nothing without a limit looks full: rows without one, rows that are not
 * counted, the root.
 */
static void unlimited(char *at)
{
	char row[16];
	int i;

	for (i = 0; i < 24; i++) {
		if (!strncmp(rows[i], "dummy", 5))
			continue;
		snprintf(row, sizeof(row), "%.*s", (int)strcspn(rows[i], " "),
			 rows[i]);
		bc_note("%s", row);
		bc_eq(proc_value(at, row, BARRIER), BC_MAX);
		bc_eq(proc_value(at, row, LIMIT), BC_MAX);
		bc_eq(proc_value(at, row, FAILCNT), 0);
	}
	/* Nobody has looked up a name in a new group, and the root counts nothing. */
	bc_eq(proc_value(at, "dcachesize", MAXHELD), 0);
}

static void proc_unlimited(struct bc_group *g)
{
	char *root;

	unlimited(proc_group(g));
	root = strstr(text, "\n        0:  kmemsize ");
	bc_true(root);
	bc_eq(root - text, (long)strlen(head) - 1);
	unlimited(root + 1);
	bc_eq(proc_value(root + 1, "kmemsize", HELD), 0);
	bc_eq(proc_value(root + 1, "numproc", HELD), 0);
}

static void proc_values(struct bc_group *g)
{
	struct bc_worker w;
	char *at;

	need_proc();
	bc_worker_start(&w, g);
	bc_set_key(g, "bc.limit", "numproc", 1);
	bc_eq(bc_call(&w, bc_fork, 0), -1);
	at = proc_group(g);
	bc_eq(proc_value(at, "numproc", HELD), 1);
	bc_eq(proc_value(at, "numproc", MAXHELD), 1);
	bc_eq(proc_value(at, "numproc", LIMIT), 1);
	bc_eq(proc_value(at, "numproc", FAILCNT), 1);
	bc_eq(proc_value(at, "privvmpages", HELD),
	      bc_held_of(g, "privvmpages"));
	bc_worker_stop(&w);
}

/* In a sum over all groups each refusal is counted once. */
static void proc_failcnt(struct bc_group *g)
{
	struct bc_group sub;
	struct bc_worker w;

	need_proc();
	bc_group_make(&sub, g, "sub");
	bc_worker_start(&w, &sub);
	bc_set_key(&sub, "bc.limit", "numproc", 1);
	bc_eq(bc_call(&w, bc_fork, 0), -1);
	bc_eq(bc_resource(g, "numproc", "failcnt"), 1);
	bc_eq(proc_value(proc_group(&sub), "numproc", FAILCNT), 1);
	bc_eq(proc_value(proc_group(g), "numproc", FAILCNT), 0);
	bc_worker_stop(&w);
}

static long count(const char *what)
{
	const char *at = text;
	long n = 0;

	for (; (at = strstr(at, what)); at++)
		n++;
	return n;
}

/* A container sees its own group, and none of the groups below that. */
static long in_container(long unused)
{
	(void)unused;
	if (unshare(CLONE_NEWCGROUP) ||
	    bc_slurp_path(PROC, text, sizeof(text)) < 0)
		return -1;
	return count(":  kmemsize");
}

/* The root of the container has been removed: it must not see what is above instead. */
static long open_proc(long unused)
{
	int fd = open(PROC, O_RDONLY);

	(void)unused;
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static void proc_removed_root(struct bc_group *g)
{
	struct bc_group sub, other;
	struct bc_worker w;

	need_proc();
	bc_group_make(&sub, g, "sub");
	bc_group_make(&other, g, "other");
	bc_worker_start(&w, &sub);
	bc_eq(bc_call(&w, in_container, 0), 1);
	bc_eq(bc_group_attach(&other, w.pid), 0);
	bc_eq(bc_group_remove(&sub), 0);
	bc_eq(bc_call(&w, open_proc, 0), -1);
	bc_eq(w.error, ENODEV);
	bc_worker_stop(&w);
}

static char path[64];

static long open_path(long unused)
{
	int fd = open(path, O_RDONLY);

	(void)unused;
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static void proc_host_and_container(struct bc_group *g)
{
	struct bc_group sub;
	struct bc_worker w;
	struct stat st;

	need_proc();
	bc_sys(stat(PROC, &st));
	bc_eq(st.st_mode & 07777, 0400);
	bc_group_make(&sub, g, "sub");
	bc_worker_start(&w, g);
	/* The host sees all, and itself as 0. */
	bc_true(bc_slurp_path(PROC, text, sizeof(text)) > 0);
	bc_true(count(":  kmemsize") >= 3);
	bc_true(strstr(text, "\n        0:  kmemsize "));
	bc_eq(bc_call(&w, in_container, 0), 1);
	bc_worker_stop(&w);
	bc_worker_start_as(&w, g, BC_NOBODY_UID);
	bc_eq(bc_call(&w, open_proc, 0), -1);
	bc_eq(w.error, EACCES);
	bc_worker_stop(&w);
}

/* How often /proc/bc lists a group, or how many groups for NULL; -1 for an error. */
static long listed(const char *name)
{
	DIR *dir = opendir(DIR_BC);
	struct dirent *entry;
	long n = 0;

	if (!dir)
		return -1;
	while ((entry = readdir(dir)))
		if (name ? !strcmp(entry->d_name, name) :
			   entry->d_type == DT_DIR && entry->d_name[0] != '.')
			n++;
	closedir(dir);
	return n;
}

/* More groups than fit into one read; none comes twice. */
static void proc_many_groups(struct bc_group *g)
{
	struct bc_group sub[100];
	char name[16];
	int i;

	need_proc();
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "g%d", i);
		bc_group_make(&sub[i], g, name);
	}
	for (i = 0; i < 100; i++) {
		char uid[48];

		proc_group(&sub[i]);
		snprintf(uid, sizeof(uid), "%9u:  kmemsize ",
			 group_id(&sub[i]));
		bc_eq(count(uid), 1);
		snprintf(name, sizeof(name), "%u", group_id(&sub[i]));
		bc_eq(listed(name), 1);
	}
	for (i = 0; i < 100; i++)
		bc_eq(bc_group_remove(&sub[i]), 0);
	bc_eq(listed(name), 0);
	bc_eq(listed("0"), 1);
	bc_eq(listed("resources"), 1);
}

/* All counted resources, whether the format has them or not, and no dummies. */
static void proc_all_resources(struct bc_group *g)
{
	char *at, *line, *save = NULL;
	static char account[8192];
	struct stat st;

	at = group_in(ALL, g);
	bc_sys(stat(ALL, &st));
	bc_eq(st.st_mode & 07777, 0400);
	bc_sys(stat(DIR_BC, &st));
	bc_eq(st.st_mode & 07777, 0500);
	bc_eq(strncmp(text, head, strlen(head)), 0);
	bc_true(!strstr(text, "dummy"));
	bc_true(bc_slurp(g, "bc.resources", account, sizeof(account)) > 0);
	for (line = strtok_r(account, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		line[strcspn(line, " ")] = '\0';
		bc_note("%s", line);
		bc_eq(proc_value(at, line, BARRIER), BC_MAX);
	}
	bc_true(strstr(text, "\n        0:  kmemsize "));
}

static void path_of(const struct bc_group *g)
{
	snprintf(path, sizeof(path), DIR_BC "/%u/resources", group_id(g));
}

/* One group: the same lines without a head and a number. */
static void proc_one_group(struct bc_group *g)
{
	static char one[8192], all[8192];
	struct bc_group other;
	struct stat st;
	char *at, *end;

	bc_set_key(g, "bc.barrier", "numproc", 77);
	at = group_in(ALL, g);
	for (end = at + 12; *end && !memchr(end, ':', 12);)
		end = strchr(end, '\n') + 1;
	bc_true(end - at < (long)sizeof(all));
	memcpy(all, at, end - at);
	all[end - at] = '\0';
	memset(all, ' ', 12);
	path_of(g);
	bc_true(bc_slurp_path(path, one, sizeof(one)) > 0);
	bc_eq(strcmp(one, all), 0);
	bc_eq(proc_value(one, "numproc", BARRIER), 77);
	bc_sys(stat(path, &st));
	bc_eq(st.st_mode, S_IFREG | 0400);
	bc_eq(chmod(path, 0444), -1);
	*strrchr(path, '/') = '\0';
	bc_sys(stat(path, &st));
	bc_eq(st.st_mode, S_IFDIR | 0500);
	/* The root has a file, too. */
	bc_true(bc_slurp_path(DIR_BC "/0/resources", one, sizeof(one)) > 0);
	bc_eq(proc_value(one, "kmemsize", LIMIT), BC_MAX);
	/* Names that are not the number of a group. */
	bc_eq(access(DIR_BC "/00/resources", F_OK), -1);
	bc_eq(access(DIR_BC "/1/resources", F_OK), -1);
	bc_eq(access(DIR_BC "/2147483647", F_OK), -1);
	bc_eq(access(DIR_BC "/x", F_OK), -1);
	bc_eq(errno, ENOENT);
	/* A group that was removed. */
	bc_group_make(&other, g, "other");
	path_of(&other);
	bc_eq(access(path, F_OK), 0);
	bc_eq(bc_group_remove(&other), 0);
	bc_eq(access(path, F_OK), -1);
	bc_eq(errno, ENOENT);
}

/* A file that is open when the group goes: an error, or the values it had. */
static void proc_one_group_removed(struct bc_group *g)
{
	struct bc_group sub;
	int dir, fd;

	need_proc();
	bc_group_make(&sub, g, "sub");
	path_of(&sub);
	fd = bc_sys(open(path, O_RDONLY));
	*strrchr(path, '/') = '\0';
	dir = bc_sys(open(path, O_RDONLY | O_DIRECTORY));
	bc_eq(bc_group_remove(&sub), 0);
	bc_eq(openat(dir, "resources", O_RDONLY), -1);
	bc_eq(errno, ENOENT);
	bc_true(read(fd, text, sizeof(text)) > 0);
	close(fd);
	close(dir);
}

static int other_dir;

/*
 * Groups that the namespace hides do not exist, not even through files that
 * others have open.
 */
static long hidden_in_container(long unused)
{
	(void)unused;
	if (unshare(CLONE_NEWCGROUP))
		return -1;
	if (!access(path, F_OK) || errno != ENOENT)
		return 1;
	if (openat(other_dir, "resources", O_RDONLY) >= 0 || errno != ENOENT)
		return 2;
	if (!access(DIR_BC "/0", F_OK) || errno != ENOENT)
		return 3;
	if (listed(NULL) != 1)
		return 4;
	if (bc_slurp_path(ALL, text, sizeof(text)) < 0 ||
	    count(":  kmemsize") != 1)
		return 5;
	return 0;
}

static char own[64];

static long own_in_container(long unused)
{
	(void)unused;
	return bc_slurp_path(own, text, sizeof(text)) > 0;
}

static void proc_hidden_by_namespace(struct bc_group *g)
{
	struct bc_group mine, other;
	struct bc_worker w;

	need_proc();
	bc_group_make(&mine, g, "mine");
	bc_group_make(&other, g, "other");
	path_of(&mine);
	memcpy(own, path, sizeof(own));
	path_of(&other);
	/* The directory is in use, so that there is a dentry to be found. */
	*strrchr(path, '/') = '\0';
	other_dir = bc_sys(open(path, O_RDONLY | O_DIRECTORY));
	bc_worker_start(&w, &mine);
	bc_eq(bc_call(&w, hidden_in_container, 0), 0);
	bc_eq(bc_call(&w, own_in_container, 0), 1);
	bc_worker_stop(&w);
	/* For the host it is still there. */
	bc_eq(access(path, F_OK), 0);
	close(other_dir);
}

/*
 * The owner, whom the modes allow it, but without the capabilities for other
 * owners' files.
 */
static long open_without_caps(long unused)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2] = {};

	if (syscall(SYS_capset, &header, none))
		return 1;
	return open_path(unused);
}

static void proc_caps(struct bc_group *g)
{
	struct bc_worker w;

	need_proc();
	path_of(g);
	bc_worker_start_as(&w, g, BC_NOBODY_UID);
	bc_eq(bc_call(&w, open_path, 0), -1);
	bc_eq(w.error, EACCES);
	bc_worker_stop(&w);
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, open_path, 0), 0);
	bc_eq(bc_call(&w, open_without_caps, 0), -1);
	bc_eq(w.error, EACCES);
	bc_eq(bc_call(&w, open_proc, 0), -1);
	bc_eq(w.error, EACCES);
	bc_worker_stop(&w);
}

static const struct bc_case cases[] = {
	{ "boot_option", proc_boot_option },
	{ "format", proc_format },
	{ "unlimited", proc_unlimited },
	{ "values", proc_values },
	{ "failcnt", proc_failcnt },
	{ "host_and_container", proc_host_and_container },
	{ "many_groups", proc_many_groups },
	{ "removed_root", proc_removed_root },
	{ "all_resources", proc_all_resources },
	{ "one_group", proc_one_group },
	{ "one_group_removed", proc_one_group_removed },
	{ "hidden_by_namespace", proc_hidden_by_namespace },
	{ "caps", proc_caps },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

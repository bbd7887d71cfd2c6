// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups and their files.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bc_net.h"
#include "bc_util.h"

#define SETTLE_MS 15000 /* how long giving everything back may take */
#define NET_MS 2000 /* after this, network namespaces are flushed as well */
#define NO_HURRY_MS 5000 /* how long it may take without being hurried */
#define HURRY_MS 300 /* after this it is hurried along */

/* Set where all children may be waited for: a zombie holds what it is charged. */
bool bc_reaper;

long long bc_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

void bc_pause_ms(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

/* The cgroup2 mount; it is mounted here when a bare init has not done it. */
const char *bc_root(void)
{
	static char root[128];
	struct statfs fs;
	struct mntent *m;
	FILE *f;

	if (root[0])
		return root;
	if (!statfs("/sys/fs/cgroup", &fs) && fs.f_type == CGROUP2_SUPER_MAGIC)
		return strcpy(root, "/sys/fs/cgroup");
	f = setmntent("/proc/self/mounts", "r");
	while (f && (m = getmntent(f))) {
		if (!strcmp(m->mnt_type, "cgroup2")) {
			snprintf(root, sizeof(root), "%s", m->mnt_dir);
			break;
		}
	}
	if (f)
		endmntent(f);
	if (!root[0] && !mount("none", "/sys/fs/cgroup", "cgroup2", 0, NULL))
		strcpy(root, "/sys/fs/cgroup");
	return root[0] ? root : NULL;
}

void bc_group_make_bare(struct bc_group *g, const struct bc_group *parent,
			const char *name)
{
	int n;

	n = snprintf(g->path, sizeof(g->path), "%s/%s",
		     parent ? parent->path : bc_root(), name);
	if (n >= (int)sizeof(g->path))
		bc_fail(__FILE__, __LINE__, "the path of %s is too long", name);
	if (mkdir(g->path, 0755))
		bc_fail(__FILE__, __LINE__, "mkdir %s: %s", g->path,
			strerror(errno));
}

/*
 * Sets the limits to "max", so that they do not follow the barrier. A new
 * group's file reads like that, so what was read can be written back.
 */
void bc_group_make(struct bc_group *g, const struct bc_group *parent,
		   const char *name)
{
	char limits[4096];

	bc_group_make_bare(g, parent, name);
	if (bc_slurp(g, "bc.limit", limits, sizeof(limits)) > 0)
		bc_write(g, "bc.limit", limits);
}

void bc_group_kill(const struct bc_group *g)
{
	bc_write(g, "cgroup.kill", "1");
}

/* Removes the groups in a group. */
void bc_group_empty(const struct bc_group *g)
{
	struct bc_group sub;
	struct dirent *d;
	DIR *dir;

	dir = opendir(g->path);
	while (dir && (d = readdir(dir))) {
		if (d->d_type != DT_DIR || d->d_name[0] == '.')
			continue;
		if (snprintf(sub.path, sizeof(sub.path), "%s/%s", g->path,
			     d->d_name) < (int)sizeof(sub.path))
			bc_group_remove(&sub);
	}
	if (dir)
		closedir(dir);
}

/* Removes a group and the groups in it, and waits until its processes are gone. */
int bc_group_remove(const struct bc_group *g)
{
	long long end = bc_now_ms() + bc_patience(SETTLE_MS);

	bc_group_empty(g);
	while (rmdir(g->path)) {
		if (errno == ENOENT)
			return 0;
		if (errno != EBUSY || bc_now_ms() > end)
			return -errno;
		bc_group_kill(g);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		bc_pause_ms(2);
	}
	return 0;
}

int bc_open_file(const struct bc_group *g, const char *file, int flags)
{
	char path[384];

	snprintf(path, sizeof(path), "%s/%s", g->path, file);
	return open(path, flags | O_CLOEXEC);
}

int bc_write_raw(const struct bc_group *g, const char *file, const void *buf,
		 size_t len)
{
	int fd = bc_open_file(g, file, O_WRONLY);
	ssize_t n;
	int ret = 0;

	if (fd < 0)
		return -errno;
	n = write(fd, buf, len);
	if (n < 0)
		ret = -errno;
	else if ((size_t)n != len)
		ret = -EIO;
	close(fd);
	return ret;
}

int bc_write(const struct bc_group *g, const char *file, const char *text)
{
	return bc_write_raw(g, file, text, strlen(text));
}

/* Down to the children of @g. Returns false where there is no such controller. */
bool bc_enable_memory(const struct bc_group *g)
{
	struct bc_group level;
	char *slash = level.path + strlen(bc_root());
	bool ok = true;

	strcpy(level.path, g->path);
	for (;;) {
		char was = *slash;

		*slash = '\0';
		ok &= !bc_write(&level, "cgroup.subtree_control", "+memory");
		*slash = was;
		if (!was)
			return ok;
		slash += 1 + strcspn(slash + 1, "/");
	}
}

int bc_group_attach(const struct bc_group *g, pid_t pid)
{
	char text[24];

	snprintf(text, sizeof(text), "%d", pid);
	return bc_write(g, "cgroup.procs", text);
}

ssize_t bc_slurp_path(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		n = read(fd, buf + have, size - 1 - have);
		if (n < 0) {
			n = -errno;
			close(fd);
			return n;
		}
		have += n;
	} while (n && have < size - 1);
	close(fd);
	buf[have] = '\0';
	return have;
}

ssize_t bc_slurp(const struct bc_group *g, const char *file, char *buf,
		 size_t size)
{
	char path[384];

	snprintf(path, sizeof(path), "%s/%s", g->path, file);
	return bc_slurp_path(path, buf, size);
}

int bc_write_path(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* The value at @text, up to the end of the word. */
static long long parse_value(const char *text)
{
	if (!strncmp(text, "max", 3))
		return BC_MAX;
	if (!strncmp(text, "auto", 4))
		return BC_AUTO;
	return strtoll(text, NULL, 10);
}

long long bc_read_key(const struct bc_group *g, const char *file,
		      const char *key)
{
	char buf[4096], *line, *save = NULL;
	size_t len = strlen(key);
	ssize_t n;

	n = bc_slurp(g, file, buf, sizeof(buf));
	if (n < 0)
		bc_fail(__FILE__, __LINE__, "%s/%s: %s", g->path, file,
			strerror(-n));
	for (line = strtok_r(buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, key, len) && line[len] == ' ')
			return parse_value(line + len + 1);
	}
	bc_fail(__FILE__, __LINE__, "%s/%s has no %s", g->path, file, key);
}

/* A field of the line of @key in bc.resources. */
long long bc_resource(const struct bc_group *g, const char *key,
		      const char *field)
{
	char buf[4096], *at, *end, want[64];

	if (bc_slurp(g, "bc.resources", buf, sizeof(buf)) < 0)
		bc_fail(__FILE__, __LINE__, "cannot read %s/bc.resources",
			g->path);
	snprintf(want, sizeof(want), "%s ", key);
	for (at = buf; at && strncmp(at, want, strlen(want));
	     at = end ? end + 1 : NULL)
		end = strchr(at, '\n');
	if (!at)
		bc_fail(__FILE__, __LINE__, "bc.resources has no %s", key);
	end = strchr(at, '\n');
	if (end)
		*end = '\0';
	snprintf(want, sizeof(want), " %s=", field);
	at = strstr(at, want);
	if (!at)
		bc_fail(__FILE__, __LINE__, "%s in bc.resources has no %s", key,
			field);
	return parse_value(at + strlen(want));
}

int bc_set_key(const struct bc_group *g, const char *file, const char *key,
	       long long v)
{
	char text[96];

	if (v == BC_MAX)
		snprintf(text, sizeof(text), "%s max\n", key);
	else
		snprintf(text, sizeof(text), "%s %lld\n", key, v);
	return bc_write(g, file, text);
}

long long bc_held_of(const struct bc_group *g, const char *key)
{
	return bc_resource(g, key, "held");
}

long long bc_held(const struct bc_group *g)
{
	return bc_read_key(g, "bc.held", BC_KMEM);
}

long long bc_maxheld(const struct bc_group *g)
{
	return bc_read_key(g, "bc.maxheld", BC_KMEM);
}

long long bc_failcnt(const struct bc_group *g)
{
	return bc_read_key(g, "bc.failcnt", BC_KMEM);
}

long long bc_failcnt_local(const struct bc_group *g)
{
	return bc_read_key(g, "bc.failcnt.local", BC_KMEM);
}

long long bc_forced(const struct bc_group *g)
{
	return bc_resource(g, BC_KMEM, "forced");
}

static void set_kmem(const struct bc_group *g, const char *file,
		     long long bytes)
{
	int err = bc_set_key(g, file, BC_KMEM, bytes);

	if (err)
		bc_fail(__FILE__, __LINE__, "%lld to %s/%s: %s", bytes, g->path,
			file, strerror(-err));
}

void bc_set_barrier(const struct bc_group *g, long long bytes)
{
	set_kmem(g, "bc.barrier", bytes);
}

void bc_set_limit(const struct bc_group *g, long long bytes)
{
	set_kmem(g, "bc.limit", bytes);
}

void bc_reset_maxheld(const struct bc_group *g)
{
	set_kmem(g, "bc.maxheld", 0);
}

/*
 * A list of one or two objects is not shrunk at all: super_cache_scan() gives
 * it its part of very little, and rounds down. Looking up names that do not
 * exist makes the lists longer in the file systems that remember such names.
 */
static void lengthen_lists(void)
{
	const char *dirs[] = { "/sys/kernel", bc_root(), "/", "/dev",
			       "/sys/kernel/debug" };
	static unsigned int count;
	struct stat st;
	char name[192];
	size_t i;
	int k;

	for (i = 0; i < BC_COUNT(dirs); i++) {
		for (k = 0; k < 16; k++) {
			snprintf(name, sizeof(name), "%s/no-such-%u", dirs[i],
				 count++);
			stat(name, &st);
		}
	}
}

/*
 * Drops everything reclaimable that nobody uses, and pushes what waits for a
 * grace period: until then dentries, inodes and page cache nodes stay charged
 * to their payer. The 4 keeps this out of the kernel log.
 */
void bc_hurry(void)
{
	static bool quiet;

	lengthen_lists();
	if (!quiet)
		bc_write_path("/proc/sys/vm/drop_caches", "4");
	quiet = true;
	sync();
	bc_write_path("/proc/sys/vm/drop_caches", "3");
}

/*
 * A packet that one processor allocated and another one has read is freed by
 * the first, when it receives something again.
 */
static void receive_everywhere(void)
{
	int cpu, n = sysconf(_SC_NPROCESSORS_CONF);
	struct sockaddr_in sin;
	cpu_set_t one;
	int fd;

	fd = bc_bound_socket(SOCK_DGRAM, &sin);
	for (cpu = 0; cpu < n && cpu < CPU_SETSIZE; cpu++) {
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (!sched_setaffinity(0, sizeof(one), &one))
			sendto(fd, "", 1, 0, (struct sockaddr *)&sin,
			       sizeof(sin));
	}
}

/* The last network namespace that died is freed when the next one does. */
static void flush_net(void)
{
	pid_t pid = fork();

	if (!pid) {
		bc_own_net();
		receive_everywhere();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* What is held once it no longer changes and nothing can be dropped any more. */
long long bc_rest(const struct bc_group *g)
{
	long long held = -1, before, end = bc_now_ms() + bc_patience(SETTLE_MS);
	int same = 0;

	while (same < 3 && bc_now_ms() < end) {
		before = held;
		bc_hurry();
		bc_pause_ms(40);
		held = bc_held(g);
		same = held == before ? same + 1 : 0;
	}
	return held;
}

long long bc_wait_held(const struct bc_group *g, long long want)
{
	long long start = bc_now_ms(), held;
	long long hurried = start;
	bool flushed = false;
	int ms = 1;

	for (;;) {
		long long now = bc_now_ms();

		while (bc_reaper && waitpid(-1, NULL, WNOHANG) > 0)
			;
		held = bc_held(g);
		if (held == want || now - start > bc_patience(SETTLE_MS))
			return held;
		if (now - hurried > HURRY_MS) {
			bc_hurry();
			hurried = bc_now_ms();
			if (now - start > NET_MS && !flushed) {
				flush_net();
				flushed = true;
			}
		}
		bc_pause_ms(ms);
		ms = ms < 50 ? ms * 2 : 50;
	}
}

/* Notes in the report what a group holds. */
void bc_note_what(const struct bc_group *g)
{
	char buf[8192], *line, *save = NULL;

	if (bc_slurp(g, "bc.what", buf, sizeof(buf)) < 0)
		return;
	for (line = strtok_r(buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		bc_note("what: %s", line);
}

void bc_check_held(const char *file, int line, const struct bc_group *g,
		   long long want)
{
	long long held = bc_wait_held(g, want);

	if (held == want)
		return;
	bc_note_what(g);
	bc_fail(file, line, "%s holds %lld, %lld more than %lld",
		strrchr(g->path, '/') + 1, held, held - want, want);
}

/* What is held of @key as soon as it is @low to @high, or else at the end. */
long long bc_settled(const struct bc_group *g, const char *key, long long low,
		     long long high)
{
	long long end = bc_now_ms() + bc_patience(NO_HURRY_MS);
	int ms = 1;

	for (;;) {
		long long now = bc_now_ms(), held = bc_held_of(g, key);

		if ((held >= low && held <= high) || now > end)
			return held;
		bc_pause_ms(ms);
		ms = ms < 20 ? ms * 2 : 20;
	}
}

void bc_check_settled(const char *file, int line, const struct bc_group *g,
		      const char *key, long long low, long long high)
{
	char what[320];

	snprintf(what, sizeof(what), "%s held by %s", key,
		 strrchr(g->path, '/') + 1);
	bc_check_range(file, line, what, bc_settled(g, key, low, high), low,
		       high);
}

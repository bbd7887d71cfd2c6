// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the allocators of the running kernel take for an object, and with which
 * options it was built.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bc_util.h"

long bc_page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

long bc_bytes(long pages)
{
	return pages * bc_page_size();
}

int bc_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_CONF);
}

static long long slab_attr(const char *cache, const char *attr)
{
	char path[192], buf[64];

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/%s", cache, attr);
	if (bc_slurp_path(path, buf, sizeof(buf)) <= 0)
		return -1;
	return strtoll(buf, NULL, 10);
}

/*
 * The slot of an object in its slab's vector of owners: a pointer to the
 * beancounter, one to the objcg of memcg, one to the tag of the profiler.
 */
static long long owner_size(void)
{
	static long long size;

	if (!size)
		size = 8 + 8 * (bc_config("MEMCG") != 0) +
		       8 * (bc_config("MEM_ALLOC_PROFILING") > 0);
	return size;
}

long long bc_percpu_size(long bytes)
{
	long slots = (bytes + 3) / 4;

	return slots * (4LL * bc_cpus() + owner_size());
}

/* What is charged for an object of @cache, 0 when there is no such cache. */
static long long object_size(const char *cache)
{
	long long size = slab_attr(cache, "slab_size");

	/* An area of an address space pays for the nodes of the tree that it is in, too. */
	if (size > 0 && !strcmp(cache, "vm_area_struct"))
		size += 64;
	return size > 0 ? size + owner_size() : 0;
}

/* The blob that a security module, if there is one, keeps beside a file or an inode. */
static long long blob_size(const char *cache)
{
	const char *inode = strstr(cache, "inode_cache");

	if (!strcmp(cache, "filp"))
		return object_size("lsm_file_cache");
	return inode && strncmp(cache, "lsm_", 4) ?
		       object_size("lsm_inode_cache") :
		       0;
}

long long bc_slab_size(const char *cache)
{
	long long size = object_size(cache);

	return size > 0 ? size + blob_size(cache) : 0;
}

/* What is charged for an accounted kmalloc(@n), whether memcg accounts for it or not. */
long long bc_kmalloc_size(size_t n)
{
	static const char *const names[] = {
		"8",   "16",  "32", "64", "96", "128", "192",
		"256", "512", "1k", "2k", "4k", "8k",
	};
	long long page = bc_page_size();
	char cache[32];
	size_t i;

	for (i = 0; i < BC_COUNT(names); i++) {
		snprintf(cache, sizeof(cache), "kmalloc-cg-%s", names[i]);
		if (slab_attr(cache, "object_size") >= (long long)n)
			return bc_slab_size(cache);
	}
	while (page < (long long)n)
		page *= 2;
	return page;
}

/* 1 when the kernel has the option, 0 when it does not, -1 when it does not tell. */
int bc_config(const char *option)
{
	char line[256], want[128];
	int found = -1;
	FILE *f;

	f = popen("zcat /proc/config.gz 2>/dev/null", "r");
	if (!f)
		return -1;
	snprintf(want, sizeof(want), "CONFIG_%s=", option);
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, want, strlen(want)))
			found = 1;
		else if (found < 0)
			found = 0;
	}
	pclose(f);
	return found;
}

/* How long to wait for what takes @ms: longer if the kernel checks every access. */
int bc_patience(int ms)
{
	static int factor;

	if (!factor)
		factor = bc_config("KASAN") > 0 ? 5 : 1;
	return ms * factor;
}

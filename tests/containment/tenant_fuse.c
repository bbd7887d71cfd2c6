// SPDX-License-Identifier: GPL-2.0-only
/*
 * A FUSE file system of a tenant with one file. It answers all requests except
 * reads from the file and look-ups of other names.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tenant.h"

#define FILE_SIZE (64 << 20)

static struct fuse_attr attributes(unsigned long ino)
{
	struct fuse_attr a = {
		.ino = ino,
		.mode = ino == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0644,
		.nlink = 1,
		.size = FILE_SIZE,
		.blksize = 4096,
	};

	return a;
}

static void answer(int dev, unsigned long unique, void *data, size_t size)
{
	struct fuse_out_header out = {
		.len = sizeof(out) + size,
		.unique = unique,
	};
	struct iovec iov[2] = { { &out, sizeof(out) }, { data, size } };

	writev(dev, iov, 2);
}

static void refuse(int dev, unsigned long unique)
{
	struct fuse_out_header out = {
		.len = sizeof(out),
		.unique = unique,
		.error = -ENOSYS,
	};

	write(dev, &out, sizeof(out));
}

/* There is one name; a look-up of another waits for ever, as a read does. */
static bool known(const struct fuse_in_header *in)
{
	return !strcmp((const char *)(in + 1), "file");
}

static void serve_one(int dev, struct fuse_in_header *in)
{
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = 4096,
		.max_background = 65535,
		.congestion_threshold = 65535,
		.max_write = 4096,
	};
	struct fuse_entry_out entry = {
		.nodeid = 2,
		.entry_valid = 100000,
		.attr_valid = 100000,
		.attr = attributes(2),
	};
	struct fuse_attr_out attr = {
		.attr_valid = 100000,
		.attr = attributes(in->nodeid),
	};
	struct fuse_open_out open = { .fh = 1 };

	switch (in->opcode) {
	case FUSE_INIT:
		answer(dev, in->unique, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		if (known(in))
			answer(dev, in->unique, &entry, sizeof(entry));
		break;
	case FUSE_GETATTR:
		answer(dev, in->unique, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
		answer(dev, in->unique, &open, sizeof(open));
		break;
	case FUSE_READ:
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		refuse(dev, in->unique);
	}
}

static void __attribute__((noreturn)) serve(int dev)
{
	static char buf[1 << 16];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(dev, buf, sizeof(buf)) > 0)
		serve_one(dev, (void *)buf);
	_exit(0);
}

/*
 * The server is a process of its own: a task that waits for an answer cannot be
 * killed as long as a server exists that could give it.
 */
static int mount_file(void)
{
	int dev = open("/dev/fuse", O_RDWR);
	char options[96];
	pid_t pid;

	if (dev < 0)
		return -1;
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0", dev);
	mkdir("/tmp/fuse", 0700);
	if (mount("fuse", "/tmp/fuse", "fuse", 0, options))
		return -1;
	pid = fork();
	if (!pid)
		serve(dev);
	if (close(dev) || pid < 0)
		return -1;
	return open("/tmp/fuse/file", O_RDONLY);
}

/* Map another part of the file each time: pages that no other task waits for. */
void *never_comes(size_t size)
{
	static size_t given;
	static int file;
	void *at;

	if (!file)
		file = mount_file();
	at = mmap(NULL, size, PROT_READ, MAP_SHARED, file,
		  given % (FILE_SIZE / 2));
	given += 4096;
	return at == MAP_FAILED ? NULL : at;
}

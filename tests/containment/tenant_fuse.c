// SPDX-License-Identifier: GPL-2.0-only
/*
 * A FUSE file system of a tenant with some files. It answers all requests except
 * reads from a file, writes to it, syncs of it, and look-ups of other names. Other files
 * can be written: what was written there can be read, and nothing else.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fuse.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bc_jobs.h"
#include "tenant.h"

#define FILE_SIZE FUSE_FILE_SIZE
/* Numbers of files that can be written begin here. */
#define PARTS 1000000
/* The largest request of a server that does not ask for larger ones. */
#define RETRIEVED (32 * 4096)

/* What a request may have with FUSE_MAX_PAGES. */
#define LARGEST (1024 * 1024)

unsigned int fuse_wants, fuse_opens, fuse_ahead = 4096;

/* In memory of all processes: up when a server has kept a request without an answer. */
static sem_t *unanswered;

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

/*
 * The file of a name: "file", "file1" and so on, or "part", "part1" and so on, which can
 * be written; 0 for another name, whose look-up waits for ever, as a read does.
 */
static unsigned long known(const struct fuse_in_header *in)
{
	const char *name = (const char *)(in + 1);

	if (!strncmp(name, "part", 4))
		return PARTS + strtoul(name + 4, NULL, 10);
	return strncmp(name, "file", 4) ? 0 : 2 + strtoul(name + 4, NULL, 10);
}

/* A write, or a request to cut something out of a file. */
static bool change(int dev, struct fuse_in_header *in)
{
	const struct fuse_write_in *write = (const void *)(in + 1);
	struct fuse_write_out out = { 0 };

	if (in->nodeid < PARTS)
		return false;
	if (in->opcode == FUSE_WRITE) {
		out.size = write->size;
		answer(dev, in->unique, &out, sizeof(out));
	} else {
		answer(dev, in->unique, NULL, 0);
	}
	return true;
}

/* Answer a request: false if it is one that waits for ever. */
static bool serve_one(int dev, struct fuse_in_header *in)
{
	struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = fuse_ahead,
		.flags = FUSE_ASYNC_DIO | fuse_wants,
		.max_background = 65535,
		.congestion_threshold = 65535,
		.max_write = fuse_wants & FUSE_MAX_PAGES ? LARGEST : RETRIEVED,
		.max_pages = LARGEST / 4096,
	};
	struct fuse_entry_out entry = {
		.entry_valid = 100000,
		.attr_valid = 100000,
	};
	struct fuse_attr_out attr = {
		.attr_valid = 100000,
		.attr = attributes(in->nodeid),
	};
	struct fuse_open_out open = { .fh = 1, .open_flags = fuse_opens };

	switch (in->opcode) {
	case FUSE_INIT:
		answer(dev, in->unique, &init, sizeof(init));
		break;
	case FUSE_LOOKUP:
		entry.nodeid = known(in);
		entry.attr = attributes(entry.nodeid);
		if (!entry.nodeid)
			return false;
		answer(dev, in->unique, &entry, sizeof(entry));
		break;
	case FUSE_GETATTR:
		answer(dev, in->unique, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
		answer(dev, in->unique, &open, sizeof(open));
		break;
	case FUSE_WRITE:
	case FUSE_FALLOCATE:
		return change(dev, in);
	case FUSE_READ:
	case FUSE_FSYNC:
		return false;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		refuse(dev, in->unique);
	}
	return true;
}

static void __attribute__((noreturn)) serve(int dev)
{
	static char buf[LARGEST + 4096];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(dev, buf, sizeof(buf)) > 0) {
		if (!serve_one(dev, (void *)buf))
			sem_post(unanswered);
	}
	_exit(0);
}

/* Mount a file system without a server: the descriptor of its device, or -1. */
static int mount_at(const char *path)
{
	int dev = open("/dev/fuse", O_RDWR);
	char options[96];

	if (dev < 0)
		return -1;
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=0,group_id=0%s", dev,
		 fuse_ahead > 4096 ? ",max_read=4096" : "");
	mkdir(path, 0700);
	return mount("fuse", path, "fuse", 0, options) ? -1 : dev;
}

static bool make_semaphore(void)
{
	void *at = mmap(NULL, 4096, BC_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return false;
	unanswered = at;
	return !sem_init(unanswered, 1, 0);
}

/*
 * The server is a process of its own: a task that waits for an answer cannot be
 * killed as long as a server exists that could give it. Returns its process, or -1,
 * and stores the descriptor of the device.
 */
static pid_t start_server(const char *path, int *devp)
{
	pid_t pid;

	if (!unanswered && !make_semaphore())
		return -1;
	*devp = mount_at(path);
	if (*devp < 0)
		return -1;
	pid = fork();
	if (!pid)
		serve(*devp);
	return pid;
}

bool serve_files(const char *path)
{
	int dev;

	return start_server(path, &dev) > 0 && !close(dev);
}

static int mount_file(void)
{
	return serve_files("/tmp/fuse") ? open("/tmp/fuse/file", O_RDONLY) : -1;
}

/* Map another part of the file each time: pages that no other task waits for. */
static void *map_file(void *at, size_t size, int protection, int flags)
{
	static size_t given;
	static int file;

	if (!file)
		file = mount_file();
	at = mmap(at, size, protection, flags, file, given % (FILE_SIZE / 2));
	given += 4096;
	return at == MAP_FAILED ? NULL : at;
}

void *never_comes(size_t size)
{
	return map_file(NULL, size, PROT_READ, MAP_SHARED);
}

void *never_arrives(void)
{
	return map_file(NULL, 4096, BC_RW, MAP_PRIVATE);
}

void *mostly_there(size_t size)
{
	char *at = mmap(NULL, size, BC_RW, BC_ANON | MAP_POPULATE, -1, 0);

	if (at == MAP_FAILED ||
	    !map_file(at + size - 4096, 4096, BC_RW, MAP_PRIVATE | MAP_FIXED))
		return NULL;
	return at;
}

int open_part(long i, int flags)
{
	static bool mounted;
	char path[48];

	if (!mounted && !serve_files("/tmp/parts"))
		return -1;
	mounted = true;
	snprintf(path, sizeof(path), "/tmp/parts/part%ld", i);
	return open(path, flags);
}

bool fill_part(int file, off_t at, size_t size)
{
	static char data[LARGEST];

	return file >= 0 && pwrite(file, data, size, at) == (ssize_t)size;
}

bool cut_part(int file, off_t at, size_t size)
{
	return !fallocate(file, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, at,
			  size);
}

static int refused;

void has_returned(long result)
{
	if (result < 0)
		refused = errno;
	sem_post(unanswered);
	pause();
}

bool waits(void (*call)(long i), long i)
{
	struct timespec end;

	/* What earlier threads have asked for does not count. */
	while (!sem_trywait(unanswered))
		;
	if (!one_waiting(call, i))
		return false;
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec++;
	sem_timedwait(unanswered, &end);
	errno = refused;
	return !refused;
}

/* What the server tells the kernel without being asked. */
static bool notify(int dev, int code, void *arg, size_t size, size_t data_size)
{
	static char data[RETRIEVED];
	struct fuse_out_header out = {
		.len = sizeof(out) + size + data_size,
		.error = code,
	};
	struct iovec iov[3] = { { &out, sizeof(out) },
				{ arg, size },
				{ data, data_size } };

	return writev(dev, iov, 3) == (ssize_t)out.len;
}

/* Pages of a file that its server has asked for and does not read, cut from the file. */
static bool fuse_retrieved(long i)
{
	struct fuse_notify_store_out store = { .nodeid = 2, .size = RETRIEVED };
	struct fuse_notify_retrieve_out retrieve = { .nodeid = 2,
						     .size = RETRIEVED,
						     .notify_unique = i };
	struct fuse_notify_inval_inode_out cut = { .ino = 2 };
	static int dev, file;
	pid_t pid;

	if (!i) {
		pid = start_server("/tmp/fuse", &dev);
		if (pid < 0)
			return false;
		file = open("/tmp/fuse/file", O_PATH);
		/* From here on nobody reads what the kernel asks. */
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return file >= 0 &&
	       notify(dev, FUSE_NOTIFY_STORE, &store, sizeof(store),
		      RETRIEVED) &&
	       notify(dev, FUSE_NOTIFY_RETRIEVE, &retrieve, sizeof(retrieve),
		      0) &&
	       notify(dev, FUSE_NOTIFY_INVAL_INODE, &cut, sizeof(cut), 0);
}

/* Pages of a mapping that was removed, which a direct read without an answer keeps. */
static bool fuse_direct_reads(long i)
{
	static aio_context_t aio;
	static int file;
	char *at = mmap(NULL, RETRIEVED, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	struct iocb io = { .aio_lio_opcode = IOCB_CMD_PREAD,
			   .aio_buf = (unsigned long)at,
			   .aio_nbytes = RETRIEVED,
			   .aio_offset = i % 2 * 4096 },
		    *list = &io;

	if (!i) {
		file = mount_file();
		if (file < 0 || fcntl(file, F_SETFL, O_DIRECT) ||
		    syscall(SYS_io_setup, 1000, &aio))
			return false;
	}
	io.aio_fildes = file;
	return at != MAP_FAILED && syscall(SYS_io_submit, aio, 1, &list) == 1 &&
	       !munmap(at, RETRIEVED);
}

/* Requests to sync a file whose server does not answer. */
static bool fuse_syncs(long i)
{
	static aio_context_t aio;
	struct iocb io = { .aio_lio_opcode = IOCB_CMD_FSYNC }, *list = &io;
	static int file;

	if (!i) {
		file = mount_file();
		if (file < 0 || syscall(SYS_io_setup, 1000, &aio))
			return false;
	}
	io.aio_fildes = file;
	return syscall(SYS_io_submit, aio, 1, &list) == 1;
}

/* A task that writes more has to wait until a server has written them. */
#define WRITTEN (30 * 4096)

static void serve_until_write(int dev)
{
	static struct {
		struct fuse_in_header head;
		char data[2 * RETRIEVED];
	} in;

	while (read(dev, &in, sizeof(in)) > 0 && in.head.opcode != FUSE_WRITE)
		serve_one(dev, &in.head);
}

/*
 * A process that serves each file system until something is written there. It alone
 * has the devices: a task that closes a file waits for what was written to it, and would
 * wait for ever for a device of its own. Returns a socket for the devices, or -1.
 */
static int start_keeper(void)
{
	int fd[2], dev;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd))
		return -1;
	if (fork())
		return close(fd[0]) ? -1 : fd[1];
	close(fd[1]);
	while (bc_take_over(fd[0], &dev, 0) == 1)
		serve_until_write(dev);
	pause();
	_exit(0);
}

static void write_and_wait(long i)
{
	static char data[WRITTEN];
	char name[32];
	int file;

	snprintf(name, sizeof(name), "/tmp/fuse%ld/file", i);
	file = open(name, O_RDWR);
	/* By this task, or by a kernel thread. */
	if (pwrite(file, data, WRITTEN, 0) == WRITTEN) {
		if (i % 2)
			sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE);
		else
			syncfs(file);
	}
	pause();
}

/* Copies of pages that were written, on many mounts whose server does not answer. */
static bool fuse_written(long i)
{
	static int keeper;
	char path[32];
	int dev;

	fuse_wants = FUSE_WRITEBACK_CACHE;
	if (!i)
		keeper = start_keeper();
	snprintf(path, sizeof(path), "/tmp/fuse%ld", i);
	dev = mount_at(path);
	return keeper >= 0 && dev >= 0 && !bc_hand_over(keeper, &dev, 1) &&
	       !close(dev) && one_waiting(write_and_wait, i) && !usleep(5000);
}

void prepare_fuse(void)
{
	bc_sys(chmod("/dev/fuse", 0666));
}

#define WITH_FUSE(what, n)                                             \
	.name = #what, .prepare = prepare_fuse, .one = what, .max = n, \
	.tenant = true, .spaces = CLONE_NEWUSER | CLONE_NEWNS

const struct attack fuse_attacks[] = {
	{ WITH_FUSE(fuse_retrieved, 1000) },
	{ WITH_FUSE(fuse_syncs, 500) },
	{ WITH_FUSE(fuse_direct_reads, 250), .row = "lockedpages" },
	{ WITH_FUSE(fuse_written, 1000) },
};

const size_t nr_fuse_attacks = BC_COUNT(fuse_attacks);

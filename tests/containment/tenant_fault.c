// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that wait for a page of a FUSE file that never comes, and what they keep
 * meanwhile: pages that they have pinned, or copies of data that they have taken.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/if_alg.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bc_jobs.h"
#include "bc_net.h"
#include "bc_uring.h"
#include "tenant.h"

/* Bytes of memory that a thread pins, except the last page. */
#define PINNED (2 << 20)
/* The most that a ring of buffers or a request of FUSE may have. */
#define RING (512 << 10)
#define REQUEST (1024 * 1024)

static char *pinned;

/* Let a thread pin memory, up to the page that never comes, and unmap it. */
static bool pins(void (*call)(long i), long i, size_t size)
{
	pinned = mostly_there(size);
	return pinned && waits(call, i) && !munmap(pinned, size);
}

static void register_for_ever(long i)
{
	struct iovec iov = { pinned, PINNED };
	struct bc_uring ring;

	(void)i;
	if (bc_uring_setup(&ring, 1, 0) < 0)
		has_returned(-1);
	has_returned(syscall(SYS_io_uring_register, ring.fd,
			     IORING_REGISTER_BUFFERS, &iov, 1));
}

/*
 * Threads that register a buffer with io_uring, whose last page never comes; the others
 * have been unmapped.
 */
static bool pin_register(long i)
{
	return pins(register_for_ever, i, PINNED);
}

static void provide_for_ever(long i)
{
	struct bc_uring ring;

	(void)i;
	if (bc_uring_setup(&ring, 1, 0) < 0)
		has_returned(-1);
	has_returned(bc_uring_buffers(&ring, IORING_REGISTER_PBUF_RING, 1,
				      pinned,
				      RING / sizeof(struct io_uring_buf)));
}

/* Threads that give io_uring memory for a ring of buffers; its last page never comes. */
static bool pin_buffer_ring(long i)
{
	return pins(provide_for_ever, i, RING);
}

static void read_directly(long i)
{
	int file = open("/tmp/fuse/file1", O_RDONLY | O_DIRECT);

	(void)i;
	has_returned(pread(file, pinned, REQUEST, 0));
}

/* Threads that read from FUSE without a copy, to memory whose last page never comes. */
static bool pin_direct(long i)
{
	fuse_wants = FUSE_MAX_PAGES;
	return pins(read_directly, i, REQUEST);
}

/* The pages that vmsplice() takes in one step. */
#define STEP (16 * 4096)

static void give_for_ever(long i)
{
	struct iovec iov = { pinned, STEP };
	int fd[2];

	(void)i;
	has_returned(pipe(fd) ? -1 : vmsplice(fd[1], &iov, 1, 0));
}

/* Threads that give a pipe pages of memory whose last page never comes. */
static bool pin_vmsplice(long i)
{
	return pins(give_for_ever, i, STEP);
}

/* As much as a cipher takes at once. */
#define CIPHERED (50 * 4096)

static int start_cipher(void)
{
	struct sockaddr_alg sa = { .salg_family = AF_ALG,
				   .salg_type = "skcipher",
				   .salg_name = "cbc(aes)" };
	static const char key[16], data[CIPHERED];
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { (void *)data, sizeof(data) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int bound = socket(AF_ALG, SOCK_SEQPACKET, 0), fd;

	*c = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_ALG, ALG_SET_OP };
	if (bound < 0 || bind(bound, (struct sockaddr *)&sa, sizeof(sa)) ||
	    setsockopt(bound, SOL_ALG, ALG_SET_KEY, key, sizeof(key)))
		return -1;
	fd = accept(bound, NULL, NULL);
	close(bound);
	return fd < 0 || sendmsg(fd, &m, 0) != CIPHERED ? -1 : fd;
}

static int cipher;

static void decipher_for_ever(long i)
{
	(void)i;
	has_returned(recv(cipher, pinned, CIPHERED, 0));
}

/* Threads that let a cipher write to memory whose last page never comes. */
static bool pin_cipher(long i)
{
	cipher = start_cipher();
	return cipher >= 0 && pins(decipher_for_ever, i, CIPHERED);
}

static pid_t other;

/*
 * A process that maps memory of @size, says where, and unmaps it when it is told to. With
 * @hole its last page never comes.
 */
static void __attribute__((noreturn))
map_and_unmap(int fd, size_t size, bool hole)
{
	char *at, byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 1);
	do {
		if (hole)
			at = mostly_there(size);
		else
			at = mmap(NULL, size, BC_RW, BC_ANON | MAP_POPULATE, -1,
				  0);
		if (!at || at == MAP_FAILED || write(fd, &at, sizeof(at)) < 0)
			break;
	} while (read(fd, &byte, 1) == 1 && !munmap(at, size) &&
		 write(fd, &byte, 1) == 1);
	_exit(1);
}

static int start_other(size_t size, bool hole)
{
	int fd[2];

	/* Both have the same file system. */
	if (process_vm_writev(getpid(), NULL, 0, NULL, 0, 0) ||
	    !never_comes(4096) || socketpair(AF_UNIX, SOCK_STREAM, 0, fd))
		return -1;
	other = fork();
	if (!other)
		map_and_unmap(fd[1], size, hole);
	return other < 0 || close(fd[1]) ? -1 : fd[0];
}

/* Let a thread use what the other process maps, which is then unmapped. */
static bool uses_other(int fd, void (*call)(long i), long i)
{
	char byte = 0;

	if (fd < 0)
		return false;
	if (read(fd, &pinned, sizeof(pinned)) != sizeof(pinned)) {
		errno = ENOMEM;
		return false;
	}
	return waits(call, i) && write(fd, &byte, 1) == 1 &&
	       read(fd, &byte, 1) == 1;
}

static void copy_for_ever(long i)
{
	struct iovec to = { pinned, PINNED };
	struct iovec from = { never_comes(PINNED), PINNED };

	(void)i;
	has_returned(process_vm_writev(other, &from, 1, &to, 1, 0));
}

/* Pages that another process has unmapped, into which a copy never comes. */
static bool remote_copies(long i)
{
	static int fd;

	if (!i)
		fd = start_other(PINNED, false);
	return uses_other(fd, copy_for_ever, i);
}

static void read_other(long i)
{
	char byte;
	struct iovec to = { &byte, 1 }, from = { pinned, PINNED };

	(void)i;
	has_returned(process_vm_readv(other, &to, 1, &from, 1, 0));
}

/*
 * Threads that read memory of another process, whose last page never comes; the others
 * have been unmapped.
 */
static bool pin_remote(long i)
{
	static int fd;

	if (!i)
		fd = start_other(PINNED, true);
	return uses_other(fd, read_other, i);
}

/* The pages of a file that read() takes in one step. */
#define TAKEN (31 * 4096)

static int part;
static void *destination;

static void read_for_ever(long i)
{
	has_returned(pread(part, destination, TAKEN, i * TAKEN));
}

/*
 * Threads that read a file to memory that never comes; the pages that they have looked
 * up have been cut from it.
 */
static bool read_wait(long i)
{
	fuse_wants = FUSE_BIG_WRITES | FUSE_MAX_PAGES;
	if (!i)
		part = open_part(0, O_RDWR);
	destination = never_arrives();
	return destination && fill_part(part, i * TAKEN, TAKEN) &&
	       waits(read_for_ever, i) && cut_part(part, i * TAKEN, TAKEN);
}

/* The largest packet, which is all in its head if its sender has made the header. */
struct datagram {
	struct iphdr ip;
	struct udphdr udp;
	char data[65500 - sizeof(struct iphdr) - sizeof(struct udphdr)];
};

static int in;

static void receive_for_ever(long i)
{
	(void)i;
	has_returned(recv(in, destination, sizeof(struct datagram), 0));
}

/* Threads that have taken a datagram out of a socket, for memory that never comes. */
static bool udp_wait(long i)
{
	static struct datagram d = {
		.ip = { .version = 4,
			.ihl = 5,
			.ttl = 64,
			.protocol = IPPROTO_UDP },
		.udp.len = sizeof(d) - sizeof(d.ip),
	};
	static struct sockaddr_in sin;
	static int out;

	if (!i) {
		in = bc_bound_socket(SOCK_DGRAM, &sin);
		out = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
		d.ip.daddr = sin.sin_addr.s_addr;
		d.udp.dest = sin.sin_port;
		d.udp.len = htons(d.udp.len);
	}
	destination = never_arrives();
	return in >= 0 && destination &&
	       sendto(out, &d, sizeof(d), 0, (struct sockaddr *)&sin,
		      sizeof(sin)) == sizeof(d) &&
	       waits(receive_for_ever, i);
}

#define FAULT(what, n, own)                                            \
	.name = #what, .prepare = prepare_fuse, .one = what, .max = n, \
	.tenant = true, .spaces = CLONE_NEWUSER | CLONE_NEWNS | (own)
const struct attack fault_attacks[] = {
	{ FAULT(remote_copies, 500, 0), .row = "lockedpages", .tries = true },
	{ FAULT(pin_remote, 1000, 0), .row = "lockedpages", .tries = true },
	{ FAULT(pin_register, 1000, 0), .row = "lockedpages" },
	/* As much as a thread pays for anyway that waits for FUSE. */
	{ FAULT(pin_buffer_ring, 1000, 0) },
	{ FAULT(pin_direct, 1000, 0) },
	{ FAULT(pin_vmsplice, 1000, 0) },
	{ FAULT(pin_cipher, 1000, 0) },
	{ FAULT(read_wait, FUSE_FILE_SIZE / TAKEN, 0) },
	{ FAULT(udp_wait, 1000, CLONE_NEWNET) },
};

const size_t nr_fault_attacks = BC_COUNT(fault_attacks);

// SPDX-License-Identifier: GPL-2.0-only
/* Attacks of tenants with other kinds of sockets: AF_ALG, AF_VSOCK, AF_CAN. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/can.h>
#include <linux/can/bcm.h>
#include <linux/can/raw.h>
#include <linux/if_alg.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tenant.h"

static char data[65536];

static int alg_type(const char *type, const char *name)
{
	struct sockaddr_alg sa = { .salg_family = AF_ALG };
	int fd = socket(AF_ALG, SOCK_SEQPACKET, 0);

	strcpy((char *)sa.salg_type, type);
	strcpy((char *)sa.salg_name, name);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)))
		return -1;
	return fd;
}

/* Hashes that are begun and not finished. */
static bool alg_hashes(long i)
{
	static int type;
	int fd;

	if (!type)
		type = alg_type("hash", "sha256");
	if (type < 0)
		return false;
	fd = accept(type, NULL, NULL);
	return fd >= 0 && send(fd, data, 100 + i % 2, MSG_MORE) > 0;
}

/* Cipher instances, each with an expanded key. */
static bool alg_keys(long i)
{
	int fd = alg_type("aead", "gcm(aes)");

	data[0] = i;
	return fd >= 0 && !setsockopt(fd, SOL_ALG, ALG_SET_KEY, data, 16);
}

/* Data to be encrypted, whose result is never read. */
static bool alg_pages(long i)
{
	static int type;
	int fd;

	if (!type) {
		type = alg_type("skcipher", "cbc(aes)");
		if (type < 0 ||
		    setsockopt(type, SOL_ALG, ALG_SET_KEY, data, 16))
			return false;
	}
	fd = accept(type, NULL, NULL);
	if (fd < 0)
		return false;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (send(fd, data, 4096 + 16 * (i % 2), MSG_MORE) > 0)
		;
	return errno == EAGAIN;
}

/* Random number generators, an instance for each socket. */
static bool alg_generators(long i)
{
	int type = alg_type("rng", "stdrng"), fd;

	if (type < 0 || setsockopt(type, SOL_ALG, ALG_SET_KEY, data, i % 2))
		return false;
	fd = accept(type, NULL, NULL);
	close(type);
	return fd >= 0;
}

/* Append a name: generators of initial vectors around another algorithm. */
static void nested_name(char *name, unsigned long i)
{
	static const char *const hash[] = { "md5",     "sha1",	 "sha224",
					    "sha256",  "sha384", "sha512",
					    "sha3-256" };
	const char *h = hash[i % BC_COUNT(hash)];
	char inner[256], outer[256];

	snprintf(inner, sizeof(inner), "authenc(hmac(%s),rfc3686(ctr(aes)))",
		 h);
	/* The bits below the highest one are the generators, from the inside. */
	for (i = i / BC_COUNT(hash) + 1; i > 1; i >>= 1) {
		snprintf(outer, sizeof(outer), "%s(%s)",
			 i & 1 ? "seqiv" : "echainiv", inner);
		strcpy(inner, outer);
	}
	strncpy(name, inner, 103);
}

/* Instances of templates of algorithms within each other, which the kernel keeps. */
static bool alg_instances(long i)
{
	struct {
		unsigned short family;
		char type[14];
		unsigned int feat, mask;
		char name[104];
	} sa = { AF_ALG, "aead", 0, 0, "" };
	int fd = socket(AF_ALG, SOCK_SEQPACKET, 0);

	nested_name(sa.name, i);
	return fd >= 0 && !bind(fd, (struct sockaddr *)&sa, sizeof(sa)) &&
	       !close(fd);
}

/* Vsock connections, filled. */
static bool vsock_full(long i)
{
	static struct sockaddr_vm to = {
		.svm_family = AF_VSOCK,
		.svm_port = VMADDR_PORT_ANY,
		.svm_cid = 1 /* VMADDR_CID_LOCAL */,
	};
	socklen_t len = sizeof(to);
	static int server;
	int out, in;

	if (!server) {
		server = socket(AF_VSOCK, SOCK_STREAM, 0);
		if (server < 0 || bind(server, (struct sockaddr *)&to, len) ||
		    listen(server, 10) ||
		    getsockname(server, (struct sockaddr *)&to, &len))
			return false;
	}
	out = socket(AF_VSOCK, SOCK_STREAM, 0);
	if (out < 0 || connect(out, (struct sockaddr *)&to, sizeof(to)))
		return false;
	in = accept(server, NULL, NULL);
	fcntl(out, F_SETFL, O_NONBLOCK);
	while (send(out, data, sizeof(data) - i % 2, 0) > 0)
		;
	return in >= 0 && errno == EAGAIN;
}

/* Vsock connections that were closed before they were accepted. */
static bool vsock_unaccepted(long i)
{
	static struct sockaddr_vm to;
	socklen_t len = sizeof(to);
	static int server;
	int out, k;

	if (i % 16 == 0) {
		to = (struct sockaddr_vm){
			.svm_family = AF_VSOCK,
			.svm_port = VMADDR_PORT_ANY,
			.svm_cid = 1 /* VMADDR_CID_LOCAL */,
		};
		server = socket(AF_VSOCK, SOCK_STREAM, 0);
		if (server < 0 || bind(server, (struct sockaddr *)&to, len) ||
		    listen(server, 4096) ||
		    getsockname(server, (struct sockaddr *)&to, &len))
			return false;
	}
	for (k = 0; k < 256; k++) {
		out = socket(AF_VSOCK, SOCK_STREAM, 0);
		if (out < 0 || connect(out, (struct sockaddr *)&to, sizeof(to)))
			return false;
		close(out);
	}
	return true;
}

/* CAN filters of 512 ids, each of which is a receiver in lists of the kernel. */
static bool can_filters(long i)
{
	static struct can_filter f[512];
	int fd = socket(PF_CAN, SOCK_RAW, CAN_RAW), k;
	struct sockaddr_can any = { .can_family = AF_CAN };

	for (k = 0; k < 512; k++)
		f[k] = (struct can_filter){ .can_id = (i * 512 + k) & 0x7ff,
					    .can_mask = 0x7ff };
	return fd >= 0 && !bind(fd, (struct sockaddr *)&any, sizeof(any)) &&
	       !setsockopt(fd, SOL_CAN_RAW, CAN_RAW_FILTER, f, sizeof(f));
}

/* CAN jobs that wait for frames, 2048 for each socket. */
static bool can_jobs(long i)
{
	struct sockaddr_can any = { .can_family = AF_CAN };
	struct {
		struct bcm_msg_head head;
		struct can_frame frames[257];
	} job = {
		.head.opcode = RX_SETUP,
		.head.flags = SETTIMER,
		.head.can_id = i % 2048,
		.head.nframes = 257,
	};
	static int fd;

	if (i % 2048 == 0) {
		fd = socket(PF_CAN, SOCK_DGRAM, CAN_BCM);
		if (fd < 0 || connect(fd, (struct sockaddr *)&any, sizeof(any)))
			return false;
	}
	return write(fd, &job, sizeof(job)) > 0;
}

const struct attack proto_attacks[] = {
	TENANT(alg_hashes, 50000),    TENANT(alg_keys, 50000),
	TENANT(alg_pages, 500),	      TENANT(alg_generators, 20000),
	TENANT(vsock_full, 500),      TENANT(vsock_unaccepted, 1000),
	TENANT(can_filters, 1000),    TENANT(can_jobs, 20000),
	TENANT(alg_instances, 10000),
};

const size_t nr_proto_attacks = BC_COUNT(proto_attacks);

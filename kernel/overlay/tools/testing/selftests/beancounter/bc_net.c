// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bc_net.h"
#include "bc_util.h"

void bc_own_net(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd;

	if (unshare(CLONE_NEWNET))
		bc_skip("no network namespaces: %s", strerror(errno));
	fd = bc_sys(socket(AF_INET, SOCK_DGRAM, 0));
	ifr.ifr_flags = IFF_UP;
	bc_sys(ioctl(fd, SIOCSIFFLAGS, &ifr));
	close(fd);
}

struct sockaddr_in bc_loopback(int port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	return sin;
}

int bc_bound_socket(int type, struct sockaddr_in *sin)
{
	socklen_t len = sizeof(*sin);
	int fd = socket(AF_INET, type, 0), size = 8 << 20;

	*sin = bc_loopback(0);
	if (fd < 0 || bind(fd, (struct sockaddr *)sin, sizeof(*sin)) ||
	    getsockname(fd, (struct sockaddr *)sin, &len))
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

int bc_connected_socket(int type, int port)
{
	struct sockaddr_in sin = bc_loopback(port);
	int fd = socket(AF_INET, type, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&sin, sizeof(sin)))
		return -1;
	return fd;
}

int bc_reset_on_close(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

int bc_use_tls(int fd, int direction, long key)
{
	struct {
		unsigned short version, cipher;
		unsigned char iv[8], key[16], salt[4], seq[8];
	} info = { 0x0303, 51 /* TLS_CIPHER_AES_GCM_128 */, { key } };

	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", 4) && errno != EEXIST)
		return -1;
	return setsockopt(fd, 282 /* SOL_TLS */, direction, &info,
			  sizeof(info));
}

unsigned short bc_checksum(const void *at, size_t size)
{
	const unsigned short *word = at;
	unsigned int sum = 0;

	for (; size > 1; size -= 2)
		sum += *word++;
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16));
}

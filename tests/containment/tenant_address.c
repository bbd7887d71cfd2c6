// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attacks of tenants with addresses, and with what timers of the kernel make for each of
 * them: further addresses, routes and packets.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tenant.h"

/* Set what can be set for IPv6 on a device. */
static void set_device(const char *device, const char *what, const char *value)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", device,
		 what);
	bc_write_path(path, value);
}

/* Add an address with a network of its own. */
static bool add_network(int index, long i, uint32_t flags)
{
	struct ifaddrmsg m = { .ifa_family = AF_INET6,
			       .ifa_prefixlen = 64,
			       .ifa_index = index };
	struct in6_addr a = { .s6_addr = { 0x20, 1, 0xd, 0xb8 } };
	struct nlmsghdr *h;

	a.s6_addr32[1] = htonl(i);
	a.s6_addr32[3] = htonl(1);
	h = nl_request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &m, sizeof(m));
	mnl_attr_put(h, IFA_LOCAL, sizeof(a), &a);
	mnl_attr_put_u32(h, IFA_FLAGS, flags);
	return nl_do(h);
}

/* While the group is full, wait for what timers do, and go on. */
static bool full_or(bool done)
{
	if (!done && (errno == ENOBUFS || errno == ENOMEM)) {
		usleep(100000);
		return true;
	}
	return done;
}

/*
 * Anycast addresses and their routes, which a router gets for each of its addresses as
 * soon as nobody else has claimed it.
 */
static bool dad_anycast(long i)
{
	static int index;

	if (!i) {
		if (!add_device("bridge", "b0", NULL) || !dummy_device() ||
		    !set_master("d0", "b0"))
			return false;
		index = if_nametoindex("b0");
		set_device("b0", "dad_transmits", "0");
		set_device("b0", "forwarding", "1");
		set_device("all", "forwarding", "1");
	}
	return full_or(add_network(index, i, 0));
}

/* Let each address of the device have a temporary one, which is soon replaced. */
static bool prepare_temporary(const char *attempts)
{
	if (!dummy_device())
		return false;
	set_device("d0", "use_tempaddr", "2");
	set_device("d0", "temp_prefered_lft", "1");
	set_device("d0", "temp_valid_lft", "600000");
	set_device("d0", "regen_min_advance", "0");
	set_device("d0", "dad_transmits", "0");
	set_device("d0", "max_desync_factor", "0");
	set_device("d0", "regen_max_retry", attempts);
	return true;
}

#define WITH_TEMPORARY (IFA_F_MANAGETEMPADDR | IFA_F_NODAD)

/* Temporary addresses, of which a timer adds another one every second. */
static bool temp_addresses(long i)
{
	if (!i && !prepare_temporary("3"))
		return false;
	if (i < 700)
		return full_or(add_network(dummy_device(), i, WITH_TEMPORARY));
	usleep(100000);
	return true;
}

#define FILES 2000

static int files[FILES], nr_files;

static void add_files(int count)
{
	while (nr_files < count) {
		files[nr_files] = eventfd(0, 0);
		if (files[nr_files] < 0)
			break;
		nr_files++;
	}
}

/* Fill the group: with some small files, large pipes, and more small files. */
static void fill(void)
{
	static char data[65536];
	int fd[2];

	add_files(FILES / 2);
	while (!pipe2(fd, O_NONBLOCK) &&
	       write(fd[1], data, sizeof(data)) == sizeof(data))
		;
	add_files(FILES);
}

/*
 * Addresses for which there is room, but not for the temporary ones that belong to them:
 * the kernel tries again as often as the tenant has asked for.
 */
static bool endless_regeneration(long i)
{
	clock_t begin;
	bool done;

	if (!i) {
		if (!prepare_temporary("200000"))
			return false;
		fill();
	}
	if (!nr_files || close(files[--nr_files]))
		return false;
	begin = clock();
	done = add_network(dummy_device(), i, WITH_TEMPORARY) ||
	       errno == ENOBUFS || errno == ENOMEM;
	if (clock() - begin > CLOCKS_PER_SEC)
		bc_fail(__FILE__, __LINE__,
			"to add an address has taken more than a second");
	return done;
}

static bool add_address4(long i)
{
	struct ifaddrmsg m = { .ifa_family = AF_INET,
			       .ifa_prefixlen = 32,
			       .ifa_index = dummy_device() };
	uint32_t a = htonl(0x0a000001 + i);
	struct nlmsghdr *h;

	h = nl_request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &m, sizeof(m));
	mnl_attr_put(h, IFA_LOCAL, sizeof(a), &a);
	return nl_do(h);
}

/* Associations, and the addresses that SCTP tells the other end of each. */
#define ASSOCIATIONS 60

/* Messages by which SCTP associations tell the other end of each new address. */
static bool sctp_asconf(long i)
{
	int fd[2], k;

	if (!i) {
		bc_write_path("/proc/sys/net/sctp/addip_enable", "1");
		bc_write_path("/proc/sys/net/sctp/addip_noauth_enable", "1");
		bc_write_path("/proc/sys/net/sctp/default_auto_asconf", "1");
		if (!dummy_device())
			return false;
	}
	if (i < ASSOCIATIONS)
		return !stream(IPPROTO_SCTP, fd);
	/* The answers, without which there is only one message at a time. */
	if (i == ASSOCIATIONS && !delay(1, TWO_MINUTES))
		return false;
	for (k = 0; k < 20; k++) {
		if (!full_or(add_address4(i * 20 + k)))
			return false;
	}
	return true;
}

#define NET CLONE_NEWNET

const struct attack address_attacks[] = {
	TENANT_IN(dad_anycast, 60000, NET),
	TENANT_IN(temp_addresses, 60000, NET),
	TENANT_IN(endless_regeneration, 2000, NET),
	TENANT_IN(sctp_asconf, 60000, NET),
};

const size_t nr_address_attacks = BC_COUNT(address_attacks);

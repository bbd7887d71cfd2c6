// SPDX-License-Identifier: GPL-2.0-only
/*
 * Swap on a loop device.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/swap.h>
#include <unistd.h>

#include "bc_swap.h"
#include "bc_util.h"

#define PAGES 1024L

static char path[32];
static int device = -1;

/* Writes the first page as mkswap(8) does. */
static int make_swap(const char *file)
{
	long page = bc_page_size();
	char *first = calloc(1, page);
	unsigned int *info = (unsigned int *)(first + 1024);
	int fd = open(file, O_RDWR | O_CREAT, 0600);

	info[0] = 1; /* version */
	info[1] = PAGES - 1; /* the last page */
	memcpy(first + page - 10, "SWAPSPACE2", 10);
	if (fd < 0 || fallocate(fd, 0, 0, bc_bytes(PAGES)) ||
	    pwrite(fd, first, page, 0) != page) {
		close(fd);
		fd = -1;
	}
	free(first);
	return fd;
}

void bc_swap_on(void)
{
	struct loop_config config = { .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int control = open("/dev/loop-control", O_RDWR);
	int number = ioctl(control, LOOP_CTL_GET_FREE);
	int file = make_swap("swap");

	snprintf(path, sizeof(path), "/dev/loop%d", number);
	device = open(path, O_RDWR);
	config.fd = file;
	if (file < 0 || ioctl(device, LOOP_CONFIGURE, &config) ||
	    swapon(path, 0))
		bc_skip("no swap on a loop device: %s", strerror(errno));
	close(file);
	close(control);
}

void bc_swap_off(void)
{
	bc_sys(swapoff(path));
	close(device);
}

long long bc_swap_used(void)
{
	long long total = 0, left = 0;
	char buf[8192], *line;

	bc_slurp_path("/proc/meminfo", buf, sizeof(buf));
	line = strstr(buf, "SwapTotal:");
	if (line)
		total = strtoll(line + 10, NULL, 10);
	line = strstr(buf, "SwapFree:");
	if (line)
		left = strtoll(line + 9, NULL, 10);
	return (total - left) * 1024 / bc_page_size();
}

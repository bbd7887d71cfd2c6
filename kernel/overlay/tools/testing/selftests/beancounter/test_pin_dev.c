// SPDX-License-Identifier: GPL-2.0-only
/*
 * lockedpages: memory that devices keep pinned: RDMA, vDPA, iommufd. All of
 * these devices are software.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/vhost.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/rdma_netlink.h>
#include <rdma/siw-abi.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bc_pin.h"

#define RDMA_DEV "bcsiw"
#define VDPA_DEV "bcvdpa"
#define VDPA_IOVA 0x100000
#define HOLE_PAGES 1024L /* more than the 512 that vhost-vdpa pins at a time */

/* Netlink, to make devices. */

struct message {
	struct nlmsghdr head;
	char rest[512];
};

static void begin(struct message *m, int type, size_t size)
{
	memset(m, 0, sizeof(*m));
	m->head.nlmsg_len = NLMSG_LENGTH(size);
	m->head.nlmsg_type = type;
	m->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
}

static void add(struct message *m, int type, const char *text)
{
	struct nlattr *a = (void *)((char *)m + NLMSG_ALIGN(m->head.nlmsg_len));

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + strlen(text) + 1;
	memcpy((char *)a + NLA_HDRLEN, text, strlen(text));
	m->head.nlmsg_len =
		NLMSG_ALIGN(m->head.nlmsg_len) + NLA_ALIGN(a->nla_len);
}

/* Puts the first answer into @m. Returns 0 or a negative errno. */
static int ask(struct message *m, int protocol)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, protocol);
	struct nlmsgerr *e;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = send(fd, m, m->head.nlmsg_len, 0);
	if (n >= 0)
		n = recv(fd, m, sizeof(*m), 0);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0 || m->head.nlmsg_type != NLMSG_ERROR)
		return n < 0 ? n : 0;
	e = NLMSG_DATA(&m->head);
	return e->error;
}

/* RDMA: a device that is software, over the loopback. */

static int verbs = -1;
static unsigned int domain, region;

static void setup_rdma(void)
{
	struct message m;
	int ret;

	begin(&m, RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_NEWLINK), 0);
	add(&m, RDMA_NLDEV_ATTR_DEV_NAME, RDMA_DEV);
	add(&m, RDMA_NLDEV_ATTR_LINK_TYPE, "siw");
	add(&m, RDMA_NLDEV_ATTR_NDEV_NAME, "lo");
	ret = ask(&m, NETLINK_RDMA);
	if (ret && ret != -EEXIST)
		bc_skip("no soft iWARP: %s", strerror(-ret));
}

static int open_verbs(void)
{
	char path[512], name[64];
	struct dirent *d;
	int fd = -1;
	DIR *dir;

	dir = opendir("/sys/class/infiniband_verbs");
	while (dir && fd < 0 && (d = readdir(dir))) {
		snprintf(path, sizeof(path),
			 "/sys/class/infiniband_verbs/%s/ibdev", d->d_name);
		if (bc_slurp_path(path, name, sizeof(name)) <= 0 ||
		    strncmp(name, RDMA_DEV "\n", sizeof(RDMA_DEV)))
			continue;
		snprintf(path, sizeof(path), "/dev/infiniband/%s", d->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	return fd;
}

static long verb(int command, void *order, size_t size, size_t answer)
{
	struct ib_uverbs_cmd_hdr *head = order;

	head->command = command;
	head->in_words = size / 4;
	head->out_words = answer / 4;
	return write(verbs, order, size) == (ssize_t)size ? 0 : -1;
}

static long prep_rdma(long n)
{
	struct {
		struct ib_uverbs_get_context_resp resp;
		struct siw_uresp_alloc_ctx siw;
	} context;
	struct {
		struct ib_uverbs_cmd_hdr head;
		struct ib_uverbs_get_context cmd;
	} get = { .cmd.response = (unsigned long)&context };
	struct ib_uverbs_alloc_pd_resp pd;
	struct {
		struct ib_uverbs_cmd_hdr head;
		struct ib_uverbs_alloc_pd cmd;
	} alloc = { .cmd.response = (unsigned long)&pd };

	if (verbs >= 0)
		return 0;
	verbs = open_verbs();
	if (verbs < 0 || verb(IB_USER_VERBS_CMD_GET_CONTEXT, &get, sizeof(get),
			      sizeof(context)))
		return -1;
	if (verb(IB_USER_VERBS_CMD_ALLOC_PD, &alloc, sizeof(alloc), sizeof(pd)))
		return -1;
	domain = pd.pd_handle;
	return bc_pin_map(n);
}

static long do_rdma(long n)
{
	struct {
		struct ib_uverbs_reg_mr_resp resp;
		struct siw_uresp_reg_mr siw;
	} mr;
	struct {
		struct ib_uverbs_cmd_hdr head;
		struct ib_uverbs_reg_mr cmd;
		struct siw_ureq_reg_mr siw;
	} reg = {
		.cmd.response = (unsigned long)&mr,
		.cmd.start = (unsigned long)bc_pin_area,
		.cmd.length = bc_bytes(n),
		.cmd.hca_va = (unsigned long)bc_pin_area,
		.cmd.pd_handle = domain,
		.cmd.access_flags = 1, /* local write */
	};

	if (verb(IB_USER_VERBS_CMD_REG_MR, &reg, sizeof(reg), sizeof(mr)))
		return -1;
	region = mr.resp.mr_handle;
	return 0;
}

static long undo_rdma(long unused)
{
	struct {
		struct ib_uverbs_cmd_hdr head;
		struct ib_uverbs_dereg_mr cmd;
	} dereg = { .cmd.mr_handle = region };

	(void)unused;
	return verb(IB_USER_VERBS_CMD_DEREG_MR, &dereg, sizeof(dereg), 0);
}

/* vDPA: the simulator. */

static int vhost = -1;
static unsigned long iova = VDPA_IOVA;

enum { VDPA_DEV_NEW = 3, VDPA_MGMTDEV_NAME = 2, VDPA_NAME = 4 };

static void setup_vdpa(void)
{
	struct genlmsghdr *g;
	struct nlattr *a;
	char value[16];
	struct message m;
	int ret, family = 0;

	if (bc_slurp_path("/sys/module/vdpa_sim/parameters/use_va", value,
			  sizeof(value)) > 0 &&
	    value[0] == 'Y')
		bc_skip("the simulator pins nothing, see vdpa_sim.use_va");
	begin(&m, GENL_ID_CTRL, GENL_HDRLEN);
	g = NLMSG_DATA(&m.head);
	g->cmd = CTRL_CMD_GETFAMILY;
	g->version = 1;
	add(&m, CTRL_ATTR_FAMILY_NAME, "vdpa");
	ret = ask(&m, NETLINK_GENERIC);
	if (ret)
		bc_skip("no vDPA: %s", strerror(-ret));
	for (a = (void *)((char *)NLMSG_DATA(&m.head) + GENL_HDRLEN);
	     (char *)a < (char *)&m + m.head.nlmsg_len && a->nla_len;
	     a = (void *)((char *)a + NLA_ALIGN(a->nla_len))) {
		if (a->nla_type == CTRL_ATTR_FAMILY_ID)
			family = *(unsigned short *)((char *)a + NLA_HDRLEN);
	}
	begin(&m, family, GENL_HDRLEN);
	g = NLMSG_DATA(&m.head);
	g->cmd = VDPA_DEV_NEW;
	g->version = 1;
	add(&m, VDPA_MGMTDEV_NAME, "vdpasim_net");
	add(&m, VDPA_NAME, VDPA_DEV);
	ret = ask(&m, NETLINK_GENERIC);
	if (ret && ret != -EEXIST)
		bc_skip("no vDPA simulator: %s", strerror(-ret));
}

static long prep_vdpa(long n)
{
	if (vhost >= 0)
		return 0;
	vhost = open("/dev/vhost-vdpa-0", O_RDWR | O_CLOEXEC);
	if (vhost < 0 || ioctl(vhost, VHOST_SET_OWNER))
		return -1;
	return bc_pin_map(n);
}

static long iotlb(int type, long n)
{
	struct vhost_msg m = {
		.type = VHOST_IOTLB_MSG,
		.iotlb.iova = iova,
		.iotlb.size = bc_bytes(n),
		.iotlb.uaddr = (unsigned long)bc_pin_area,
		.iotlb.perm = VHOST_ACCESS_RW,
		.iotlb.type = type,
	};

	return write(vhost, &m, sizeof(m)) == sizeof(m) ? 0 : -1;
}

static long do_vdpa(long n)
{
	return iotlb(VHOST_IOTLB_UPDATE, n);
}

static long undo_vdpa(long n)
{
	return iotlb(VHOST_IOTLB_INVALIDATE, n);
}

/* In addition to what is mapped already. */
static long do_vdpa_beside(long n)
{
	long ret;

	iova += bc_bytes(HOLE_PAGES);
	ret = do_vdpa(n);
	iova = VDPA_IOVA;
	return ret;
}

/*
 * The device belongs to the machine. When the last user closes it, the simulator
 * makes new ranges in that user's name, and keeps them until the next one comes.
 */
static void leave_vdpa(void)
{
	close(bc_sys(open("/dev/vhost-vdpa-0", O_RDWR | O_CLOEXEC)));
}

/* Pages apart from each other; the last quarter of them is missing. */
static long prep_hole(long n)
{
	long i;

	bc_pin_area = mmap(NULL, bc_bytes(n), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bc_pin_area == MAP_FAILED)
		return -1;
	madvise(bc_pin_area, bc_bytes(n), MADV_NOHUGEPAGE);
	for (i = 0; i < n; i += 2)
		bc_pin_area[bc_bytes(i)] = 1;
	for (i = 1; i < n; i += 2)
		bc_pin_area[bc_bytes(i)] = 1;
	return munmap(bc_pin_area + bc_bytes(n - n / 4), bc_bytes(n / 4)) ||
	       prep_vdpa(n);
}

/* The call fails when one part is mapped in the device, and another only pinned. */
static void test_vdpa_hole(struct bc_group *g)
{
	struct bc_worker w;

	setup_vdpa();
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, prep_hole, HOLE_PAGES), 0);
	bc_eq(bc_call(&w, do_vdpa, BC_PIN_PAGES), 0);
	bc_eq(bc_call(&w, do_vdpa_beside, HOLE_PAGES), -1);
	bc_eq(bc_held_of(g, BC_LOCKED), BC_PIN_PAGES);
	bc_eq(bc_resource(g, BC_LOCKED, "maxheld"), HOLE_PAGES + BC_PIN_PAGES);
	/* To map the same range twice is an error, too. */
	bc_eq(bc_call(&w, do_vdpa, BC_PIN_PAGES), -1);
	bc_eq(bc_held_of(g, BC_LOCKED), BC_PIN_PAGES);
	bc_worker_stop(&w);
	bc_settles(g, BC_LOCKED, 0);
	leave_vdpa();
}

/* iommufd with its own test device. Only the needed part of its interface is here. */

static int iommu_fd = -1;
static unsigned int ioas;

#define IOMMU_IOVA 0x1000000UL
#define iommu_ioctl(nr, arg) ioctl(iommu_fd, _IO(';', nr), arg)

static long iommu_open(void)
{
	struct {
		unsigned int size, flags, id;
	} alloc = { sizeof(alloc) };
	/* As large as in any version; the rest is zero. */
	union {
		struct {
			unsigned int size, op, id;
		};
		char room[256];
	} mock = { .size = 64, .op = 2 /* MOCK_DOMAIN */ };

	if (iommu_ioctl(0x81, &alloc))
		return -1;
	ioas = alloc.id;
	mock.id = ioas;
	if (!iommu_ioctl(0xa0, &mock))
		return 0;
	/* There is no such test, or its argument is larger now. */
	mock.size = sizeof(mock);
	return iommu_ioctl(0xa0, &mock);
}

static long prep_iommu(long n)
{
	if (iommu_fd >= 0)
		return 0;
	iommu_fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	return iommu_fd < 0 || iommu_open() ? -1 : bc_pin_map(n);
}

/* Counted as VFIO does it: in the locked_vm of the process, where it is charged. */
static long prep_iommu_mm(long n)
{
	struct {
		unsigned int size, option;
		unsigned short op, reserved;
		unsigned int object;
		unsigned long long value;
	} mode = { .size = sizeof(mode), .value = 1 };

	if (iommu_fd >= 0)
		return 0;
	iommu_fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (iommu_fd < 0 || iommu_ioctl(0x87, &mode))
		return -1;
	return iommu_open() ? -1 : bc_pin_map(n);
}

static long do_iommu(long n)
{
	struct {
		unsigned int size, flags, ioas, reserved;
		unsigned long long user, length, iova;
	} map = {
		.size = sizeof(map),
		.flags = 7, /* at this address, to read and to write */
		.ioas = ioas,
		.user = (unsigned long)bc_pin_area,
		.length = bc_bytes(n),
		.iova = IOMMU_IOVA,
	};

	return iommu_ioctl(0x85, &map);
}

static long undo_iommu(long n)
{
	struct {
		unsigned int size, ioas;
		unsigned long long iova, length;
	} unmap = { sizeof(unmap), ioas, IOMMU_IOVA, bc_bytes(n) };

	return iommu_ioctl(0x86, &unmap);
}

BC_PIN_CASE(rdma, .setup = setup_rdma, .prepare = prep_rdma, .act = do_rdma,
	    .undo = undo_rdma, .pages = BC_PIN_PAGES, .error = ENOMEM)
static void test_vdpa(struct bc_group *g)
{
	static const struct bc_pin_kind k = {
		.setup = setup_vdpa,
		.prepare = prep_vdpa,
		.act = do_vdpa,
		.undo = undo_vdpa,
		.pages = BC_PIN_PAGES,
		.error = EFAULT,
	};

	bc_pin_test(g, &k);
	leave_vdpa();
}

BC_PIN_CASE(iommu, .prepare = prep_iommu, .act = do_iommu, .undo = undo_iommu,
	    .pages = BC_PIN_PAGES, .error = ENOMEM)
BC_PIN_CASE(iommu_mm, .prepare = prep_iommu_mm, .act = do_iommu,
	    .undo = undo_iommu, .pages = BC_PIN_PAGES, .error = ENOMEM,
	    .leaves = true)

static const struct bc_case cases[] = {
	{ "rdma", test_rdma },		 { "vdpa", test_vdpa },
	{ "vdpa_hole", test_vdpa_hole }, { "iommu", test_iommu },
	{ "iommu_mm", test_iommu_mm },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

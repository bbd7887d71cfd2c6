// SPDX-License-Identifier: GPL-2.0-only
/*
 * lockedpages: memory that sockets and devices keep pinned for as long as they
 * need it. Charged when they ask for it, to who asks; given back when it is
 * unpinned, whoever does that.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/genetlink.h>
#include <linux/io_uring.h>
#include <linux/vhost.h>
#include <net/if.h>
#include <netinet/in.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/rdma_netlink.h>
#include <rdma/siw-abi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bc_util.h"

#define LOCKED "lockedpages"
#define N 8L
#define WORST 2 /* pages more that a zero-copy send may take */
#define RDMA_DEV "bcsiw"
#define VDPA_DEV "bcvdpa"
#define VDPA_IOVA 0x100000
#define HOLE_PAGES 1024L /* more than vhost-vdpa pins at a time: 512 */

#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY 60
#endif
#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000
#endif

static char *area;

static long bytes(long pages)
{
	return pages * sysconf(_SC_PAGESIZE);
}

static long long held(const struct bc_group *g)
{
	return bc_resource(g, LOCKED, "held");
}

static long long settled(const struct bc_group *g, long long want)
{
	int i;

	for (i = 0; i < 500 && held(g) != want; i++)
		bc_pause_ms(20);
	return held(g);
}

static long prepare(long n)
{
	if (area)
		return 0;
	area = mmap(NULL, bytes(n), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	return area == MAP_FAILED ? -1 : 0;
}

/* Sockets. */

static int sender = -1, receiver = -1;

/* When it is closed it is gone, with what has not been sent. */
static long at_once(int fd)
{
	struct linger now = { 1, 0 };

	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static long close_sockets(long unused)
{
	(void)unused;
	if (receiver >= 0)
		close(receiver);
	receiver = -1;
	return close(sender);
}

static long zero_copy(int fd)
{
	int one = 1;

	return setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one));
}

/* A receiver that takes next to nothing: the rest stays with the sender. */
static long prep_tcp(long n)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int listener, one = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	sender = socket(AF_INET, SOCK_STREAM, 0);
	if (setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &one, sizeof(one)) ||
	    bind(listener, (struct sockaddr *)&a, sizeof(a)) ||
	    getsockname(listener, (struct sockaddr *)&a, &len) ||
	    listen(listener, 1) || zero_copy(sender) || at_once(sender) ||
	    connect(sender, (struct sockaddr *)&a, sizeof(a)))
		return -1;
	receiver = accept(listener, NULL, NULL);
	close(listener);
	return receiver < 0 || at_once(receiver) ? -1 : prepare(n);
}

static long do_tcp(long n)
{
	ssize_t sent =
		send(sender, area, bytes(n), MSG_ZEROCOPY | MSG_DONTWAIT);

	return sent < 0 ? -1 : 0;
}

static long prep_udp(long n)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9) };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sender = socket(AF_INET, SOCK_DGRAM, 0);
	if (connect(sender, (struct sockaddr *)&a, sizeof(a)) ||
	    zero_copy(sender))
		return -1;
	return prepare(n);
}

/* There is more to come, so it waits. */
static long do_udp(long n)
{
	ssize_t sent = send(sender, area, bytes(n), MSG_ZEROCOPY | MSG_MORE);

	return sent < 0 ? -1 : 0;
}

static long prep_udp_more(long n)
{
	return prep_udp(n) || do_udp(n / 2);
}

/* The same with io_uring. */

static int ring = -1;
static struct io_uring_params params;
static struct io_uring_sqe *sqes;
static char *rings;

#ifdef IORING_CQE_F_NOTIF

static long prep_uring(long n)
{
	if (prep_tcp(n))
		return -1;
	if (ring >= 0)
		return 0;
	memset(&params, 0, sizeof(params));
	ring = syscall(SYS_io_uring_setup, 4, &params);
	if (ring < 0)
		return -1;
	rings = mmap(NULL, bytes(1), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
	sqes = mmap(NULL, bytes(1), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
	return rings == MAP_FAILED || sqes == MAP_FAILED ? -1 : 0;
}

static unsigned int *at(unsigned int offset)
{
	return (unsigned int *)(rings + offset);
}

/* The result of the send; what comes later says that it is done with it. */
static long sent_by_ring(void)
{
	struct io_uring_cqe *cqes = (void *)at(params.cq_off.cqes), *cqe;
	unsigned int *head = at(params.cq_off.head);

	for (;;) {
		while (*head == __atomic_load_n(at(params.cq_off.tail),
						__ATOMIC_ACQUIRE)) {
			if (syscall(SYS_io_uring_enter, ring, 0, 1,
				    IORING_ENTER_GETEVENTS, NULL, 0) < 0)
				return -1;
		}
		cqe = &cqes[*head & *at(params.cq_off.ring_mask)];
		__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
		if (cqe->flags & IORING_CQE_F_NOTIF)
			continue;
		errno = cqe->res < 0 ? -cqe->res : 0;
		return cqe->res < 0 ? -1 : 0;
	}
}

static long do_uring(long n)
{
	unsigned int *tail = at(params.sq_off.tail);
	unsigned int i = *tail & *at(params.sq_off.ring_mask);

	memset(&sqes[i], 0, sizeof(sqes[i]));
	sqes[i].opcode = IORING_OP_SEND_ZC;
	sqes[i].fd = sender;
	sqes[i].addr = (unsigned long)area;
	sqes[i].len = bytes(n);
	sqes[i].msg_flags = MSG_DONTWAIT;
	at(params.sq_off.array)[i] = i;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 0, 0, NULL, 0) != 1)
		return -1;
	return sent_by_ring();
}

#else /* headers from before 6.0 */

static long prep_uring(long unused)
{
	(void)unused;
	errno = ENOSYS;
	return -1;
}

#define do_uring prep_uring

#endif

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

/* The first answer is in @m; 0 or a negative errno. */
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
	return prepare(n);
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
		.cmd.start = (unsigned long)area,
		.cmd.length = bytes(n),
		.cmd.hca_va = (unsigned long)area,
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
	return prepare(n);
}

static long iotlb(int type, long n)
{
	struct vhost_msg m = {
		.type = VHOST_IOTLB_MSG,
		.iotlb.iova = iova,
		.iotlb.size = bytes(n),
		.iotlb.uaddr = (unsigned long)area,
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

/* iommufd: its own test device. Of its interface only what is needed here. */

static int iommu_fd = -1;
static unsigned int ioas;

#define IOMMU_IOVA 0x1000000UL
#define iommu_ioctl(nr, arg) ioctl(iommu_fd, _IO(';', nr), arg)

static long iommu_open(void)
{
	struct {
		unsigned int size, flags, id;
	} alloc = { sizeof(alloc) };
	/* As large as any version, the rest being zero. */
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
	/* No such test, or it is larger now. */
	mock.size = sizeof(mock);
	return iommu_ioctl(0xa0, &mock);
}

static long prep_iommu(long n)
{
	if (iommu_fd >= 0)
		return 0;
	iommu_fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (iommu_fd < 0 || iommu_open())
		return -1;
	return prepare(n);
}

/* As VFIO does it: in the locked_vm of the process, where it is charged. */
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
	if (iommu_fd < 0 || iommu_ioctl(0x87, &mode) || iommu_open())
		return -1;
	return prepare(n);
}

static long do_iommu(long n)
{
	struct {
		unsigned int size, flags, ioas, reserved;
		unsigned long long user, length, iova;
	} map = { sizeof(map),	       7,	 ioas,	    0,
		  (unsigned long)area, bytes(n), IOMMU_IOVA };

	return iommu_ioctl(0x85, &map);
}

static long undo_iommu(long n)
{
	struct {
		unsigned int size, ioas;
		unsigned long long iova, length;
	} unmap = { sizeof(unmap), ioas, IOMMU_IOVA, bytes(n) };

	return iommu_ioctl(0x86, &unmap);
}

static const struct thing {
	const char *name;
	void (*setup)(void); /* makes what it needs, or skips the case */
	bc_job prepare;
	bc_job act;
	bc_job undo; /* after which it is prepared again */
	long pages; /* what it adds */
	int error; /* which is what the interface makes of ENOMEM */
	bool drops; /* refused, it gives up what it had */
	bool leaves; /* it does not outlive the process */
} things[] = {
	{ "tcp", NULL, prep_tcp, do_tcp, close_sockets, N + WORST, ENOBUFS },
	{ "udp", NULL, prep_udp, do_udp, close_sockets, N + WORST, ENOBUFS },
	{ "udp_more", NULL, prep_udp_more, do_udp, close_sockets, N + WORST,
	  ENOBUFS, true },
	{ "uring", NULL, prep_uring, do_uring, close_sockets, N + WORST,
	  ENOMEM },
	{ "rdma", setup_rdma, prep_rdma, do_rdma, undo_rdma, N, ENOMEM },
	{ "vdpa", setup_vdpa, prep_vdpa, do_vdpa, undo_vdpa, N, EFAULT },
	{ "iommu", NULL, prep_iommu, do_iommu, undo_iommu, N, ENOMEM },
	{ "iommu_mm", NULL, prep_iommu_mm, do_iommu, undo_iommu, N, ENOMEM,
	  false, true },
};

/* Without the right to lock more, and with a limit that is not in the way... */
static long lose_right(long pages)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];
	struct rlimit lock = { bytes(pages), bytes(pages) };

	if (setrlimit(RLIMIT_MEMLOCK, &lock) ||
	    syscall(SYS_capget, &head, data))
		return -1;
	data[0].effective &= ~(1U << CAP_IPC_LOCK);
	data[0].permitted &= ~(1U << CAP_IPC_LOCK);
	return syscall(SYS_capset, &head, data);
}

/* What is held then, if nothing else is. */
static long long start(struct bc_worker *w, const struct bc_group *g,
		       const struct thing *t, long limit)
{
	bc_worker_start(w, g);
	if (limit && bc_call(w, lose_right, limit))
		bc_fail(__FILE__, __LINE__, "capset: %s", strerror(w->error));
	if (bc_call(w, t->prepare, N) < 0) {
		if (w->error == ENOSYS || w->error == ENOENT ||
		    w->error == ENOTTY)
			bc_skip("not in this kernel: %s", strerror(w->error));
		bc_fail(__FILE__, __LINE__, "prepare: %s", strerror(w->error));
	}
	return held(g);
}

static void act(struct bc_worker *w, const struct thing *t)
{
	if (bc_call(w, t->act, N) < 0)
		bc_fail(__FILE__, __LINE__, "%s: %s", t->name,
			strerror(w->error));
}

static void granted(struct bc_group *g, const struct thing *t, long limit)
{
	struct bc_worker w;
	long long before = start(&w, g, t, limit);

	bc_set_key(g, "bc.barrier", LOCKED, before + t->pages);
	act(&w, t);
	bc_eq(held(g), before + t->pages);
	bc_eq(bc_call(&w, t->undo, N), 0);
	bc_eq(settled(g, 0), 0);
	bc_eq(bc_call(&w, t->prepare, N), 0);
	act(&w, t);
	bc_eq(held(g), before + t->pages);
	bc_eq(bc_resource(g, LOCKED, "failcnt"), 0);
	bc_eq(bc_resource(g, LOCKED, "forced"), 0);
	bc_worker_stop(&w);
	bc_eq(settled(g, 0), 0);
}

static void refused(struct bc_group *g, const struct thing *t, long limit)
{
	struct bc_worker w;
	long long before = start(&w, g, t, limit);

	bc_set_key(g, "bc.barrier", LOCKED, before + t->pages - 1);
	bc_eq(bc_call(&w, t->act, N), -1);
	bc_eq(w.error, t->error);
	bc_eq(settled(g, t->drops ? 0 : before), t->drops ? 0 : before);
	bc_eq(bc_resource(g, LOCKED, "failcnt"), 1);
	bc_set_key(g, "bc.barrier", LOCKED, BC_MAX);
	act(&w, t);
	bc_worker_stop(&w);
	bc_eq(settled(g, 0), 0);
}

/* Granted here, but not by RLIMIT_MEMLOCK. */
static void undone(struct bc_group *g, const struct thing *t)
{
	struct bc_worker w;
	long long before = start(&w, g, t, N / 2 + WORST);

	bc_eq(bc_call(&w, t->act, N), -1);
	bc_eq(settled(g, t->drops ? 0 : before), t->drops ? 0 : before);
	bc_eq(bc_resource(g, LOCKED, "failcnt"), 0);
	bc_worker_stop(&w);
	bc_eq(settled(g, 0), 0);
}

static long do_fork(long unused)
{
	pid_t pid = fork();

	(void)unused;
	if (!pid) {
		pause();
		_exit(0);
	}
	return pid;
}

/* Left to somebody in another group, who does not pay for it. */
static void inherited(struct bc_group *g, const struct thing *t)
{
	struct bc_group a, b;
	struct bc_worker w;
	long long all;
	long heir;

	bc_group_make(&a, g, "a");
	bc_group_make(&b, g, "b");
	all = start(&w, &a, t, 0) + t->pages;
	act(&w, t);
	heir = bc_call(&w, do_fork, 0);
	bc_true(heir > 0);
	bc_eq(bc_group_attach(&b, heir), 0);
	bc_worker_stop(&w);
	bc_pause_ms(50);
	bc_eq(held(&a), all);
	bc_eq(held(&b), 0);
	/* It outlives the group that pays. */
	bc_eq(bc_group_remove(&a), 0);
	bc_eq(held(g), all);
	kill(heir, SIGKILL);
	bc_eq(settled(g, 0), 0);
}

static void each(struct bc_group *g, const char *name)
{
	const struct thing *t = things;
	struct bc_group sub;

	while (strcmp(t->name, name))
		t++;
	if (t->setup)
		t->setup();
	bc_group_make(&sub, g, "granted");
	granted(&sub, t, 0);
	bc_group_make(&sub, g, "granted_user");
	granted(&sub, t, 1024);
	bc_group_make(&sub, g, "refused");
	refused(&sub, t, 0);
	bc_group_make(&sub, g, "refused_user");
	refused(&sub, t, 1024);
	bc_group_make(&sub, g, "undone");
	undone(&sub, t);
	if (t->leaves)
		return;
	bc_group_make(&sub, g, "inherited");
	inherited(&sub, t);
}

#define CASE(name)                           \
	static void name(struct bc_group *g) \
	{                                    \
		each(g, #name);              \
	}

CASE(tcp)
CASE(udp)
CASE(udp_more)
CASE(uring)
CASE(rdma)
CASE(vdpa)
CASE(iommu)
CASE(iommu_mm)

/* Beside what is mapped already. */
static long do_vdpa_beside(long n)
{
	long ret;

	iova += bytes(HOLE_PAGES);
	ret = do_vdpa(n);
	iova = VDPA_IOVA;
	return ret;
}

/* Pages apart from each other, of which the last quarter is missing. */
static long prep_hole(long n)
{
	long i;

	area = mmap(NULL, bytes(n), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		return -1;
	madvise(area, bytes(n), MADV_NOHUGEPAGE);
	for (i = 0; i < n; i += 2)
		area[bytes(i)] = 1;
	for (i = 1; i < n; i += 2)
		area[bytes(i)] = 1;
	return munmap(area + bytes(n - n / 4), bytes(n / 4)) || prep_vdpa(n);
}

/* It fails when a part of it is mapped in the device, and a part only pinned. */
static void vdpa_hole(struct bc_group *g)
{
	struct bc_worker w;

	setup_vdpa();
	bc_worker_start(&w, g);
	bc_eq(bc_call(&w, prep_hole, HOLE_PAGES), 0);
	bc_eq(bc_call(&w, do_vdpa, N), 0);
	bc_eq(bc_call(&w, do_vdpa_beside, HOLE_PAGES), -1);
	bc_eq(held(g), N);
	bc_eq(bc_resource(g, LOCKED, "maxheld"), HOLE_PAGES + N);
	/* Twice the same is an error, too. */
	bc_eq(bc_call(&w, do_vdpa, N), -1);
	bc_eq(held(g), N);
	bc_worker_stop(&w);
	bc_eq(settled(g, 0), 0);
}

static const struct bc_case cases[] = {
	{ "tcp", tcp },
	{ "udp", udp },
	{ "udp_more", udp_more },
	{ "uring", uring },
	{ "rdma", rdma },
	{ "vdpa", vdpa },
	{ "vdpa_hole", vdpa_hole },
	{ "iommu", iommu },
	{ "iommu_mm", iommu_mm },
};

int main(int argc, char **argv)
{
	return bc_main(argc, argv, cases, BC_COUNT(cases));
}

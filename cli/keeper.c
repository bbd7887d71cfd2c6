// SPDX-License-Identifier: GPL-2.0-only
/*
 * bcctl apply --watch: give new groups their limits as long as this runs.
 *
 * One fanotify mark on the file system reports every new group, wherever it is
 * made, with its name and the ID of the group above, so that no directory is
 * watched too late. The mark is set before the first pass through all groups,
 * and all state is in the kernel: whatever happens to this process, the next
 * one finds the groups that have no limits yet. When groups come faster than
 * they can be handled, the kernel drops events and says so, and another pass
 * through all groups follows.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "apply.h"

/* How often refusals are looked for, in milliseconds. */
#define INTERVAL 1000

/* FILEID_KERNFS of the kernel: such a handle is the ID of a group. */
#define HANDLE_KERNFS 0xfe

struct keeper {
	struct apply *apply;
	int events, signals;
	bool lost; /* the kernel has dropped events */
	struct tracer *tracer; /* NULL: refusals are not logged */
	struct refusal_log *log;
	struct timespec window; /* when counting failures began anew */
};

static int fail_to(struct bcctl *ctl, const char *what)
{
	int error = errno;

	fail(ctl, "cannot %s: %s", what, strerror(error));
	if (error == EPERM)
		hint("--watch needs root, with CAP_SYS_ADMIN");
	else if (error == ENOSYS || error == EINVAL)
		hint("the kernel needs CONFIG_FANOTIFY");
	return ctl->failure;
}

static int watch_groups(struct keeper *keeper)
{
	struct bcctl *ctl = keeper->apply->ctl;

	keeper->events =
		fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK |
				      FAN_REPORT_DFID_NAME,
			      O_RDONLY | O_CLOEXEC);
	if (keeper->events < 0)
		return fail_to(ctl, "watch for new groups");
	if (fanotify_mark(keeper->events, FAN_MARK_ADD | FAN_MARK_FILESYSTEM,
			  FAN_CREATE | FAN_ONDIR, AT_FDCWD,
			  libbc_host_mount(ctl->host)))
		return fail_to(ctl, "watch for new groups");
	return 0;
}

static int catch_signals(struct keeper *keeper, sigset_t *before)
{
	sigset_t wanted;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGHUP);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGINT);
	sigprocmask(SIG_BLOCK, &wanted, before);
	signal(SIGPIPE, SIG_IGN);
	keeper->signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	return keeper->signals < 0 ?
		       fail_to(keeper->apply->ctl, "wait for signals") :
		       0;
}

/*
 * Count failures anew each minute: only some are logged, so that nobody can
 * fill the log with groups that fail.
 */
static void forgive(struct keeper *keeper)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec - keeper->window.tv_sec < 60)
		return;
	if (keeper->apply->failed > MOST_FAILURES)
		warn("%zu more groups did not get their limits",
		     keeper->apply->failed - MOST_FAILURES);
	keeper->apply->failed = 0;
	keeper->window = now;
}

static void on_new_group(struct keeper *keeper, uint64_t above,
			 const char *name)
{
	const struct libbc_host *host = keeper->apply->ctl->host;
	struct libbc_group *parent, *group = NULL;
	char *path;

	/* A group that cannot be opened has been removed again. */
	if (libbc_group_open_id(host, above, &parent))
		return;
	if (asprintf(&path, "%s/%s", libbc_group_path(parent), name) >= 0) {
		if (!libbc_group_open(host, path, &group)) {
			forgive(keeper);
			apply_group(keeper->apply, group);
		}
		free(path);
	}
	libbc_group_close(group);
	libbc_group_close(parent);
}

/*
 * Use the record with the directory above and the name: a new group has no
 * inode yet when the kernel reports it.
 */
static void on_event(struct keeper *keeper,
		     const struct fanotify_event_metadata *event)
{
	const char *at = (const char *)event + event->metadata_len;
	const char *end = (const char *)event + event->event_len;

	if (event->mask & FAN_Q_OVERFLOW)
		keeper->lost = true;
	while (at + sizeof(struct fanotify_event_info_fid) +
		       sizeof(struct file_handle) <=
	       end) {
		const struct fanotify_event_info_fid *info = (const void *)at;
		const struct file_handle *handle = (const void *)info->handle;
		const char *name =
			(const char *)handle->f_handle + handle->handle_bytes;
		uint64_t id;

		if (info->hdr.info_type == FAN_EVENT_INFO_TYPE_DFID_NAME &&
		    handle->handle_type == HANDLE_KERNFS &&
		    handle->handle_bytes == sizeof(id) && name < end) {
			memcpy(&id, handle->f_handle, sizeof(id));
			on_new_group(keeper, id, name);
		}
		if (!info->hdr.len)
			break;
		at += info->hdr.len;
	}
}

/* Handle the groups that have been made by now. */
static int take_events(struct keeper *keeper)
{
	char buffer[16384] __attribute__((
		aligned(__alignof__(struct fanotify_event_metadata))));
	ssize_t len;

	while ((len = read(keeper->events, buffer, sizeof(buffer))) > 0) {
		const struct fanotify_event_metadata *event =
			(const void *)buffer;

		for (; FAN_EVENT_OK(event, len);
		     event = FAN_EVENT_NEXT(event, len))
			on_event(keeper, event);
	}
	if (len < 0 && errno != EAGAIN && errno != EINTR)
		return fail_to(keeper->apply->ctl,
			       "read the events of new groups");
	return 0;
}

/* Go through all groups, and handle new ones in between without delay. */
static int go_through(struct keeper *keeper)
{
	struct bcctl *ctl = keeper->apply->ctl;
	struct libbc_group *group = NULL;
	struct libbc_walk *walk;
	int ret;

	ret = libbc_group_open(ctl->host, "/", &group);
	if (!ret)
		ret = libbc_walk_open(group, &walk);
	libbc_group_close(group);
	if (ret)
		return explain_open(ctl, "/", ret);
	keeper->apply->matched = 0;
	while ((ret = libbc_walk_next(walk, &group)) > 0) {
		forgive(keeper);
		apply_group(keeper->apply, group);
		libbc_group_close(group);
		if (take_events(keeper)) {
			libbc_walk_close(walk);
			return ctl->failure;
		}
	}
	libbc_walk_close(walk);
	return ret ? explain_open(ctl, "/", ret) : 0;
}

static int catch_up(struct keeper *keeper)
{
	int ret = 0;

	while (!ret && keeper->lost) {
		keeper->lost = false;
		ret = go_through(keeper);
	}
	return ret;
}

static void tell(const struct keeper *keeper)
{
	sd_notifyf(0, "READY=1\nSTATUS=sections: %zu, matching groups: %zu",
		   keeper->apply->policy.count, keeper->apply->matched);
}

/* If the new files have a mistake, the old policy stays in force. */
static int reload(struct keeper *keeper)
{
	struct timespec now;
	int ret = 0;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
		   (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	if (apply_load(keeper->apply))
		hint("the limits that were in force stay in force");
	else
		ret = go_through(keeper);
	tell(keeper);
	return ret;
}

static int on_refusal(void *arg, const struct refusal *refusal)
{
	refusal_log_add(arg, refusal);
	return 0;
}

static int log_refusals(struct keeper *keeper)
{
	int ret = tracer_read(keeper->tracer, on_refusal, keeper->log);

	refusal_log_tick(keeper->log);
	if (!ret)
		return 0;
	hint("refusals are not logged from here on");
	tracer_close(keeper->tracer);
	keeper->tracer = NULL;
	return 0;
}

/* -1 if a signal says to end. */
static int take_signals(struct keeper *keeper)
{
	struct signalfd_siginfo signal;
	int ret = 0;

	while (!ret &&
	       read(keeper->signals, &signal, sizeof(signal)) == sizeof(signal))
		ret = signal.ssi_signo == SIGHUP ? reload(keeper) : -1;
	return ret;
}

static int loop(struct keeper *keeper)
{
	struct pollfd wait[] = {
		{ .fd = keeper->events, .events = POLLIN },
		{ .fd = keeper->signals, .events = POLLIN },
	};
	int ret = 0;

	while (!ret) {
		if (poll(wait, ARRAY_SIZE(wait),
			 keeper->tracer ? INTERVAL : -1) < 0 &&
		    errno != EINTR)
			return fail_to(keeper->apply->ctl, "wait");
		ret = take_events(keeper) ?: catch_up(keeper);
		if (!ret)
			ret = take_signals(keeper);
		if (keeper->tracer)
			log_refusals(keeper);
		fflush(stdout);
	}
	return ret;
}

int keep(struct apply *apply)
{
	struct keeper keeper = { .apply = apply, .events = -1, .signals = -1 };
	sigset_t before;
	int ret;

	ret = catch_signals(&keeper, &before) ?: watch_groups(&keeper);
	/* Set the limits first: starting to trace takes some time. */
	if (!ret)
		ret = go_through(&keeper);
	if (!ret) {
		keeper.log = refusal_log_new();
		if (!keeper.log || tracer_open(apply->ctl, &keeper.tracer))
			hint("refusals are not logged; limits are set all the same");
		ret = take_events(&keeper) ?: catch_up(&keeper);
	}
	if (!ret)
		tell(&keeper);
	if (!ret)
		ret = loop(&keeper);
	sd_notify(0, "STOPPING=1");
	tracer_close(keeper.tracer);
	refusal_log_free(keeper.log);
	if (keeper.events >= 0)
		close(keeper.events);
	if (keeper.signals >= 0)
		close(keeper.signals);
	return ret < 0 ? 0 : ret;
}

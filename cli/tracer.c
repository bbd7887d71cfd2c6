// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals as the kernel traces them: the event bc_refuse and, right behind it
 * on the same CPU, the stack trace, in a tracefs instance of our own.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <event-parse.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <tracefs.h>
#include <unistd.h>

#include "refusal.h"

/* How often to read events, in milliseconds. */
#define INTERVAL 50

/* The number of paths that are kept; others are looked up when needed. */
#define MOST_KNOWN 16384

/* The path of the group with an ID. A group that was removed keeps its path. */
struct known {
	uint64_t id;
	char *path;
};

struct tracer {
	struct bcctl *ctl;
	struct tracefs_instance *instance;
	int in_use; /* while it is open, nobody can remove the instance */
	struct tep_handle *tep;
	double boot; /* to be added to the time of an event for wall time */
	int signals;
	sigset_t before;
	struct known *known;
	size_t count;
	/* The refusal that waits for its stack trace. */
	struct refusal pending;
	char resource[64], process[32];
	int pending_cpu;
	bool waiting;
	refusal_fn fn;
	void *arg;
	int ret;
};

/* Make room; returns a free slot behind the last one. */
static struct known *more_known(struct tracer *tracer)
{
	struct known *more =
		reallocarray(tracer->known, tracer->count + 1, sizeof(*more));

	if (more)
		tracer->known = more;
	return more ? &more[tracer->count] : NULL;
}

static void learn(struct tracer *tracer, uint64_t id, const char *path)
{
	struct known *known = more_known(tracer);
	char *copy = strdup(path);

	if (known && copy) {
		*known = (struct known){ id, copy };
		tracer->count++;
	} else {
		free(copy);
	}
}

static const char *path_of(struct tracer *tracer, uint64_t id)
{
	struct libbc_group *group = NULL;
	char name[32];
	size_t i;

	for (i = tracer->count; i-- > 0;)
		if (tracer->known[i].id == id)
			return tracer->known[i].path;
	snprintf(name, sizeof(name), "id:%llu", (unsigned long long)id);
	learn(tracer, id,
	      libbc_group_open_id(tracer->ctl->host, id, &group) ?
		      name :
		      libbc_group_path(group));
	libbc_group_close(group);
	i = tracer->count;
	return i && tracer->known[i - 1].id == id ? tracer->known[i - 1].path :
						    "?";
}

/* Learn the present groups; the event cgroup_mkdir reports later ones. */
static void learn_all(struct tracer *tracer)
{
	struct libbc_walk *walk = NULL;
	struct libbc_group *group;

	if (libbc_group_open(tracer->ctl->host, "/", &group))
		return;
	if (libbc_walk_open(group, &walk))
		walk = NULL;
	libbc_group_close(group);
	while (walk && libbc_walk_next(walk, &group) > 0) {
		learn(tracer, libbc_group_id(group), libbc_group_path(group));
		libbc_group_close(group);
	}
	libbc_walk_close(walk);
}

static void flush(struct tracer *tracer)
{
	struct refusal *refusal = &tracer->pending;

	if (!tracer->waiting)
		return;
	tracer->waiting = false;
	refusal->function = who_asked(refusal->stack, refusal->depth);
	if (!tracer->ret)
		tracer->ret = tracer->fn(tracer->arg, refusal);
}

static uint64_t number(struct tep_event *event, struct tep_record *record,
		       const char *name)
{
	unsigned long long value = 0;

	tep_get_field_val(NULL, event, name, record, &value, 0);
	return value;
}

static void remember(struct tracer *tracer, struct tep_event *event,
		     struct tep_record *record, int cpu)
{
	/* In the order of the kernel's enum bc_severity. */
	static const char *const severities[] = { "barrier", "gap", "limit",
						  "excess", "force" };
	struct refusal *refusal = &tracer->pending;
	uint64_t severity = number(event, record, "severity");
	const char *text;
	int len;

	*refusal = (struct refusal){ 0 };
	refusal->time = record->ts / 1e9 + tracer->boot;
	refusal->group = path_of(tracer, number(event, record, "group"));
	refusal->payer = path_of(tracer, number(event, record, "payer"));
	refusal->pid = tep_data_pid(tracer->tep, record);
	text = tep_get_field_raw(NULL, event, "comm", record, &len, 0);
	snprintf(tracer->process, sizeof(tracer->process), "%.*s",
		 text ? len : 0, text ? text : "");
	refusal->process = tracer->process;
	text = tep_get_field_raw(NULL, event, "resource", record, &len, 0);
	snprintf(tracer->resource, sizeof(tracer->resource), "%.*s",
		 text ? len : 0, text ? text : "");
	refusal->resource = tracer->resource;
	refusal->requested = number(event, record, "requested");
	refusal->held = number(event, record, "held");
	refusal->barrier = number(event, record, "barrier");
	refusal->limit = number(event, record, "limit");
	if (refusal->barrier >= INT64_MAX)
		refusal->barrier = LIBBC_MAX;
	if (refusal->limit >= INT64_MAX)
		refusal->limit = LIBBC_MAX;
	refusal->severity =
		severity < ARRAY_SIZE(severities) ? severities[severity] : "";
	tracer->pending_cpu = cpu;
	tracer->waiting = true;
}

static void add_stack(struct tracer *tracer, struct tep_event *event,
		      struct tep_record *record)
{
	struct tep_format_field *field = tep_find_field(event, "caller");
	struct refusal *refusal = &tracer->pending;
	int at, size = tep_get_long_size(tracer->tep);

	if (!field || size != sizeof(unsigned long))
		return;
	for (at = field->offset;
	     at + size <= record->size && refusal->depth < DEEPEST_STACK;
	     at += size) {
		unsigned long address;
		const char *name;

		memcpy(&address, (char *)record->data + at, sizeof(address));
		if (!address || address == ~0ul)
			break;
		name = tep_find_function(tracer->tep, address);
		if (name)
			refusal->stack[refusal->depth++] = name;
	}
}

/* Learn a new group. The hierarchy of version 2 has the number 0. */
static void on_mkdir(struct tracer *tracer, struct tep_event *event,
		     struct tep_record *record)
{
	char path[4096];
	const char *text;
	int len;

	text = tep_get_field_raw(NULL, event, "path", record, &len, 0);
	if (!text || number(event, record, "root"))
		return;
	snprintf(path, sizeof(path), "%.*s", len, text);
	learn(tracer, number(event, record, "id"), path);
}

static int on_event(struct tep_event *event, struct tep_record *record, int cpu,
		    void *arg)
{
	struct tracer *tracer = arg;

	if (!strcmp(event->name, "bc_refuse")) {
		flush(tracer);
		if (!tracer->ret)
			remember(tracer, event, record, cpu);
	} else if (!strcmp(event->name, "kernel_stack") && tracer->waiting &&
		   cpu == tracer->pending_cpu &&
		   tep_data_pid(tracer->tep, record) == tracer->pending.pid) {
		add_stack(tracer, event, record);
		flush(tracer);
	} else if (!strcmp(event->name, "cgroup_mkdir")) {
		on_mkdir(tracer, event, record);
	}
	return tracer->ret;
}

/* Report the events that the kernel dropped because its buffer was full. */
static void report_lost(const struct tracer *tracer)
{
	unsigned long long lost = 0, overrun;
	char name[64], *text, *at;
	int cpu;

	for (cpu = 0; cpu < 4096; cpu++) {
		snprintf(name, sizeof(name), "per_cpu/cpu%d/stats", cpu);
		text = tracefs_instance_file_read(tracer->instance, name, NULL);
		if (!text)
			break;
		at = strstr(text, "overrun: ");
		if (at && sscanf(at, "overrun: %llu", &overrun) == 1)
			lost += overrun;
		free(text);
	}
	if (lost)
		warn("%llu events came too fast and were lost; failcnt has counted all of them",
		     lost);
}

static double clock_seconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Drop the oldest paths: a run of months must not keep those of all groups. */
static void forget(struct tracer *tracer)
{
	size_t old = tracer->count - MOST_KNOWN / 2, i;

	for (i = 0; i < old; i++)
		free(tracer->known[i].path);
	tracer->count -= old;
	memmove(tracer->known, tracer->known + old,
		tracer->count * sizeof(*tracer->known));
}

/* Handle the events so far; 0, the exit status, or -1 if fn said to stop. */
int tracer_read(struct tracer *tracer, refusal_fn fn, void *arg)
{
	tracer->fn = fn;
	tracer->arg = arg;
	if (tracefs_iterate_raw_events(tracer->tep, tracer->instance, NULL, 0,
				       on_event, tracer) < 0 &&
	    !tracer->ret)
		tracer->ret = fail(tracer->ctl, "cannot read the trace: %s",
				   strerror(errno));
	else
		flush(tracer);
	if (tracer->count > MOST_KNOWN)
		forget(tracer);
	return tracer->ret;
}

/*
 * Handle events until the time is up, fn says to stop, or a signal comes. A
 * signal is no error: it is caught so that the caller can remove the instance.
 */
int tracer_follow(struct tracer *tracer, double seconds, refusal_fn fn,
		  void *arg)
{
	struct pollfd wait = { .fd = tracer->signals, .events = POLLIN };
	double end = clock_seconds(CLOCK_MONOTONIC) + seconds;
	bool last = false;

	while (!tracer_read(tracer, fn, arg)) {
		if (last)
			break;
		fflush(stdout);
		if (ferror(stdout))
			break;
		/* The events so far are still handled. */
		last = poll(&wait, 1, INTERVAL) > 0 ||
		       (seconds && clock_seconds(CLOCK_MONOTONIC) >= end);
	}
	report_lost(tracer);
	return tracer->ret < 0 ? 0 : tracer->ret;
}

static int explain_tracefs(struct bcctl *ctl)
{
	int error = errno;

	if (geteuid()) {
		fail(ctl, "only root may trace");
		hint("run it as root, or see \"bcctl show\" for failcnt");
	} else if (!tracefs_tracing_dir()) {
		fail(ctl,
		     "there is no tracefs: the kernel has no tracing, or it is not mounted");
		hint("mount -t tracefs none /sys/kernel/tracing");
	} else {
		fail(ctl, "cannot trace in %s: %s", tracefs_tracing_dir(),
		     strerror(error));
	}
	return ctl->failure;
}

static void load_symbols(struct tep_handle *tep)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char *text = NULL;
	size_t size = 0;

	if (file && getdelim(&text, &size, '\0', file) > 0)
		tep_parse_kallsyms(tep, text);
	free(text);
	if (file)
		fclose(file);
}

static void catch_signals(struct tracer *tracer)
{
	sigset_t wanted;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGHUP);
	sigaddset(&wanted, SIGPIPE);
	sigprocmask(SIG_BLOCK, &wanted, &tracer->before);
	tracer->signals = signalfd(-1, &wanted, SFD_CLOEXEC);
}

static int start(struct tracer *tracer)
{
	const char *const systems[] = { "bc", "cgroup", "ftrace", NULL };
	struct tracefs_instance *instance = tracer->instance;
	struct bcctl *ctl = tracer->ctl;

	if (!tracefs_event_systems(NULL) ||
	    !tracefs_file_exists(NULL, "events/bc/bc_refuse/enable"))
		return explain_file(ctl, "/", "bc.resources", -EOPNOTSUPP,
				    false);
	tracer->tep = tracefs_local_events_system(NULL, systems);
	if (!tracer->tep)
		return explain_tracefs(ctl);
	load_symbols(tracer->tep);
	tracefs_instance_file_write(instance, "trace_clock", "mono");
	tracer->boot =
		clock_seconds(CLOCK_REALTIME) - clock_seconds(CLOCK_MONOTONIC);
	/* Without stack traces only the function is missing. */
	tracefs_instance_file_write(instance, "options/stacktrace", "1");
	tracefs_event_enable(instance, "cgroup", "cgroup_mkdir");
	learn_all(tracer);
	if (tracefs_event_enable(instance, "bc", "bc_refuse") ||
	    tracefs_trace_on(instance))
		return explain_tracefs(ctl);
	return 0;
}

/*
 * A bcctl that was killed has left an instance that goes on tracing. Its
 * process may seem to be gone because it is in another PID namespace, but the
 * kernel does not remove an instance that is in use.
 */
static void remove_left(void)
{
	char *path = tracefs_get_tracing_file("instances");
	DIR *dir = path ? opendir(path) : NULL;
	const struct dirent *entry;
	char rest;
	long pid;

	while (dir && (entry = readdir(dir)))
		if (sscanf(entry->d_name, "bcctl-%ld%c", &pid, &rest) == 1 &&
		    pid > 0 && kill(pid, 0) && errno == ESRCH)
			unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	if (dir)
		closedir(dir);
	tracefs_put_tracing_file(path);
}

int tracer_open(struct bcctl *ctl, struct tracer **tracer)
{
	struct tracer *new;
	char name[32];
	int ret;

	if (ctl->sysroot) {
		fail(ctl, "nothing can be traced in a copy of a machine");
		hint("bcctl why --from FILE reads a recording");
		return ctl->failure;
	}
	ret = need_host(ctl);
	if (ret)
		return ret;
	new = calloc(1, sizeof(*new));
	if (!new)
		return no_memory(ctl);
	new->ctl = ctl;
	catch_signals(new);
	remove_left();
	snprintf(name, sizeof(name), "bcctl-%ld", (long)getpid());
	new->instance = tracefs_instance_create(name);
	new->in_use = new->instance ? tracefs_instance_file_open(new->instance,
								 "tracing_on",
								 O_RDONLY) :
				      -1;
	ret = new->instance ? start(new) : explain_tracefs(ctl);
	if (ret)
		tracer_close(new);
	else
		*tracer = new;
	return ret;
}

void tracer_close(struct tracer *tracer)
{
	size_t i;

	if (!tracer)
		return;
	if (tracer->instance) {
		tracefs_event_disable(tracer->instance, "bc", "bc_refuse");
		tracefs_event_disable(tracer->instance, "cgroup",
				      "cgroup_mkdir");
		if (tracer->in_use >= 0)
			close(tracer->in_use);
		tracefs_instance_destroy(tracer->instance);
		tracefs_instance_free(tracer->instance);
	}
	tep_free(tracer->tep);
	for (i = 0; i < tracer->count; i++)
		free(tracer->known[i].path);
	free(tracer->known);
	close(tracer->signals);
	free(tracer);
}

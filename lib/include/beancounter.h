/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libbeancounter: read and set the accounts of groups of processes.
 *
 * Functions return 0 or more, or a negative errno. Nothing is kept in global
 * variables: different threads may use different objects at the same time, and
 * one object as long as all of them only read it (const in the signature).
 *
 * A value is in the unit of its resource, which libbc_resource_unit() returns.
 * LIBBC_MAX is "max", unlimited. The barrier of vmguarpages or oomguarpages is
 * a guarantee, and LIBBC_MAX there means no guarantee.
 */
#ifndef BEANCOUNTER_H
#define BEANCOUNTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LIBBC_MAX UINT64_MAX
/* Lets a limit follow the barrier: "auto". Only for settings, never read. */
#define LIBBC_AUTO (UINT64_MAX - 1)

/* Enough for every text that libbc_size_format() makes. */
#define LIBBC_SIZE_LEN 24

struct libbc_host;
struct libbc_group;
struct libbc_account;
struct libbc_resource;
struct libbc_settings;
struct libbc_events;
struct libbc_refusals;
struct libbc_refusal;
struct libbc_walk;

enum libbc_unit {
	LIBBC_BYTES,
	LIBBC_PAGES,
	LIBBC_ITEMS,
};

enum libbc_field {
	LIBBC_HELD,
	LIBBC_MAXHELD,
	LIBBC_BARRIER,
	LIBBC_LIMIT,
	LIBBC_FAILCNT,
	LIBBC_FORCED,
	LIBBC_FAILCNT_LOCAL,
	LIBBC_LIMIT_AUTO, /* 1: no limit was set, and it follows the barrier */
};

/* The values of one refusal. */
enum libbc_refusal_field {
	LIBBC_REFUSAL_GROUP, /* number of the group whose barrier or limit it was */
	LIBBC_REFUSAL_PAYER, /* number of the group that would have paid */
	LIBBC_REFUSAL_PID,
	LIBBC_REFUSAL_REQUESTED, /* from here on in the unit of the resource */
	LIBBC_REFUSAL_HELD,
	LIBBC_REFUSAL_BARRIER,
	LIBBC_REFUSAL_LIMIT,
};

enum libbc_controller {
	LIBBC_CONTROLLER_PRESENT,
	LIBBC_CONTROLLER_ABSENT, /* the kernel has no beancounters */
	LIBBC_CONTROLLER_DISABLED, /* they were switched off at boot */
};

/* Read bc.failcnt.local, too. */
#define LIBBC_READ_LOCAL 0x1u
/* Only refusals by the group itself, not by groups below it. */
#define LIBBC_EVENTS_LOCAL 0x1u
/* Digits only; pages are converted to bytes. */
#define LIBBC_SIZE_PLAIN 0x1u

const char *libbc_version(void);

/* The machine, or a copy of its files below sysroot. */
int libbc_host_open(const char *sysroot, struct libbc_host **host);
void libbc_host_close(struct libbc_host *host);
const char *libbc_host_mount(const struct libbc_host *host);
int libbc_host_controller(const struct libbc_host *host);

/* A group. */
int libbc_group_open(const struct libbc_host *host, const char *path,
		     struct libbc_group **group);
int libbc_group_open_pid(const struct libbc_host *host, pid_t pid,
			 struct libbc_group **group);
int libbc_group_open_id(const struct libbc_host *host, uint64_t id,
			struct libbc_group **group);
int libbc_group_open_fd(const struct libbc_host *host, int fd,
			struct libbc_group **group);
void libbc_group_close(struct libbc_group *group);
const char *libbc_group_path(const struct libbc_group *group);
uint64_t libbc_group_id(const struct libbc_group *group);
int libbc_group_fd(const struct libbc_group *group);

/* A group for processes that a program starts. */
int libbc_group_make(const struct libbc_group *parent, const char *name,
		     struct libbc_group **group);
int libbc_group_remove(const struct libbc_group *group);
pid_t libbc_group_fork(const struct libbc_group *group);

/* The account of a group. */
int libbc_account_read(const struct libbc_group *group, unsigned int flags,
		       struct libbc_account **account);
int libbc_account_parse(const char *text, size_t bytes,
			struct libbc_account **account);
/* Reduce the counters to the increase since an earlier copy. */
void libbc_account_since(struct libbc_account *account,
			 const struct libbc_account *before);
void libbc_account_free(struct libbc_account *account);
size_t libbc_account_count(const struct libbc_account *account);
const struct libbc_resource *
libbc_account_get(const struct libbc_account *account, size_t index);
const struct libbc_resource *
libbc_account_find(const struct libbc_account *account, const char *name);
const char *libbc_resource_name(const struct libbc_resource *resource);
enum libbc_unit libbc_resource_unit(const struct libbc_resource *resource);
bool libbc_resource_has(const struct libbc_resource *resource,
			enum libbc_field field);
uint64_t libbc_resource_value(const struct libbc_resource *resource,
			      enum libbc_field field);

/* The barriers and limits of a group. */
int libbc_settings_new(struct libbc_settings **settings);
void libbc_settings_free(struct libbc_settings *settings);
int libbc_settings_add(struct libbc_settings *settings, const char *name,
		       enum libbc_field field, uint64_t value);
int libbc_settings_check(const struct libbc_settings *settings,
			 const struct libbc_account *account, const char **bad);
int libbc_settings_apply(const struct libbc_settings *settings,
			 const struct libbc_group *group);
int libbc_maxheld_reset(const struct libbc_group *group,
			const char *const names[], size_t count);

/* New refusals. */
int libbc_events_open(const struct libbc_group *group, unsigned int flags,
		      struct libbc_events **events);
void libbc_events_close(struct libbc_events *events);
int libbc_events_fd(const struct libbc_events *events);
int libbc_events_next(struct libbc_events *events, const char **name,
		      uint64_t *refusals);

/* Each refusal, with the process that asked and the amount; only for root. */
int libbc_refusals_open(const struct libbc_group *group,
			struct libbc_refusals **refusals);
void libbc_refusals_close(struct libbc_refusals *refusals);
int libbc_refusals_fd(const struct libbc_refusals *refusals);
int libbc_refusals_next(struct libbc_refusals *refusals,
			const struct libbc_refusal **refusal);
uint64_t libbc_refusals_lost(const struct libbc_refusals *refusals);
uint64_t libbc_refusal_value(const struct libbc_refusal *refusal,
			     enum libbc_refusal_field field);
const char *libbc_refusal_process(const struct libbc_refusal *refusal);
const char *libbc_refusal_resource(const struct libbc_refusal *refusal);

/* A group and all groups below it. */
int libbc_walk_open(const struct libbc_group *top, struct libbc_walk **walk);
void libbc_walk_close(struct libbc_walk *walk);
int libbc_walk_next(struct libbc_walk *walk, struct libbc_group **group);
void libbc_walk_skip(struct libbc_walk *walk);
size_t libbc_walk_depth(const struct libbc_walk *walk);

/* Numbers in the form in which people write them. */
enum libbc_unit libbc_unit_of(const char *name);
const char *libbc_unit_name(enum libbc_unit unit);
int libbc_size_parse(const char *text, enum libbc_unit unit, uint64_t *value);
const char *libbc_size_format(uint64_t value, enum libbc_unit unit,
			      unsigned int flags, char buf[LIBBC_SIZE_LEN]);

#ifdef __cplusplus
}
#endif
#endif

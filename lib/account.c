// SPDX-License-Identifier: LGPL-2.1-only
/*
 * The account of a group, as a copy from one moment.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "internal.h"

struct libbc_resource *account_find(const struct libbc_account *account,
				    const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < account->count; i++) {
		struct libbc_resource *resource = &account->resources[i];

		if (strlen(resource->name) == len &&
		    !memcmp(resource->name, name, len))
			return resource;
	}
	return NULL;
}

struct libbc_resource *account_add(struct libbc_account *account,
				   const char *name, size_t len)
{
	struct libbc_resource *more, *resource;

	more = reallocarray(account->resources, account->count + 1,
			    sizeof(*more));
	if (!more)
		return NULL;
	account->resources = more;
	resource = &more[account->count];
	memset(resource, 0, sizeof(*resource));
	resource->name = strndup(name, len);
	if (!resource->name)
		return NULL;
	account->count++;
	return resource;
}

int libbc_account_parse(const char *text, size_t bytes,
			struct libbc_account **account)
{
	struct libbc_account *new = calloc(1, sizeof(*new));
	int ret;

	if (!new)
		return -ENOMEM;
	ret = parse_resources(text, bytes, new);
	if (ret) {
		libbc_account_free(new);
		return ret;
	}
	*account = new;
	return 0;
}

int libbc_account_read(const struct libbc_group *group, unsigned int flags,
		       struct libbc_account **account)
{
	__cleanup_text char *text = NULL;
	__cleanup_text char *local = NULL;
	struct libbc_account *new;
	size_t bytes;
	int ret;

	if (flags & ~LIBBC_READ_LOCAL)
		return -EINVAL;
	ret = group_file_read(group, "bc.resources", &text, &bytes);
	if (ret)
		return ret;
	ret = libbc_account_parse(text, bytes, &new);
	if (ret)
		return ret;
	if (flags & LIBBC_READ_LOCAL) {
		ret = group_file_read(group, "bc.failcnt.local", &local,
				      &bytes);
		if (!ret)
			ret = parse_flat(local, bytes, LIBBC_FAILCNT_LOCAL,
					 new);
	}
	if (ret) {
		libbc_account_free(new);
		return ret;
	}
	*account = new;
	return 0;
}

/* A counter that is lower than before was reset, and stays as it is. */
void libbc_account_since(struct libbc_account *account,
			 const struct libbc_account *before)
{
	static const enum libbc_field counters[] = { LIBBC_FAILCNT,
						     LIBBC_FAILCNT_LOCAL,
						     LIBBC_FORCED };
	size_t i, j;

	for (i = 0; i < account->count; i++) {
		struct libbc_resource *resource = &account->resources[i];
		const struct libbc_resource *old =
			libbc_account_find(before, resource->name);

		for (j = 0; old && j < sizeof(counters) / sizeof(*counters);
		     j++) {
			enum libbc_field field = counters[j];

			if (old->value[field] <= resource->value[field])
				resource->value[field] -= old->value[field];
		}
	}
}

void libbc_account_free(struct libbc_account *account)
{
	size_t i;

	if (!account)
		return;
	for (i = 0; i < account->count; i++)
		free(account->resources[i].name);
	free(account->resources);
	free(account);
}

size_t libbc_account_count(const struct libbc_account *account)
{
	return account->count;
}

const struct libbc_resource *
libbc_account_get(const struct libbc_account *account, size_t index)
{
	return index < account->count ? &account->resources[index] : NULL;
}

const struct libbc_resource *
libbc_account_find(const struct libbc_account *account, const char *name)
{
	return account_find(account, name, strlen(name));
}

const char *libbc_resource_name(const struct libbc_resource *resource)
{
	return resource->name;
}

enum libbc_unit libbc_resource_unit(const struct libbc_resource *resource)
{
	return libbc_unit_of(resource->name);
}

bool libbc_resource_has(const struct libbc_resource *resource,
			enum libbc_field field)
{
	return field < LIBBC_NR_FIELDS && (resource->has & 1u << field);
}

uint64_t libbc_resource_value(const struct libbc_resource *resource,
			      enum libbc_field field)
{
	return field < LIBBC_NR_FIELDS ? resource->value[field] : 0;
}

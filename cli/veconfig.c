// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configuration files of containers of OpenVZ and Virtuozzo: KEY="BARRIER:LIMIT",
 * as a shell would read it, and as vzctl(8) does. A single value is barrier and
 * limit; a plain number is in the unit that the resource had there.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "veconfig.h"

/* Other keys of such files; a "*" at the end matches any rest. */
static const char *const others[] = {
	"ONBOOT",	 "BOOTORDER",
	"BOOTID",	 "DISABLED",
	"VE_*",		 "VEID",
	"UUID",		 "NAME",
	"DESCRIPTION",	 "OSTEMPLATE",
	"DISTRIBUTION",	 "TECHNOLOGIES",
	"HOSTNAME",	 "IP_ADDRESS",
	"NAMESERVER",	 "SEARCHDOMAIN",
	"NETIF*",	 "NETFILTER",
	"NETDEV",	 "NETWORK*",
	"RATE*",	 "TOTALRATE",
	"IPTABLES",	 "CPU*",
	"IOPRIO",	 "IOLIMIT",
	"IOPSLIMIT",	 "NODEMASK",
	"DISK*",	 "QUOTA*",
	"NOATIME",	 "DEVICES",
	"DEVNODES",	 "PCI",
	"CAPABILITY",	 "FEATURES",
	"SLMMODE",	 "SLMMEMORYLIMIT",
	"MEMINFO",	 "AVNUMPROC",
	"VM_OVERCOMMIT", "VM_HARD_LIMIT",
	"ORIGIN_SAMPLE", "CONFIG_CUSTOMIZED",
	"CONFIGFILE",	 "MOUNT_OPTS",
	"LOCKEDPAGES_*", "STOP_TIMEOUT",
	"BINDMOUNT",	 "TEMPLATE*",
	"CLASSES",	 "APPCONFIG*",
	"ONBOOT_*",	 "AUTOSTOP",
	"HA_*",		 "WELL_KNOWN_PORTS",
};

static bool is_other(const char *key)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		size_t len = strcspn(others[i], "*");

		if (!strncmp(key, others[i], len) &&
		    (others[i][len] || !key[len]))
			return true;
	}
	return false;
}

/* The resource of a key, whether this kernel has it or not; NULL for others. */
static const char *resource_of(const char *key)
{
	size_t i;

	for (i = 0; i < RESOURCE_NUMBERS; i++) {
		const char *name = resource_numbered(i);

		if (name && !strcasecmp(name, key))
			return name;
	}
	return NULL;
}

/* Split a line into key and value, which point into it, if there are any. */
static bool split_line(char *line, char **key, char **value)
{
	char *end, quote;

	line += strspn(line, " \t");
	if (!strncmp(line, "export ", 7))
		line += 7 + strspn(line + 7, " \t");
	*key = line;
	end = line + strcspn(line, "=");
	if (!*line || *line == '#' || !*end)
		return false;
	*end = '\0';
	*value = end + 1;
	quote = **value;
	if (quote == '"' || quote == '\'') {
		(*value)++;
		(*value)[strcspn(*value, quote == '"' ? "\"" : "'")] = '\0';
	} else {
		(*value)[strcspn(*value, " \t#\r\n")] = '\0';
	}
	return true;
}

/* The highest values of 32 and 64 bits meant "unlimited" there. */
static int parse_number(const char *name, const char *text, uint64_t *value)
{
	int ret = libbc_size_parse(text, libbc_unit_of(name), value);

	if (!ret && (*value == INT32_MAX || *value == INT64_MAX))
		*value = LIBBC_MAX;
	return ret;
}

static int take_value(const struct bcctl *ctl, const char *file, size_t line,
		      const char *name, char *value, struct specs *specs)
{
	struct spec *spec = specs_named(specs, name);
	char *colon = strchr(value, ':');
	int ret;

	if (!spec)
		return no_memory(ctl);
	if (spec->has_barrier)
		warn("%s line %zu: %s is given again, and the last one counts",
		     file, line, name);
	if (colon)
		*colon++ = '\0';
	spec->has_barrier = true;
	spec->has_limit = true;
	ret = parse_number(name, value, &spec->barrier);
	if (!ret)
		ret = parse_number(name, colon ? colon : value, &spec->limit);
	if (!ret)
		return 0;
	fail(ctl, "%s line %zu: %s: \"%s%s%s\" is not BARRIER[:LIMIT]%s", file,
	     line, name, value, colon ? ":" : "", colon ? colon : "",
	     ret == -ERANGE ? ", it is too large" : "");
	return ctl->failure;
}

static int take_line(const struct bcctl *ctl, const char *file, size_t number,
		     char *line, struct specs *specs)
{
	const char *name;
	char *key, *value;

	if (!split_line(line, &key, &value))
		return 0;
	name = resource_of(key);
	if (name)
		return take_value(ctl, file, number, name, value, specs);
	if (!is_other(key))
		warn("%s line %zu: %s is not a known key, and is left out",
		     file, number, key);
	return 0;
}

static int open_file(const struct bcctl *ctl, const char *file, char **text)
{
	FILE *in = strcmp(file, "-") ? fopen(file, "re") : stdin;
	int ret = 0;

	if (!in)
		return fail(ctl, "cannot open %s: %s", file, strerror(errno));
	*text = read_all(in);
	if (!*text)
		ret = fail(ctl, "cannot read %s: %s", file,
			   strerror(errno ? errno : ENOMEM));
	if (in != stdin)
		fclose(in);
	return ret;
}

int veconfig_read(const struct bcctl *ctl, const char *file,
		  struct specs *specs)
{
	char *text = NULL, *line, *next;
	size_t number = 0;
	int ret;

	ret = open_file(ctl, file, &text);
	for (line = text; !ret && line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		ret = take_line(ctl, file, ++number, line, specs);
	}
	free(text);
	if (!ret && !specs->count) {
		ret = fail(ctl, "%s sets no resource", file);
		hint("take the configuration of a container, like /etc/vz/conf/101.conf");
	}
	return ret;
}

/* Print the command that sets the limit which takes the place of this one. */
static void say_instead(const struct bcctl *ctl,
			const struct libbc_group *group,
			const struct spec *spec)
{
	const char *path = group ? libbc_group_path(group) : "/GROUP";
	char size[LIBBC_SIZE_LEN], plain[LIBBC_SIZE_LEN];

	if (spec->limit == LIBBC_MAX)
		return;
	libbc_size_format(spec->limit, LIBBC_PAGES, 0, size);
	libbc_size_format(spec->limit, LIBBC_PAGES, LIBBC_SIZE_PLAIN, plain);
	warn("%s: its limit of %s is for the memory controller:", spec->name,
	     size);
	hint("echo %s >%s%s/%s", plain, libbc_host_mount(ctl->host), path,
	     resource_instead(spec->name));
}

/*
 * An unlimited guarantee promised all memory there, which cannot be promised to
 * many groups; here it would mean no guarantee. The limit of a guarantee has no
 * meaning.
 */
static bool fit_guarantee(struct spec *spec)
{
	spec->limit = LIBBC_MAX;
	if (spec->barrier != LIBBC_MAX)
		return true;
	warn("%s: an unlimited guarantee cannot be given and is left out",
	     spec->name);
	return false;
}

void veconfig_fit(const struct bcctl *ctl, const struct libbc_group *group,
		  const struct libbc_account *account, struct specs *specs)
{
	char missing[512] = "";
	size_t i, len = 0;

	for (i = 0; i < specs->count;) {
		struct spec *spec = &specs->v[i];

		if (resource_kind(spec->name) == RESOURCE_SHOWN) {
			say_instead(ctl, group, spec);
			specs_drop(specs, i);
		} else if (!libbc_account_find(account, spec->name)) {
			len += snprintf(missing + len, sizeof(missing) - len,
					" %s", spec->name);
			specs_drop(specs, i);
		} else if (resource_kind(spec->name) == RESOURCE_GUARANTEE &&
			   !fit_guarantee(spec)) {
			specs_drop(specs, i);
		} else {
			i++;
		}
	}
	if (*missing)
		warn("this kernel does not have these, and they are left out:%s",
		     missing);
}

static void print_value(FILE *out, uint64_t value)
{
	if (value == LIBBC_MAX)
		fputs("unlimited", out);
	else
		fprintf(out, "%llu", (unsigned long long)value);
}

/* Copy a line, with the new values of its resource if there are any. */
static int copy_line(FILE *out, const char *line, const struct specs *specs)
{
	char *copy = strdup(line), *key, *value;
	const char *name = NULL;
	size_t i;

	if (!copy)
		return -ENOMEM;
	if (split_line(copy, &key, &value))
		name = resource_of(key);
	for (i = 0; name && i < specs->count; i++)
		if (!strcmp(specs->v[i].name, name))
			break;
	if (name && i < specs->count) {
		fprintf(out, "%s=\"", key);
		print_value(out, specs->v[i].barrier);
		fputc(':', out);
		print_value(out, specs->v[i].limit);
		fputs("\"\n", out);
	} else {
		fprintf(out, "%s\n", line);
	}
	free(copy);
	return 0;
}

int veconfig_rewrite(const struct bcctl *ctl, const char *file,
		     const struct specs *specs)
{
	char *text = NULL, *made = NULL, *line, *next;
	size_t bytes = 0;
	FILE *out;
	int ret;

	ret = open_file(ctl, file, &text);
	if (ret)
		return ret;
	out = open_memstream(&made, &bytes);
	for (line = text; out && !ret && line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		ret = copy_line(out, line, specs);
	}
	if (!out || fclose(out) || ret)
		ret = no_memory(ctl);
	else
		ret = write_atomically(ctl, file, made, bytes);
	free(text);
	free(made);
	return ret;
}

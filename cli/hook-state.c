// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a container, which its runtime passes to hooks as JSON of the
 * OCI runtime specification.
 *
 * The annotations are in the state, if the runtime puts them there; otherwise they
 * are in the config.json of the bundle that the state names.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#include "hook.h"

/* Much more than any state or configuration needs. */
#define MOST_BYTES (16u << 20)

static struct json_object *member(struct json_object *object, const char *name,
				  enum json_type type)
{
	struct json_object *found;

	if (!json_object_object_get_ex(object, name, &found) ||
	    !json_object_is_type(found, type))
		return NULL;
	return found;
}

/* Parse a JSON object; NULL, after a message, if there is none. */
static struct json_object *parse(struct bcctl *ctl, FILE *in, const char *what)
{
	struct json_object *object = NULL;
	struct json_tokener *tokener;
	char *text = read_all(in);

	if (!text) {
		fail(ctl, "cannot read %s: %s", what, strerror(errno));
		return NULL;
	}
	tokener = json_tokener_new();
	if (tokener && strlen(text) < MOST_BYTES)
		object = json_tokener_parse_ex(tokener, text,
					       (int)strlen(text) + 1);
	if (!json_object_is_type(object, json_type_object)) {
		fail(ctl, "%s is no JSON object: %s", what,
		     tokener ? json_tokener_error_desc(
				       json_tokener_get_error(tokener)) :
			       "out of memory");
		json_object_put(object);
		object = NULL;
	}
	json_tokener_free(tokener);
	free(text);
	return object;
}

/* Read the annotations of the configuration, which may have none. */
static int read_config(struct bcctl *ctl, struct container *container)
{
	struct json_object *bundle =
		member(container->state, "bundle", json_type_string);
	char *path;
	FILE *file;
	int ret = 0;

	if (!bundle)
		return fail(
			ctl,
			"the state of container %s has neither annotations nor a bundle",
			container->id);
	if (asprintf(&path, "%s/config.json", json_object_get_string(bundle)) <
	    0)
		return no_memory(ctl);
	file = fopen(path, "re");
	if (!file) {
		ret = fail(ctl, "cannot open %s: %s", path, strerror(errno));
	} else {
		container->config = parse(ctl, file, path);
		ret = container->config ? 0 : ctl->failure;
		fclose(file);
	}
	if (!ret)
		container->annotations = member(
			container->config, "annotations", json_type_object);
	free(path);
	return ret;
}

int container_read(struct bcctl *ctl, FILE *in, struct container *container)
{
	struct json_object *found;

	*container = (struct container){ NULL };
	container->state = parse(ctl, in, "the state on standard input");
	if (!container->state) {
		hint("bcctl hook is started by a container runtime, see \"man bcctl-hook\"");
		return ctl->failure;
	}
	found = member(container->state, "id", json_type_string);
	container->id = found ? json_object_get_string(found) :
				"without a name";
	found = member(container->state, "pid", json_type_int);
	container->pid = found ? json_object_get_int(found) : 0;
	if (container->pid <= 0) {
		fail(ctl, "container %s has no process yet", container->id);
		hint("make it a hook of the stage createRuntime");
		return ctl->failure;
	}
	container->annotations =
		member(container->state, "annotations", json_type_object);
	return container->annotations ? 0 : read_config(ctl, container);
}

void container_free(struct container *container)
{
	json_object_put(container->state);
	json_object_put(container->config);
}

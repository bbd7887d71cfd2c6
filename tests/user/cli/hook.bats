#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# How the hook of container runtimes handles its input. In a copy no limit is set, so
# the error "nothing in it is changed" shows that everything before was right.

load common

# hook STATE [OPTION]...
hook()
{
	local state=$1
	shift
	on farm hook "$@" <<<"$state"
}

# right STATE [OPTION]...: the hook gets to the point where it sets limits.
right()
{
	fails 1 hook "$@"
	says "nothing in it is changed"
}

# state ANNOTATIONS: the state of a container whose process is in /db.
state()
{
	printf '{"ociVersion":"1.0.2","id":"c1","status":"created","pid":4711,"bundle":"%s","annotations":{%s}}' \
		"$BATS_TEST_TMPDIR" "$1"
}

@test "hook: correct annotations" {
	right "$(state '"beancounter.kmemsize":"64M:72M"')"
	right "$(state '"beancounter.numproc":"20","other.kmemsize":"nonsense","beancounter":"x"')"
	right "$(state '"beancounter.profile":"light"')"
	right "$(state '"beancounter.profile":"light","beancounter.kmemsize":"1M"')"
}

@test "hook: no limit is asked for" {
	run hook "$(state '')"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	run hook "$(state '"other":"1"')"
	[ "$status" -eq 0 ]
	right "$(state '')" -l kmemsize=5M
	right "$(state '')" --most kmemsize=5M
}

@test "hook: without annotations in the state it takes those of config.json" {
	local state='{"id":"c1","pid":4711,"bundle":"'$BATS_TEST_TMPDIR'"}'
	fails 1 hook "$state"
	says "cannot open $BATS_TEST_TMPDIR/config.json"
	echo '{"annotations":{"beancounter.kmemsize":"many"}}' >"$BATS_TEST_TMPDIR/config.json"
	fails 1 hook "$state"
	says "this is annotation beancounter.kmemsize=many of container c1"
	echo '{"annotations":{"beancounter.kmemsize":"1M"}}' >"$BATS_TEST_TMPDIR/config.json"
	right "$state"
	echo '{"process":{}}' >"$BATS_TEST_TMPDIR/config.json"
	run hook "$state"
	[ "$status" -eq 0 ]
	echo '{"annotations":' >"$BATS_TEST_TMPDIR/config.json"
	fails 1 hook "$state"
	says "config.json is no JSON object"
	fails 1 hook '{"id":"c1","pid":4711}'
	says "neither annotations nor a bundle"
}

@test "hook: wrong annotations" {
	fails 1 hook "$(state '"beancounter.kmemsiz":"1M"')"
	says "did you mean kmemsize?"
	says "container c1"
	fails 1 hook "$(state '"beancounter.":"1M"')"
	fails 1 hook "$(state '"beancounter.kmemsize":""')"
	fails 1 hook "$(state '"beancounter.kmemsize":17')"
	says "is not a string"
	fails 1 hook "$(state '"beancounter.kmemsize":null')"
	fails 1 hook "$(state '"beancounter.kmemsize":"1M numproc=3"')"
	fails 1 hook "$(state '"beancounter.profile":"lite"')"
	says "no profile lite"
	fails 1 hook "$(state '"beancounter.numproc":"1M"')"
}

@test "hook: the most that the administrator allows" {
	local most=(--most kmemsize=10M:12M)
	right "$(state '"beancounter.kmemsize":"10M:12M"')" "${most[@]}"
	right "$(state '"beancounter.kmemsize":"10M"')" "${most[@]}"
	right "$(state '"beancounter.kmemsize":":12M"')" "${most[@]}"
	right "$(state '')" "${most[@]}" -l kmemsize=5M:6M
	fails 1 hook "$(state '"beancounter.kmemsize":"11M:12M"')" "${most[@]}"
	says "container c1 asks for a barrier of 11M for kmemsize, and at most 10M is allowed"
	fails 1 hook "$(state '"beancounter.kmemsize":"10M:13M"')" "${most[@]}"
	says "a limit of 13M"
	fails 1 hook "$(state '"beancounter.kmemsize":"max"')" "${most[@]}"
	fails 1 hook "$(state '"beancounter.profile":"unlimited"')" "${most[@]}"
	fails 1 hook "$(state '"beancounter.kmemsize":"10M:11M"')" --most kmemsize=10M
	says "a limit of 11M"
	fails 2 hook "$(state '')" --most kmemsiz=5M
	fails 2 hook "$(state '')" -l kmemsize=many
}

@test "hook: input that is not the state of a container with a process" {
	fails 1 hook ''
	fails 1 hook 'null'
	fails 1 hook '[]'
	fails 1 hook '{"id":"c1"'
	fails 1 hook '{"id":"c1","annotations":{}}'
	says "container c1 has no process yet"
	says "createRuntime"
	fails 1 hook '{"id":"c1","pid":0,"annotations":{}}'
	fails 1 hook '{"id":"c1","pid":-4,"annotations":{}}'
	fails 1 hook '{"id":"c1","pid":"4711","annotations":{}}'
	fails 1 hook '{"id":"c1","pid":99999,"annotations":{}}'
	fails 1 hook '{"id":"c1","pid":4711,"annotations":[]}'
	fails 2 hook "$(state '')" operand
	head -c 17000000 /dev/zero | tr '\0' ' ' >"$BATS_TEST_TMPDIR/big"
	fails 1 on farm hook <"$BATS_TEST_TMPDIR/big"
}

# wrapped ARGUMENT...: call the runtime for docker, with a runc that only prints its
# arguments.
wrapped()
{
	run "$USER_TESTS/../../deploy/docker/runc-beancounter" --runc="$BATS_TEST_TMPDIR/runc" "$@"
}

@test "hook: the runtime for docker adds the hook to the containers that runc starts" {
	local bundle=$BATS_TEST_TMPDIR/bundle
	mkdir "$bundle"
	printf '#!/bin/sh\necho "runc $*"\n' >"$BATS_TEST_TMPDIR/runc"
	chmod +x "$BATS_TEST_TMPDIR/runc"
	cat >"$bundle/config.json" <<-'JSON'
	{ "ociVersion": "1.0.2", "annotations": { "beancounter.numproc": "7" },
	  "process": { "env": ["PATH=/bin", "BEANCOUNTER_KMEMSIZE=1M:2M", "BEANCOUNTER_NUMPROC=9"] },
	  "hooks": { "createRuntime": [ { "path": "/bin/true" } ] } }
	JSON
	cp "$bundle/config.json" "$BATS_TEST_TMPDIR/before"
	wrapped --hook-option=--most=numproc=50 --root /run/x --log "$BATS_TEST_TMPDIR/log" --systemd-cgroup \
		create --bundle "$bundle" --pid-file /p c1
	[ "$status" -eq 0 ]
	[ "$output" = "runc --root /run/x --log $BATS_TEST_TMPDIR/log --systemd-cgroup create --bundle $bundle --pid-file /p c1" ]
	/usr/bin/python3 - "$bundle/config.json" <<-'PYTHON'
	import json, sys
	spec = json.load(open(sys.argv[1]))
	assert spec["annotations"] == {"beancounter.numproc": "7", "beancounter.kmemsize": "1M:2M"}, spec
	first, hook = spec["hooks"]["createRuntime"]
	assert first["path"] == "/bin/true" and hook["path"].endswith("/bcctl"), spec
	assert hook["args"] == ["bcctl", "hook", "--most=numproc=50"], spec
	PYTHON
	# It passes other commands on unchanged, whatever their arguments are.
	cp "$BATS_TEST_TMPDIR/before" "$bundle/config.json"
	wrapped --root create delete --force c1
	[ "$output" = "runc --root create delete --force c1" ]
	cmp "$BATS_TEST_TMPDIR/before" "$bundle/config.json"
	# When it cannot change the configuration, it does not call runc, and docker gets an
	# error.
	echo '{' >"$bundle/config.json"
	wrapped --log="$BATS_TEST_TMPDIR/log" create -b "$bundle" c1
	[ "$status" -eq 1 ]
	says "cannot change $bundle/config.json"
	[[ $output != *"runc --log"* ]]
	grep -q '"level": "error", "msg": "runc-beancounter: cannot change' "$BATS_TEST_TMPDIR/log"
	echo '[]' >"$bundle/config.json"
	wrapped run --bundle="$bundle" c1
	[ "$status" -eq 1 ]
	says "is no configuration of a container"
}

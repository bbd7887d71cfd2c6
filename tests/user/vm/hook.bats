#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# bcctl hook, started by the container runtimes of Debian.

load common

# bundle STAGE ANNOTATIONS: make a container that opens sockets until it is refused.
bundle()
{
	BUNDLE=$BATS_TEST_TMPDIR/bundle
	mkdir -p "$BUNDLE"/rootfs/{bin,proc,dev}
	cp "$TOOLS/hog" "$BUNDLE/rootfs/bin"
	cat >"$BUNDLE/config.json" <<-EOF
	{
	  "ociVersion": "1.0.2",
	  "root": { "path": "rootfs" },
	  "process": { "args": ["/bin/hog", "sockets", "3500"], "cwd": "/", "env": ["PATH=/bin"],
	    "rlimits": [ { "type": "RLIMIT_NOFILE", "hard": 4096, "soft": 4096 } ],
	    "user": { "uid": 0, "gid": 0 } },
	  "annotations": { $2 },
	  "hooks": { "$1": [ { "path": "$BUILD/bin/bcctl",
	    "args": ["bcctl", "hook", "--most", "numproc=50"] } ] },
	  "mounts": [
	    { "destination": "/proc", "type": "proc", "source": "proc" },
	    { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"] }
	  ],
	  "linux": {
	    "cgroupsPath": "$GROUP/container",
	    "namespaces": [ { "type": "pid" }, { "type": "mount" }, { "type": "cgroup" } ]
	  }
	}
	EOF
}

# wrapped ARGUMENT...: call the runtime for docker around runc.
wrapped()
{
	"$USER_TESTS/../../deploy/docker/runc-beancounter" --hook-option=--most=numproc=50 "$@"
}

# start RUNTIME STAGE ANNOTATIONS
start()
{
	command -v "$1" >/dev/null || skip "$1 is not installed"
	bundle "$2" "$3"
	cd "$BUNDLE"
	run "$1" --root "$BATS_TEST_TMPDIR/state" run "hook-$BATS_TEST_NUMBER" </dev/null
	echo "$output"
}

# limited RUNTIME STAGE: the container is refused at the limit of its annotation.  This
# limit has room for the runtime, which is in the group until it executes the program.
limited()
{
	start "$1" "$2" '"beancounter.kmemsize": "3M:6M"'
	[ "$status" -eq 1 ]
	says "then: "
	[[ $output != *"enough"* ]]
	[ "$(sed -n 's/^kmemsize //p' "$DIR/bc.failcnt")" -gt 0 ]
}

@test "hook: crun, createRuntime" {
	limited crun createRuntime
}

@test "hook: crun, prestart" {
	limited crun prestart
}

@test "hook: runc, createRuntime" {
	limited runc createRuntime
}

@test "hook: runc, prestart" {
	limited runc prestart
}

@test "hook: crun does not start a container that asks for too much" {
	start crun createRuntime '"beancounter.numproc": "51"'
	[ "$status" -ne 0 ]
	[[ $output != *"then: "* ]]
}

@test "hook: runc does not start such a container, and shows the hook's message" {
	start runc createRuntime '"beancounter.numproc": "51"'
	[ "$status" -ne 0 ]
	says "asks for a barrier of 51 for numproc, and at most 50 is allowed"
	[[ $output != *"then: "* ]]
}

@test "hook: a wrong annotation, and no annotation" {
	start runc createRuntime '"beancounter.kmemsiz": "1M"'
	[ "$status" -ne 0 ]
	says "did you mean kmemsize?"
	start runc createRuntime ''
	[ "$status" -eq 0 ]
	says "then: enough"
}

@test "hook: the runtime for docker, by an annotation and by a variable" {
	command -v runc >/dev/null || skip "runc is not installed"
	bundle none '"beancounter.kmemsize": "3M:6M"'
	cd "$BUNDLE"
	run wrapped --root "$BATS_TEST_TMPDIR/state" run "hook-$BATS_TEST_NUMBER" </dev/null
	echo "$output"
	[ "$status" -eq 1 ]
	says "then: "
	[[ $output != *"enough"* ]]
	[ "$(sed -n 's/^kmemsize //p' "$DIR/bc.failcnt")" -gt 0 ]
	bundle none ''
	sed -i 's/"PATH=\/bin"/"PATH=\/bin", "BEANCOUNTER_NUMPROC=51"/' config.json
	run wrapped --root "$BATS_TEST_TMPDIR/state" run "hook-$BATS_TEST_NUMBER" </dev/null
	echo "$output"
	[ "$status" -ne 0 ]
	says "asks for a barrier of 51 for numproc, and at most 50 is allowed"
	[[ $output != *"then: "* ]]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only

load common

@test "list: the worst rows first, groups with nothing to report folded" {
	run on farm list
	[ "$status" -eq 0 ]
	[[ ${lines[2]} == *web* ]]
	[[ ${lines[3]} == *job*kmemsize*refused* ]]
	[[ ${lines[4]} == *numproc*refused* ]]
	[[ ${lines[5]} == *db*near* ]]
	says quiet
	says "2 more with nothing to report"
	[[ $output != *deep* ]]
	[[ $output != *numwidget* ]]
}

@test "bcctl without a verb prints the same as list" {
	run bcctl --sysroot "$MACHINES/farm"
	[ "$status" -eq 0 ]
	[ "$output" = "$(on farm list)" ]
}

@test "list --all: everything, including a resource that the tool does not know" {
	run on farm list --all
	says numwidget
	says '"odd\name"'
	[[ $output != *"more with"* ]]
}

@test "list GROUP: only the group and those below it" {
	run on farm list /web --raw --noheadings -o GROUP
	[ "$status" -eq 0 ]
	[ "$(sort -u <<<"$output")" = "$(printf '/web\n/web/job')" ]
}

@test "list --json: every number as a number, max as null" {
	on farm list --all --json >"$ERRORS"
	/usr/bin/python3 - "$ERRORS" <<-'PYTHON'
	import json, sys
	rows = json.load(open(sys.argv[1]))["groups"]
	assert len(rows) == 15, len(rows)
	job = [r for r in rows if r["group"] == "/web/job" and r["resource"] == "kmemsize"][0]
	assert job["held"] == 1000000 and job["barrier"] == 1048576, job
	assert job["limit"] is None and job["local"] == 8, job
	assert job["state"] == "refused" and job["unit"] == "bytes", job
	assert any(r["group"] == '/quiet/deep/"odd\\name"' for r in rows), rows
	pages = [r for r in rows if r["resource"] == "privvmpages" and r["group"] == "/web"][0]
	assert pages["held"] == 1000 and pages["unit"] == "pages", pages
	PYTHON
}

@test "list --raw --noheadings -o: for scripts" {
	run on farm list --all --raw --noheadings --bytes -o group,resource,held,barrier
	says "/web kmemsize 4194304 16777216"
	says "/web privvmpages 4096000 268435456"
	says "/db kmemsize 900 1000"
}

@test "list: colours on a terminal only, and not with NO_COLOR" {
	run on farm list
	[[ $output != *$'\e['* ]]
	run "$USER_TESTS/on-terminal" "" bcctl list --sysroot "$MACHINES/farm"
	[[ $output == *$'\e[31m'* ]]
	NO_COLOR=1 run "$USER_TESTS/on-terminal" "" bcctl list --sysroot "$MACHINES/farm"
	says refused
	[[ $output != *$'\e[31m'* ]]
}

@test "list: only ASCII where the locale has no other characters" {
	LC_ALL=C run on farm list
	[ "$status" -eq 0 ]
	! LC_ALL=C grep -qP '[^\x00-\x7f]' <<<"$output"
}

@test "list: wrong arguments" {
	fails 1 on farm list /nope
	says "there is no group /nope"
	fails 2 on farm list --jsn
	says -- "--json"
	fails 2 on farm list --json --raw
	fails 2 on farm list -o HELT
	says "did you mean HELD"
	fails 2 on farm list a b
	fails 2 on farm list -o
	says "needs a value"
	fails 2 on farm list --all=yes
}

@test "machines without accounts: the message says why, and what to do" {
	fails 1 on none list
	says "no beancounters"
	says "CONFIG_BEANCOUNTERS"
	fails 1 on disabled list
	says "cgroup_disable=bc"
	says "boot loader"
	fails 1 on v1 list
	says "no cgroup2 is mounted"
	says "mount -t cgroup2"
	fails 1 bcctl list --sysroot /nonexistent
	says "there is no directory /nonexistent"
	fails 1 on broken show a
	says "a/bc.resources has a form"
}

@test "output that cannot be written is an error" {
	run bash -c 'bcctl list --sysroot "$MACHINES/farm" >/dev/full'
	[ "$status" -eq 1 ]
	says "cannot write the output"
}

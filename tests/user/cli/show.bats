#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only

load common

@test "show GROUP: all resources, a bar" {
	run on farm show /web/job
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = /web/job ]
	[[ ${lines[2]} == kmemsize*976.6K*█████████░*95*1M*max*8* ]]
	[[ ${lines[4]} == numproc*████░░░░░░*40*5* ]]
	[[ ${lines[5]} == numwidget* ]]
	LC_ALL=C run on farm show /web/job
	says "#########-"
}

@test "show: by process, and one's own group" {
	run on farm show 4711
	[ "${lines[0]}" = /db ]
	run on farm show .
	[ "${lines[0]}" = /web/job ]
	fails 1 on farm show 4712
	says "has been removed"
	fails 1 on farm show 99
	says "there is no process 99"
	fails 1 on farm show 99999999999999999999
	says "there is no process"
	fails 1 on farm show 0
}

@test "show --json and -o" {
	run on farm show /web --json -o resource,limit
	[ "$status" -eq 0 ]
	[ "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["account"][1])' <<<"$output")" \
		= "{'resource': 'privvmpages', 'limit': 69632}" ]
	run on farm show /web -o +forced
	[[ ${lines[1]} == *FORCED* && ${lines[1]} == *HELD* ]]
}

@test "show: the root has no account" {
	fails 1 on farm show /
	says "root group has no account"
}

@test "show: names that are none" {
	fails 1 on farm show /web/../db
	says "is not a group"
	fails 1 on farm show /web/bc.held
	says "is not a group"
	fails 2 on farm show
	says "one GROUP is needed"
}

@test "top --batch: sorted, as often as it is told" {
	run on farm top --batch -n 2 -d 0.1 -s HELD
	[ "$status" -eq 0 ]
	[ "$(grep -c '^GROUP' <<<"$output")" -eq 2 ]
	[[ ${lines[1]} == "/web "*kmemsize* ]]
	[[ ${lines[2]} == /web/job*kmemsize* ]]
	run on farm top --batch -n 1 -s numbers
	[ "$status" -eq 2 ]
	run on farm top --batch -n 1 -s USE% --reverse --raw --noheadings -o GROUP
	[ "${lines[-1]}" = /web/job ]
	fails 2 on farm top --batch -n 0
	fails 2 on farm top --batch -d -1
	fails 2 on farm top
	says "take --batch"
}

@test "top on a terminal: sort, go into a group and out, help, end" {
	run "$USER_TESTS/on-terminal" $'\nhq' bcctl top --sysroot "$MACHINES/farm" -s HELD
	[ "$status" -eq 0 ]
	says "by HELD"
	says "turn the order round"
	[[ $output == *"/web  every"* ]]
	TERM=nonsense run "$USER_TESTS/on-terminal" q bcctl top --sysroot "$MACHINES/farm"
	[ "$status" -eq 1 ]
	says "cannot draw on this terminal"
}

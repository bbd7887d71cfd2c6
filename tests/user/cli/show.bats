#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only

load common

@test "show GROUP: all resources, with a bar" {
	run on farm show /web/job
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = /web/job ]
	[[ ${lines[2]} == kmemsize*976.6K*█████████░*95*1M*max*8* ]]
	[[ ${lines[4]} == numproc*████░░░░░░*40*5* ]]
	[[ ${lines[5]} == numwidget* ]]
	LC_ALL=C run on farm show /web/job
	says "#########-"
}

@test "show: the group of a process, and one's own group" {
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

@test "show: names that are not groups" {
	fails 1 on farm show /web/../db
	says "is not a group"
	fails 1 on farm show /web/bc.held
	says "is not a group"
	fails 2 on farm show
	says "one GROUP is needed"
}

@test "top --batch: sorted, and printed the given number of times" {
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

@test "top --batch: a filter, and a heading in any case" {
	run on farm top --batch -n 1 --raw --noheadings -o GROUP,RESOURCE --filter NUMP
	[ "$(sort <<<"$output")" = "$(printf '%s numproc\n' /db /web /web/job)" ]
	run on farm top --batch -n 1 --filter nothing
	[[ $output == "GROUP RESOURCE HELD"* ]]
}

@test "top on a terminal: bars, history, filter, processes" {
	TERMINAL_SIZE=30x130 run "$USER_TESTS/on-terminal" $'/nump\nq' bcctl top --sysroot "$MACHINES/farm"
	[ "$status" -eq 0 ]
	says HISTORY
	says before
	says "█"
	says "/_  (h: help)"
	says numproc
	mkdir -p "$BATS_TEST_TMPDIR/root"
	cp -r "$MACHINES/farm/." "$BATS_TEST_TMPDIR/root"
	echo 4711 >"$BATS_TEST_TMPDIR/root/sys/fs/cgroup two/web/cgroup.procs"
	run "$USER_TESTS/on-terminal" "pxq" bcctl top --sysroot "$BATS_TEST_TMPDIR/root" --filter /web -s HELD
	[ "$status" -eq 0 ]
	says "/web: processes"
	says "    4711 "
	# After a change of the terminal's size top redraws.
	run "$USER_TESTS/on-terminal" "<20x60>q" bcctl top --sysroot "$MACHINES/farm"
	[ "$status" -eq 0 ]
}

@test "show, list, top: 80 and 60 columns" {
	local width
	for width in 80 60 40; do
		for verb in "show /web" "list --all" list; do
			# shellcheck disable=SC2086 # words
			TERMINAL_SIZE=30x$width run "$USER_TESTS/on-terminal" "" bcctl $verb --sysroot "$MACHINES/farm"
			[ "$status" -eq 0 ]
			[ "$width" -lt 60 ] || says BARRIER
			/usr/bin/python3 - "$width" "$output" <<-'PYTHON'
			import re, sys
			for line in sys.argv[2].splitlines():
			    plain = re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip()
			    assert len(plain) <= max(int(sys.argv[1]), 50 if "more with" in plain else 0), (len(plain), plain)
			PYTHON
		done
	done
	# The important columns stay, and so do columns that were asked for.
	TERMINAL_SIZE=30x60 run "$USER_TESTS/on-terminal" "" bcctl show /web --sysroot "$MACHINES/farm"
	[[ ${lines[1]} == *RESOURCE*HELD*USE%*BARRIER*FAILCNT* && ${lines[1]} != *WHAT* ]]
	TERMINAL_SIZE=30x60 run "$USER_TESTS/on-terminal" "" bcctl show /web --sysroot "$MACHINES/farm" -o +ID,FORCED
	[[ $output == *WHAT*ID*FORCED* ]]
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

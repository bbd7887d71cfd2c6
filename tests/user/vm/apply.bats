#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Policy on real groups: once, and as a service that sees groups come.

load common

setup_file()
{
	export POLICY=/tmp/groups.d
}

# policy LINE...
policy()
{
	mkdir -p "$POLICY"
	printf '%s\n' "$@" >"$POLICY/test.conf"
}

# keep: start the service; stopped by teardown.
keep()
{
	bcctl apply --watch --from "$POLICY" 2>"$BATS_TEST_TMPDIR/log" 3>&- &
	KEEPER=$!
	soon keeps
}

# keeps: it has gone through all groups and waits for more.
keeps()
{
	grep -q '^State:.*sleeping' "/proc/$KEEPER/status" &&
		[ -e "/proc/$KEEPER/fdinfo" ] && grep -qs '^fanotify sdev' "/proc/$KEEPER/fdinfo/"*
}

stop()
{
	kill "$KEEPER"
	wait "$KEEPER"
}

limits()
{
	echo "$(value barrier "$1"):$(value limit "$1")"
}

are()
{
	[ "$(limits "$1")" = "$2" ]
}

teardown()
{
	kill -9 "${KEEPER:-}" 2>/dev/null && wait "$KEEPER" 2>/dev/null || :
	rm -rf "$POLICY"
	remove_groups
}

@test "apply: those that match, and no others" {
	mkdir "$DIR"/{web-1,web-2,db}
	policy "[$GROUP/web-*]" 'kmemsize = 16M:18M' "[$GROUP/web-2]" 'kmemsize = 5M:6M' 'numproc = 7'
	run bcctl apply --from "$POLICY" --diff --bytes
	[ "$status" -eq 0 ]
	says "+ kmemsize 16777216:18874368"
	are "$DIR/web-1" 16777216:18874368
	are "$DIR/web-2" 5242880:6291456
	[ "$(value barrier "$DIR/web-2" numproc)" = 7 ]
	are "$DIR/db" max:max
	run bcctl apply --from "$POLICY" --diff
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "apply: nothing is set when a file is wrong" {
	policy "[$GROUP]" 'kmemsize = 16M:18M' 'numproc = many'
	fails 1 bcctl apply --from "$POLICY"
	says "$POLICY/test.conf:3: "
	are "$DIR" max:max
}

@test "apply: without permission, and the others all the same" {
	policy "[$GROUP*]" 'kmemsize = 16M:18M'
	fails 1 "${AS_NOBODY[@]}" apply --from "$POLICY"
	says "no permission to write $DIR/bc."
	are "$DIR" max:max
}

@test "apply --watch: groups that come, however deep" {
	policy "[$GROUP/*]" 'kmemsize = 16M:18M' "[$GROUP/*/*/*]" 'kmemsize = 1M:2M'
	mkdir "$DIR/there"
	keep
	soon are "$DIR/there" 16777216:18874368
	mkdir -p "$DIR/new/b/c"
	soon are "$DIR/new/b/c" 1048576:2097152
	are "$DIR/new" 16777216:18874368
	are "$DIR/new/b" max:max
	# The same name again is another group.
	rmdir "$DIR/there"
	mkdir "$DIR/there"
	soon are "$DIR/there" 16777216:18874368
	stop
	[ ! -s "$BATS_TEST_TMPDIR/log" ]
}

@test "apply --watch: SIGHUP reads the files again, and keeps what was when they are wrong" {
	policy "[$GROUP/*]" 'kmemsize = 16M:18M'
	keep
	mkdir "$DIR/a"
	soon are "$DIR/a" 16777216:18874368
	policy "[$GROUP/*]" 'kmemsize = 5M:6M'
	kill -HUP "$KEEPER"
	soon are "$DIR/a" 5242880:6291456
	policy "[$GROUP/*]" 'kmemsize = 7M:8M' 'rubbish'
	kill -HUP "$KEEPER"
	soon grep -q "the limits that were in force still are" "$BATS_TEST_TMPDIR/log"
	grep -q "$POLICY/test.conf:3: \"rubbish\"" "$BATS_TEST_TMPDIR/log"
	are "$DIR/a" 5242880:6291456
	mkdir "$DIR/b"
	soon are "$DIR/b" 5242880:6291456
	stop
}

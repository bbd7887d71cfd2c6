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

@test "apply: killed at any system call, the old limits or the new ones" {
	local n status=0 group seen_old=0 seen_new=0
	mkdir "$DIR"/{a,b}
	policy "[$GROUP/*]" 'kmemsize = 3000000:4000000'
	for ((n = 1; n < 4000; n += 23)); do
		for group in a b; do
			echo 'kmemsize 1000000' >"$DIR/$group/bc.barrier"
			echo 'kmemsize 2000000' >"$DIR/$group/bc.limit"
		done
		status=0
		"$TOOLS/killat" "$n" bcctl apply --from "$POLICY" "$GROUP" || status=$?
		for group in a b; do
			case $(limits "$DIR/$group") in
			1000000:2000000) seen_old=$((seen_old + 1)) ;;
			3000000:4000000) seen_new=$((seen_new + 1)) ;;
			*) echo "killed at $n: $(limits "$DIR/$group")"; return 1 ;;
			esac
		done
		[ "$status" -ne 3 ] || break
		[ "$status" -eq 0 ]
	done
	echo "# old $seen_old times, new $seen_new times" >&3
	[ "$status" -eq 3 ] && [ "$seen_old" -gt 4 ] && [ "$seen_new" -ge 2 ]
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

@test "apply --watch: 99 of 100 groups within 10 ms" {
	policy "[$GROUP/each-*]" 'kmemsize = 5000000:6000000' 'numproc = 100' 'privvmpages = 64M:72M'
	keep
	"$TOOLS/birth" each 10 "$DIR" 5000000
	run "$TOOLS/birth" each 1000 "$DIR" 5000000
	echo "# median, 99 of 100, longest, one look, in us: $output" >&3
	[ "$status" -eq 0 ]
	stop
	# Where reading one file takes as long, the figure says nothing about us.
	[ "$(echo "$output" | cut -d' ' -f4)" -le 500 ] || skip "this machine is too busy to measure"
	[ "$(echo "$output" | cut -d' ' -f2)" -le 10000 ]
}

@test "apply --watch: a storm of 10,000 groups" {
	policy "[$GROUP/storm-*/*]" 'kmemsize = 5000000:6000000'
	keep
	run "$TOOLS/birth" storm 10000 "$DIR" 5000000
	echo "# made within, limited after, in ms: $output" >&3
	[ "$status" -eq 0 ]
	stop
	[ ! -s "$BATS_TEST_TMPDIR/log" ]
}

@test "apply --watch: a storm that the kernel has no room for" {
	local before
	before=$(cat /proc/sys/fs/fanotify/max_queued_events)
	echo 50 >/proc/sys/fs/fanotify/max_queued_events
	policy "[$GROUP/storm-*/*]" 'kmemsize = 5000000:6000000'
	keep
	echo "$before" >/proc/sys/fs/fanotify/max_queued_events
	kill -STOP "$KEEPER"
	(sleep 3; kill -CONT "$KEEPER") 3>&- &
	run "$TOOLS/birth" storm 1000 "$DIR" 5000000
	[ "$status" -eq 0 ]
	wait $!
	stop
}

@test "apply --watch: killed and started again, no group is left out" {
	local n
	policy "[$GROUP/storm-*/*]" 'kmemsize = 5000000:6000000'
	keep
	"$TOOLS/birth" storm 2000 "$DIR" 5000000 >"$BATS_TEST_TMPDIR/birth" 3>&- &
	local birth=$!
	for n in {1..20}; do
		kill -9 "$KEEPER"
		wait "$KEEPER" || :
		bcctl apply --watch --from "$POLICY" 2>"$BATS_TEST_TMPDIR/log" 3>&- &
		KEEPER=$!
		sleep 0.2
	done
	wait "$birth"
	stop
}

@test "apply --watch: killed at system calls, the next one catches up" {
	local n group
	policy "[$GROUP/*]" 'kmemsize = 3000000:4000000'
	mkdir "$DIR"/{a,b,c}
	for ((n = 100; n < 1500; n += 211)); do
		for group in a b c; do
			echo 'kmemsize max' >"$DIR/$group/bc.barrier"
			echo 'kmemsize max' >"$DIR/$group/bc.limit"
		done
		timeout 5 "$TOOLS/killat" "$n" bcctl apply --watch --from "$POLICY" || [ $? -eq 124 ]
		bcctl apply --from "$POLICY"
		for group in a b c; do
			are "$DIR/$group" 3000000:4000000
		done
	done
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

@test "apply --watch: refusals are told, some of them, and the others counted" {
	policy "[$GROUP/*]" 'kmemsize = 1M:2M'
	mkdir "$DIR/a.service"
	keep
	soon are "$DIR/a.service" 1048576:2097152
	for _ in {1..9}; do
		sh -c "echo \$\$ >$DIR/a.service/cgroup.procs; exec $TOOLS/hog sockets" >/dev/null || :
	done
	soon grep -q "^$GROUP/a.service: kmemsize refused for hog" "$BATS_TEST_TMPDIR/log"
	sleep 2
	stop
	cat "$BATS_TEST_TMPDIR/log"
	[ "$(grep -c 'refused for hog' "$BATS_TEST_TMPDIR/log")" -eq 5 ]
	grep -q "^$GROUP/a.service: refused [1-9][0-9]* more times" "$BATS_TEST_TMPDIR/log"
}

@test "apply --watch: what it needs and does not have" {
	policy "[$GROUP/*]" 'kmemsize = 1M:2M'
	fails 1 "${AS_NOBODY[@]}" apply --watch --from "$POLICY"
	says "--watch needs root"
}

@test "save: what apply sets again" {
	mkdir "$DIR/web"
	bcctl set "$GROUP/web" kmemsize=1234567:2M numproc=7 privvmpages=:12345P
	mkdir -p "$POLICY"
	bcctl save "$GROUP/web" --file "$POLICY/web.conf"
	rmdir "$DIR/web"
	mkdir "$DIR/web"
	bcctl apply --from "$POLICY"
	are "$DIR/web" 1234567:2097152
	[ "$(value limit "$DIR/web" privvmpages)" = 12345 ]
	[ "$(value barrier "$DIR/web" numproc)" = 7 ]
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Policy on real groups: applied once, and by the service that limits new groups.

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

# launch: start the service, which teardown stops.
launch()
{
	bcctl apply --watch --from "$POLICY" 2>"$BATS_TEST_TMPDIR/log" 3>&- &
	KEEPER=$!
}

# keep: start the service and wait until it keeps limits.
keep()
{
	launch
	soon keeps
}

# keeps: the service has gone through all groups and waits for more.
keeps()
{
	grep -q '^State:.*sleeping' "/proc/$KEEPER/status" &&
		[ -e "/proc/$KEEPER/fdinfo" ] && grep -qs '^fanotify sdev' "/proc/$KEEPER/fdinfo/"*
}

# traces: the service sees refusals.
traces()
{
	grep -qs 1 "/sys/kernel/tracing/instances/bcctl-$KEEPER/events/bc/bc_refuse/enable"
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

@test "apply: groups that match a section, and no others" {
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

@test "apply: no limit is set when a file has a mistake" {
	policy "[$GROUP]" 'kmemsize = 16M:18M' 'numproc = many'
	fails 1 bcctl apply --from "$POLICY"
	says "$POLICY/test.conf:3: "
	are "$DIR" max:max
}

@test "apply: without permission" {
	policy "[$GROUP*]" 'kmemsize = 16M:18M'
	fails 1 "${AS_NOBODY[@]}" apply --from "$POLICY"
	says "no permission to write $DIR/bc."
	are "$DIR" max:max
}

@test "apply: a group without permission keeps no other from its limits" {
	mkdir "$DIR"/{mine-1,theirs,yours}
	chown 65534 "$DIR"/{mine-1,yours}/bc.{barrier,limit}
	policy "[$GROUP/*]" 'kmemsize = 16M:18M'
	fails 1 "${AS_NOBODY[@]}" apply --from "$POLICY"
	says "no permission to write $DIR/theirs/bc."
	are "$DIR/mine-1" 16777216:18874368
	are "$DIR/theirs" max:max
	are "$DIR/yours" 16777216:18874368
}

# begin_again GROUP...: set the old limits again.
begin_again()
{
	local group
	for group; do
		echo 'kmemsize 1000000' >"$DIR/$group/bc.barrier"
		echo 'kmemsize 2000000' >"$DIR/$group/bc.limit"
	done
}

# There are two groups: each has the old limits or the new ones.  bcctl is killed at few
# system calls while it writes nothing, and at each once it writes.
# bats test_tags=slow
@test "apply: killed at any system call, it leaves the old limits or the new ones" {
	local n=1 step=64 status=0 group new seen_old=0 seen_new=0
	mkdir "$DIR"/{a,b}
	policy "[$GROUP/*]" 'kmemsize = 3000000:4000000'
	while [ "$n" -lt 6000 ] && [ "$status" -ne 3 ]; do
		begin_again a b
		status=0 new=0
		"$TOOLS/killat" "$n" bcctl apply --from "$POLICY" "$GROUP" || status=$?
		[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
		for group in a b; do
			case $(limits "$DIR/$group") in
			1000000:2000000) seen_old=$((seen_old + 1)) ;;
			3000000:4000000) seen_new=$((seen_new + 1)) new=$((new + 1)) ;;
			*) echo "killed at $n: $(limits "$DIR/$group")"; return 1 ;;
			esac
		done
		# The process that writes changes both groups or none.
		[ "$new" -ne 1 ] || { echo "killed at $n: one of two"; return 1; }
		if [ "$step" -gt 1 ] && [ "$new" -gt 0 ]; then
			n=$((n > step ? n - step : 0)) step=1 status=0
		fi
		n=$((n + step))
	done
	echo "# old $seen_old times, new $seen_new times" >&3
	[ "$status" -eq 3 ] && [ "$seen_old" -gt 20 ] && [ "$seen_new" -gt 10 ]
}

# bats test_tags=slow
@test "apply: when the process that writes is killed, the new limits are set all the same" {
	local n status
	mkdir "$DIR"/{a,b}
	policy "[$GROUP/*]" 'kmemsize = 3000000:4000000'
	for ((n = 1; n < 1000; n += 3)); do
		begin_again a b
		status=0
		"$TOOLS/killat" -c "$n" bcctl apply --from "$POLICY" "$GROUP" || status=$?
		echo "killed at $n: $(limits "$DIR/a") $(limits "$DIR/b")"
		are "$DIR/a" 3000000:4000000
		are "$DIR/b" 3000000:4000000
		[ "$status" -ne 3 ] || break
		[ "$status" -eq 0 ]
	done
	echo "# killed $((n / 3)) times" >&3
	[ "$status" -eq 3 ] && [ "$n" -gt 60 ]
}

@test "apply --watch: new groups, however deep" {
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

# An idle machine can keep ten milliseconds. On a busy one a simple process that sets the
# same limits, in the same seconds, takes longer than that, too; then the service may
# take at most three times as long as that process.
# bats test_tags=slow
@test "apply --watch: 99 of 100 groups within 10 ms" {
	local late same
	policy "[$GROUP/each-*]" 'kmemsize = 5000000:6000000' 'numproc = 100' 'privvmpages = 64M:72M'
	keep
	"$TOOLS/birth" each 10 "$DIR" 5000000
	run "$TOOLS/birth" each 1000 "$DIR" 5000000
	echo "# median, 99 of 100, longest, 99 of 100 of the simplest, in us, of how many: $output" >&3
	[ "$status" -eq 0 ]
	stop
	read -r _ late _ same _ <<<"$output"
	[ "$late" -le 10000 ] || [ "$late" -le $((3 * same)) ]
}

# bats test_tags=slow
@test "apply --watch: a storm of 10,000 groups" {
	policy "[$GROUP/storm-*/*]" 'kmemsize = 5000000:6000000'
	keep
	run "$TOOLS/birth" storm 10000 "$DIR" 5000000
	echo "# made within, limited after, in ms: $output" >&3
	[ "$status" -eq 0 ]
	stop
	[ ! -s "$BATS_TEST_TMPDIR/log" ]
}

# bats test_tags=slow
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

# killed_at N: kill the service at its Nth stop; $new groups then have the new limits,
# and in $between groups one of the two files was written.
killed_at()
{
	local group
	new=0 between=0
	begin_again a b
	timeout 120 "$TOOLS/killat" "$1" bcctl apply --watch --from "$POLICY" 2>/dev/null ||
		[ $? -eq 124 ]
	for group in a b; do
		case $(limits "$DIR/$group") in
		3000000:4000000) new=$((new + 1)) ;;
		1000000:4000000) between=$((between + 1)) ;;
		1000000:2000000) ;;
		*) echo "killed at $1: $(limits "$DIR/$group")"; return 1 ;;
		esac
	done
}

# The stop before its first write is found by bisection; from there on the service is
# killed at each fifth stop, until it has set all limits.
# bats test_tags=slow
@test "apply --watch: killed at system calls, the next service catches up" {
	local n=128 low=1 group new=0 between=0 halves=0 kills=0
	policy "[$GROUP/*]" 'kmemsize = 3000000:4000000'
	mkdir "$DIR"/{a,b}
	while killed_at "$n"; [ $((new + between)) -eq 0 ] && [ "$n" -lt 16384 ]; do
		low=$n n=$((2 * n))
	done
	while [ $((n - low)) -gt 1 ]; do
		killed_at $(((low + n) / 2))
		if [ $((new + between)) -eq 0 ]; then
			low=$(((low + n) / 2))
		else
			n=$(((low + n) / 2))
		fi
	done
	while killed_at "$n"; [ "$new" -lt 2 ] && [ "$kills" -lt 200 ]; do
		kills=$((kills + 1)) halves=$((halves + between)) n=$((n + 5))
		launch
		for group in a b; do
			soon are "$DIR/$group" 3000000:4000000
		done
		stop
	done
	echo "# killed $kills times from the first write on, $halves times between two writes" >&3
	[ "$new" -eq 2 ] && [ "$kills" -ge 4 ] && [ "$halves" -ge 1 ]
}

@test "apply --watch: SIGHUP reads the files again; with a mistake the old policy stays" {
	policy "[$GROUP/*]" 'kmemsize = 16M:18M'
	keep
	mkdir "$DIR/a"
	soon are "$DIR/a" 16777216:18874368
	policy "[$GROUP/*]" 'kmemsize = 5M:6M'
	kill -HUP "$KEEPER"
	soon are "$DIR/a" 5242880:6291456
	policy "[$GROUP/*]" 'kmemsize = 7M:8M' 'rubbish'
	kill -HUP "$KEEPER"
	soon grep -q "the limits that were in force stay in force" "$BATS_TEST_TMPDIR/log"
	grep -q "$POLICY/test.conf:3: \"rubbish\"" "$BATS_TEST_TMPDIR/log"
	are "$DIR/a" 5242880:6291456
	mkdir "$DIR/b"
	soon are "$DIR/b" 5242880:6291456
	stop
}

@test "apply --watch: some refusals are logged, and the others are counted" {
	local log=$BATS_TEST_TMPDIR/log told counted windows refused
	policy "[$GROUP/*]" 'kmemsize = 1M:2M'
	mkdir "$DIR/a.service"
	keep
	soon are "$DIR/a.service" 1048576:2097152
	soon traces
	for _ in {1..9}; do
		sh -c "echo \$\$ >$DIR/a.service/cgroup.procs; exec $TOOLS/hog sockets" >/dev/null || :
	done
	soon grep -q "^$GROUP/a.service: kmemsize refused for hog" "$log"
	stop
	cat "$log"
	# If this takes more than a minute, the service has begun a new count.
	told=$(grep -c ' refused for hog\[[0-9]*] of ' "$log")
	windows=$(grep -cE ' more refusals? in the last ' "$log" || :)
	counted=$(awk '/ more refusals? in the last / { n += $(NF - 7) } END { print n + 0 }' "$log")
	refused=$(sed -n 's/^kmemsize //p' "$DIR/a.service/bc.failcnt.local")
	echo "# told $told, counted $counted, failcnt $refused" >&3
	[ "$told" -ge 5 ] && [ "$told" -le $((5 * (windows + 1))) ] && [ "$windows" -ge 1 ]
	[ "$refused" -ge 9 ] && [ $((told + counted)) -eq "$refused" ]
}

@test "apply --watch: without root" {
	policy "[$GROUP/*]" 'kmemsize = 1M:2M'
	fails 1 "${AS_NOBODY[@]}" apply --watch --from "$POLICY"
	says "--watch needs root"
}

@test "save: apply sets the saved limits again" {
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

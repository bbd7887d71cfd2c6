#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only

load common

# Fill the group until a request is refused.
busy()
{
	bcctl set "$GROUP" kmemsize=1M:2M
	sh -c "echo \$\$ >$DIR/cgroup.procs; exec $TOOLS/hog sockets" >/dev/null || :
}

# The tracepoint is enabled in the instance that bcctl has made.
tracing()
{
	grep -qs 1 /sys/kernel/tracing/instances/bcctl-*/events/bc/bc_refuse/enable
}

@test "watch: a line for each refusal, with group, process and resource" {
	bcctl watch "$GROUP" -n 1 --for 20 >"$BATS_TEST_TMPDIR/out" &
	local watcher=$!
	soon tracing
	busy
	wait "$watcher"
	run cat "$BATS_TEST_TMPDIR/out"
	[ "${#lines[@]}" -eq 1 ]
	[[ $output =~ ^[0-9:]{8}\.[0-9]{3}\ $GROUP\ hog\[[0-9]+\]\ kmemsize\ asked\ [0-9.,]+K?,\ held\ [0-9.,KM]+\ of\ (1M|1,048,576)\ \(barrier\) ]]
	[ -z "$(ls /sys/kernel/tracing/instances)" ]
}

@test "watch: the value against which the request was checked" {
	bcctl watch "$GROUP" -n 1 --for 20 >"$BATS_TEST_TMPDIR/out" &
	local watcher=$!
	soon tracing
	# A fork may pass the barrier. Until then the shell uses only builtins.
	sh -c "cd $DIR; echo \$\$ >cgroup.procs
		while read -r name held; do
			[ \$name != privvmpages ] || break
		done <bc.held
		echo privvmpages \$held >bc.barrier
		echo privvmpages \$((held + 1)) >bc.limit
		( : )" 2>/dev/null || :
	wait "$watcher"
	run cat "$BATS_TEST_TMPDIR/out"
	[ "${#lines[@]}" -eq 1 ]
	echo "$output"
	[[ $output == *" $GROUP sh["*"] privvmpages asked "*" (limit)"* ]]
}

@test "what: the sum of the rows is kmemsize held; only root may read it" {
	local sum held
	sh -c "echo \$\$ >$DIR/cgroup.procs; exec sleep 60" &
	soon grep -q 'populated 1' "$DIR/cgroup.events"
	run bcctl what "$GROUP" --bytes --raw --noheadings
	[ "$status" -eq 0 ]
	[[ $output == *"pagetables - "* && $output == *"slab filp "* ]]
	sum=$(awk '{ sum += $4 } END { print sum }' <<<"$output")
	held=$(value held)
	[ "$sum" -gt 0 ]
	[ $((sum > held ? sum - held : held - sum)) -le 65536 ]
	fails 1 "${AS_NOBODY[@]}" what "$GROUP"
	says "is for the administrator of the machine only"
}

@test "watch: the kernel function that made the request" {
	local trace=/sys/kernel/tracing/instances/probe
	mkdir "$trace"
	echo 1 >"$trace/options/stacktrace"
	echo 1 >"$trace/events/bc/bc_refuse/enable"
	busy
	run grep -A 2 '<stack trace>' "$trace/trace"
	rmdir "$trace"
	[[ $output == *' => '* ]] || skip "this kernel traces empty stacks (no frame pointers)"
	bcctl watch --json -n 1 --for 20 >"$BATS_TEST_TMPDIR/out" &
	soon tracing
	busy
	wait $!
	/usr/bin/python3 - "$BATS_TEST_TMPDIR/out" <<-'PYTHON'
	import json, sys
	r = json.loads(open(sys.argv[1]).readline())
	assert len(r["stack"]) > 3, r
	assert r["function"] and not r["function"].startswith(("bc_", "kmem_cache", "__kmalloc")), r
	assert r["function"] in r["stack"], r
	PYTHON
}

@test "watch --json, then why: groups that came and went keep their names" {
	bcctl watch --json -n 2 --for 60 >"$BATS_TEST_TMPDIR/recording" &
	local watcher=$!
	soon tracing
	sh -c "echo \$\$ >$DIR/cgroup.procs
		exec bcctl run --name short -l kmemsize=1M:2M $TOOLS/hog sockets" 2>/dev/null || :
	busy
	wait "$watcher"
	run bcctl why "$GROUP" --from "$BATS_TEST_TMPDIR/recording" --raw --noheadings -o COUNT,GROUP,RESOURCE,PROCESS
	[ "$status" -eq 0 ]
	says "1 $GROUP kmemsize hog"
	says "1 $GROUP/short kmemsize hog"
	run bcctl why /nothing --from "$BATS_TEST_TMPDIR/recording"
	says "nothing was refused"
}

@test "why: records by itself" {
	bcctl why "$GROUP" --for 60 --json >"$BATS_TEST_TMPDIR/out" 2>"$ERRORS" &
	local watcher=$!
	soon tracing
	busy
	# why still reads what was traced before the signal.
	kill -TERM "$watcher"
	wait "$watcher"
	[ "$(/usr/bin/python3 -c 'import json, sys; r = json.load(sys.stdin)["refusals"]; print(len(r), r[0]["count"], r[0]["payer"])' \
		<"$BATS_TEST_TMPDIR/out")" = "1 1 $GROUP" ]
}

@test "watch: it leaves no instance when a signal ends it" {
	bcctl watch >"$BATS_TEST_TMPDIR/out" &
	soon tracing
	kill -TERM $!
	wait $!
	[ -z "$(ls /sys/kernel/tracing/instances)" ]
	fails 1 "${AS_NOBODY[@]}" watch
	says "only root may trace"
}

@test "watch: it removes the instance of a killed watch, and no other" {
	local instances=/sys/kernel/tracing/instances killed lives
	bcctl watch >/dev/null &
	killed=$!
	soon tracing
	kill -KILL "$killed"
	wait "$killed" || :
	[ "$(ls "$instances")" = "bcctl-$killed" ]
	mkdir "$instances/bcctl-of-others"
	bcctl watch >/dev/null &
	lives=$!
	soon [ -d "$instances/bcctl-$lives" ]
	bcctl watch --for 0.1
	[ ! -e "$instances/bcctl-$killed" ]
	[ -d "$instances/bcctl-$lives" ] && [ -d "$instances/bcctl-of-others" ]
	# An instance in use cannot be removed, even if its number seems to be unused.
	! rmdir "$instances/bcctl-$lives" 2>/dev/null
	kill -TERM "$lives"
	wait "$lives"
	rmdir "$instances/bcctl-of-others"
	[ -z "$(ls "$instances")" ]
}

@test "list, show: the values of the kernel" {
	busy
	run bcctl list --raw --noheadings -o GROUP,STATE,FAILCNT,LOCAL
	says "$GROUP refused 1 1"
	run bcctl show "$GROUP" --raw --noheadings --bytes -o resource,maxheld,barrier,limit
	says "kmemsize $(value maxheld) 1048576 2097152"
}

@test "ubc: the same as the kernel's own files" {
	[ -e /proc/user_beancounters ] || skip "not booted with bc_proc=on"
	local id
	busy
	run bcctl list "$GROUP" --raw --noheadings -o UID
	id=${lines[0]}
	[ -d "/proc/bc/$id" ]
	diff <(bcctl ubc) /proc/user_beancounters
	diff <(bcctl ubc --full) /proc/bc/resources
	diff <(bcctl ubc --full "$GROUP" | sed '1,2d; s/^ *[0-9]*:/          /') "/proc/bc/$id/resources"
}

@test "top --batch: rates of refusals" {
	bcctl set "$GROUP" kmemsize=1M:2M
	bcctl top "$GROUP" --batch -n 2 -d 5 --json -o +LIMIT >"$BATS_TEST_TMPDIR/out" &
	local top=$!
	sleep 0.5
	busy
	wait "$top"
	/usr/bin/python3 - "$BATS_TEST_TMPDIR/out" "$GROUP" <<-'PYTHON'
	import json, sys
	decoder, text, tables = json.JSONDecoder(), open(sys.argv[1]).read().strip(), []
	while text:
	    table, end = decoder.raw_decode(text)
	    tables.append(table["top"])
	    text = text[end:].strip()
	assert len(tables) == 2, tables
	row = [r for r in tables[1] if r["group"] == sys.argv[2]][0]
	assert row["failcnt"] >= 1 and 0.05 < row["fail/s"] <= row["failcnt"] / 4, row
	PYTHON
}

@test "list, export, top: while groups come and go" {
	local i pid
	(
		while :; do
			mkdir -p "$DIR"/{a,b,c}/{d,e}
			rmdir "$DIR"/{a,b,c}/{d,e} "$DIR"/{a,b,c}
		done
	) &
	pid=$!
	for ((i = 0; i < 12; i++)); do
		bcctl list --all --json "$GROUP" >/dev/null 2>"$ERRORS" || break
		bcctl export >/dev/null 2>"$ERRORS" || break
		bcctl top --batch --all -n 2 -d 0.01 >/dev/null 2>"$ERRORS" || break
	done
	kill "$pid"
	wait "$pid" || :
	cat "$ERRORS"
	[ "$i" -eq 12 ]
	[ ! -s "$ERRORS" ]
}

@test "list prints the same for a copy of this machine as for the machine" {
	busy
	"$USER_TESTS/capture" >"$BATS_TEST_TMPDIR/capture"
	"$USER_TESTS/unpack" "$BATS_TEST_TMPDIR/capture" "$BATS_TEST_TMPDIR/copy"
	local columns=GROUP,RESOURCE,STATE,MAXHELD,BARRIER,LIMIT,FAILCNT,LOCAL
	diff <(bcctl list --all --raw -o $columns) \
		<(bcctl list --all --raw -o $columns --sysroot "$BATS_TEST_TMPDIR/copy")
}

@test "the library's example: wakes up when a request is refused" {
	bcctl set "$GROUP" kmemsize=1M:2M
	"$TOOLS/refusals" "$GROUP" 1 >"$BATS_TEST_TMPDIR/out" &
	local pid=$!
	soon sh -c "ls -l /proc/$pid/fd | grep -q bc.failcnt"
	sleep 0.2
	busy
	wait "$pid"
	grep -qx "$GROUP: 1 refusal of kmemsize" "$BATS_TEST_TMPDIR/out"
	fails_quietly "$TOOLS/refusals" /nope
}

@test "the library's example: wakes up when the group is removed" {
	mkdir "$DIR/gone" "$DIR/other"
	"$TOOLS/refusals" "$GROUP/gone" 2>"$ERRORS" &
	local pid=$! status=0
	soon sh -c "ls -l /proc/$pid/fd | grep -q inotify"
	sleep 0.2
	rmdir "$DIR/other"
	sleep 0.2
	kill -0 "$pid"
	rmdir "$DIR/gone"
	soon not kill -0 "$pid"
	wait "$pid" || status=$?
	[ "$status" -eq 1 ]
	grep -q "No such device" "$ERRORS"
}

fails_quietly()
{
	run "$@"
	[ "$status" -eq 1 ]
}

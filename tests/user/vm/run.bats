#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only

load common

# in_group COMMAND...: run it inside the test's group, so that the groups of "bcctl run"
# are below that group.
in_group()
{
	sh -c "echo \$\$ >$DIR/cgroup.procs; exec \"\$@\"" - "$@"
}

# become_in_group COMMAND...: the same, replacing the calling shell.
become_in_group()
{
	exec sh -c "echo \$\$ >$DIR/cgroup.procs; exec \"\$@\"" - "$@"
}

none_left()
{
	[ -z "$(find "$DIR" -mindepth 1 -type d)" ]
}

@test "run: the status of the command" {
	run in_group bcctl run true
	[ "$status" -eq 0 ]
	run in_group bcctl run -- sh -c 'exit 7'
	[ "$status" -eq 7 ]
	# shellcheck disable=SC2016 # for the shell inside
	run in_group bcctl run sh -c 'kill -TERM $$'
	[ "$status" -eq 143 ]
	fails 127 in_group bcctl run /nonexistent
	says "cannot run /nonexistent: No such file"
	fails 126 in_group bcctl run /etc/passwd
	says "Permission denied"
	none_left
}

@test "run: the command is in its group from the first instruction" {
	run in_group bcctl run --name job cat /proc/self/cgroup
	[ "$output" = "0::$GROUP/job" ]
	run in_group bcctl run --name "$GROUP/other" cat /proc/self/cgroup
	[ "$output" = "0::$GROUP/other" ]
	mkdir "$DIR/taken"
	fails 125 in_group bcctl run --name taken true
	says "there is a group $GROUP/taken already"
	[ -d "$DIR/taken" ]
	rmdir "$DIR/taken"
	fails 125 in_group bcctl run --name no/such true
	fails 125 in_group bcctl run --name ../x true
	none_left
}

@test "run: limits, the refusal, the report" {
	run in_group bcctl run -l kmemsize=1M:2M "$TOOLS/hog" sockets
	[ "$status" -eq 1 ]
	says "then:"
	says "bcctl: refused: $TOOLS/hog ended with 1"
	says "kmemsize"
	[[ $output =~ \ [1-9][0-9]*\ refusals? ]]
	run in_group bcctl run --report=json --report-file="$BATS_TEST_TMPDIR/report" -l kmemsize=1M:2M "$TOOLS/hog" sockets
	/usr/bin/python3 - "$BATS_TEST_TMPDIR/report" <<-'PYTHON'
	import json, sys
	r = json.load(open(sys.argv[1]))
	assert r["verdict"] == "refused" and r["status"] == 1 and r["refusals"] >= 1, r
	k = [x for x in r["resources"] if x["resource"] == "kmemsize"][0]
	assert 900000 < k["maxheld"] <= 1048576 and k["barrier"] == 1048576, k
	assert k["limit"] == 2097152 and k["failcnt"] >= 1, k
	assert r["command"][1] == "sockets" and r["signal"] is None, r
	PYTHON
	run in_group bcctl run --report true
	says "bcctl: ok: true ended with 0"
	run in_group bcctl run true
	[ -z "$output" ]
	run in_group bcctl run --report=json false
	says '"verdict":"failed"'
	# shellcheck disable=SC2016
	run in_group bcctl run --report=json sh -c 'kill -KILL $$'
	says '"signal":"KILL"'
	[ "$status" -eq 137 ]
	none_left
}

@test "run: the report has the first refusal" {
	run in_group bcctl run -l privvmpages=64M:72M /usr/bin/python3 -c 'bytearray(600 << 20)'
	says MemoryError
	[[ $output =~ python3\[[0-9]+\]\ asked\ 600\.0M\ of\ privvmpages\ first,\ [0-9.]+M\ held ]]
	run in_group bcctl run --report=json -l kmemsize=1M:2M "$TOOLS/hog" sockets
	/usr/bin/python3 - "$(sed -n '/^{/,$p' <<<"$output")" <<-'PYTHON'
	import json, sys
	first = json.loads(sys.argv[1])["first_refusal"]
	assert first["process"].startswith("hog[") and first["resource"] == "kmemsize", first
	assert 0 < first["requested"] < 65536 and 900000 < first["held"] <= 1048576, first
	PYTHON
	# A command without a refusal.
	run in_group bcctl run --report=json true
	says '"first_refusal":null'
}

@test "run --plot: a picture of the command" {
	command -v gnuplot >/dev/null || skip "gnuplot is not installed"
	local picture=$BATS_TEST_TMPDIR/run.svg
	run in_group bcctl run --plot "$picture" -l kmemsize=1M:2M "$TOOLS/hog" sockets
	echo "$output"
	[ "$status" -eq 1 ]
	grep -qF "kernel memory<" "$picture"
	grep -qF ">refused<" "$picture"
	grep -qF ">barrier<" "$picture"
	none_left
	# A command that is refused before bcctl has read its account: bcctl is stopped
	# meanwhile.
	# shellcheck disable=SC2016 # it is for that shell
	run in_group bcctl run --plot "$picture" -l kmemsize=1M:2M \
		sh -c 'kill -STOP $PPID; "$0" sockets; status=$?; kill -CONT $PPID; exit $status' "$TOOLS/hog"
	echo "$output"
	[ "$status" -eq 1 ]
	grep -qF ">refused<" "$picture"
	none_left
	# A picture that cannot be drawn is an error before the command runs.
	fails 125 in_group bcctl run --plot "$BATS_TEST_TMPDIR/run.gif" touch "$BATS_TEST_TMPDIR/ran"
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "run: a refusal of a group above is reported, without a verdict about the command" {
	bcctl set "$GROUP" kmemsize=1500K
	run in_group bcctl run --report "$TOOLS/hog" sockets
	[ "$status" -eq 1 ]
	says "bcctl: failed:"
	[[ $output =~ $GROUP:\ [1-9][0-9]*\ refusals?\ of\ kmemsize\ meanwhile ]]
}

@test "run: a report that advise understands" {
	in_group bcctl run --report=json --report-file="$BATS_TEST_TMPDIR/report" "$TOOLS/hog" sockets 500
	run bcctl advise --from "$BATS_TEST_TMPDIR/report"
	says "bcctl set GROUP kmemsize="
}

@test "run: remaining processes and groups made inside are removed at the end" {
	# shellcheck disable=SC2016
	run in_group bcctl run --name job sh -c '
		mkdir '"$DIR"'/job/a '"$DIR"'/job/a/b
		setsid sleep 100 >/dev/null 2>&1 &
		(trap "" TERM HUP; echo $(exec sh -c "echo \$PPID") >'"$DIR"'/job/a/b/cgroup.procs
			exec sleep 100) >/dev/null 2>&1 &
		sleep 0.2'
	[ "$status" -eq 0 ]
	none_left
	[ ! -s "$DIR/cgroup.procs" ]
}

@test "run: signals are passed on" {
	local signal
	for signal in TERM INT HUP USR1 QUIT; do
		become_in_group bcctl run sh -c "trap 'exit 42' $signal; : >$BATS_TEST_TMPDIR/ready-$signal
			while :; do sleep 0.05; done" &
		local pid=$!
		soon test -e "$BATS_TEST_TMPDIR/ready-$signal"
		kill -"$signal" "$pid"
		status=0
		wait "$pid" || status=$?
		echo "$signal: $status"
		[ "$status" -eq 42 ]
	done
	none_left
}

@test "run: when bcctl is killed, the janitor cleans up" {
	become_in_group bcctl run sh -c ": >$BATS_TEST_TMPDIR/ready; sleep 100" &
	soon test -e "$BATS_TEST_TMPDIR/ready"
	kill -KILL $!
	soon none_left
	[ ! -s "$DIR/cgroup.procs" ]
}

@test "run: killed at any system call, no group is left" {
	local n status
	for ((n = 1; n < 3000; n += 7)); do
		status=0
		in_group "$TOOLS/killat" "$n" bcctl run -l kmemsize=8M:9M true >"$ERRORS" 2>&1 || status=$?
		none_left || { echo "killed at $n"; find "$DIR" -type d; return 1; }
		[ "$status" -ne 3 ] || break
	done
	[ "$status" -eq 3 ]
}

@test "run: when the janitor is killed, bcctl cleans up" {
	become_in_group bcctl run sh -c ": >$BATS_TEST_TMPDIR/ready
		until test -e $BATS_TEST_TMPDIR/go; do sleep .1; done" &
	local pid=$! janitor
	soon test -e "$BATS_TEST_TMPDIR/ready"
	janitor=$(grep -ls '^bcctl-janitor' /proc/[0-9]*/comm | grep -o '[0-9]*')
	kill -KILL "$janitor"
	: >"$BATS_TEST_TMPDIR/go"
	wait "$pid" || :
	none_left
}

@test "run: as a user" {
	run in_group bcctl run --user nobody sh -c 'id -un; echo "$USER"'
	[ "${lines[0]}" = nobody ]
	[ "${lines[1]}" = nobody ]
	fails 125 in_group bcctl run --user no-such-user true
	says "there is no user no-such-user"
}

@test "run: without permission to make a group" {
	run in_group "${AS_NOBODY[@]}" run true
	[ "$status" -eq 125 ]
	says "no permission to write"
	says "belongs to root"
}

@test "run: a barrier that is too low to start a process" {
	fails 126 in_group bcctl run -l kmemsize=1K:1M true
	says "cannot run true: Cannot allocate memory"
	says "its group may be too small"
	fails 125 in_group bcctl run -l nothing=1 true
	says "no resource nothing"
	none_left
}

@test "run: the command has the terminal, and gets Ctrl-C once" {
	run in_group "$USER_TESTS/on-terminal" "x^C" bcctl run sh -c '
		trap "echo interrupted; n=\$((n + 1)); [ \$n -lt 2 ] || exit 9; exit 5" INT
		[ -t 0 ] && read -r line; echo "[$line]"'
	says interrupted
	[ "$status" -eq 5 ]
	none_left
}

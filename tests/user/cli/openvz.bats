#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Features for users who come from OpenVZ.

load common

# config LINE...: make a file with these lines; $CONFIG is its name.
config()
{
	CONFIG=$BATS_TEST_TMPDIR/101.conf
	printf '%s\n' "$@" >"$CONFIG"
}

# take ARGUMENT...: set the limits of $CONFIG in /101 with --dry-run.
take()
{
	run on guest set /101 --dry-run --bytes --ve-config "$CONFIG" "$@"
}

@test "set --ve-config: forms of values" {
	config '# a comment' '' 'KMEMSIZE="14372700:14790164"' "NUMPROC='240:250'" 'NUMFILE=9312 # both' \
		'PRIVVMPAGES="65536:69632"' 'LOCKEDPAGES="8M"' 'export NUMTCPSOCK="360:unlimited"' \
		'TCPSNDBUF="1M:2147483647"' 'DCACHESIZE=max:9223372036854775807' 'OOMGUARPAGES="26112P:2147483647"' \
		'numothersock="10:10"'
	take
	[ "$status" -eq 0 ]
	says "kmemsize barrier 4194304 -> 14372700"
	says "kmemsize limit 4194304 -> 14790164"
	says "numproc barrier 240 -> 240"
	says "numproc limit 200 -> 250"
	says "numfile limit 100 -> 9312"
	says "privvmpages limit 115343360 -> 285212672"
	says "lockedpages barrier max -> 8388608"
	says "numtcpsock limit 360 -> max"
	says "tcpsndbuf barrier 1000000 -> 1048576"
	says "tcpsndbuf limit 1000000 -> max"
	says "dcachesize barrier 30000 -> max"
	says "dcachesize limit 30000 -> max"
	says "oomguarpages barrier 106954752 -> 106954752"
	says "numothersock barrier 360 -> 10"
}

@test "set --ve-config: keys that this kernel does not have, and unknown keys" {
	config 'ONBOOT="yes"' 'KMEMSIZE="8M:9M"' 'SHMPAGES="21504:21504"' 'NUMPTY="16:16"' 'DISKSPACE="1G:1G"' \
		'VE_ROOT="/vz/root/101"' 'CPUUNITS=1000' 'KMEMSISE="1:1"' 'KMEMSIZE="10M:11M"'
	take
	[ "$status" -eq 0 ]
	says "this kernel does not have these, and they are left out: shmpages numpty"
	says "101.conf line 8: KMEMSISE is not a known key"
	says "101.conf line 9: kmemsize is given again"
	says "kmemsize barrier 4194304 -> 10485760"
	[[ $output != *ONBOOT* && $output != *DISKSPACE* && $output != *VE_ROOT* && $output != *CPUUNITS* ]]
}

@test "set --ve-config: vswap becomes settings of the memory controller" {
	config 'PHYSPAGES="0:256M"' 'SWAPPAGES="0:131072"' 'KMEMSIZE="unlimited"' 'PRIVVMPAGES="unlimited"'
	take
	[ "$status" -eq 0 ]
	says "physpages: its limit of 256M is for the memory controller"
	says "echo 268435456 >$MACHINES/guest/sys/fs/cgroup/101/memory.max"
	says "echo 536870912 >$MACHINES/guest/sys/fs/cgroup/101/memory.swap.max"
	says "kmemsize barrier 4194304 -> max"
	config 'PHYSPAGES="0:2147483647"' 'KMEMSIZE="8M:9M"'
	take
	[[ $output != *memory* ]]
}

@test "set --ve-config: with more limits, from standard input, and with mistakes" {
	config 'KMEMSIZE="8M:9M"'
	take numproc=50:50
	says "kmemsize barrier 4194304 -> 8388608"
	says "numproc barrier 240 -> 50"
	run on guest set /101 --dry-run --ve-config - <"$CONFIG"
	says "kmemsize barrier 4M -> 8M"
	config 'KMEMSIZE="8M:nine"'
	fails 1 on guest set /101 --ve-config "$CONFIG"
	says '101.conf line 1: kmemsize: "8M:nine" is not BARRIER[:LIMIT]'
	config 'KMEMSIZE="99999999999999999999"'
	fails 1 on guest set /101 --ve-config "$CONFIG"
	says "too large"
	config 'ONBOOT=yes'
	fails 1 on guest set /101 --ve-config "$CONFIG"
	says "sets no resource"
	fails 1 on guest set /101 --ve-config /nonexistent
	fails 2 on guest set --ve-config "$CONFIG"
}

@test "check GROUP: errors, warnings, and the limits that repair them" {
	run on guest check /101
	[ "$status" -eq 1 ]
	says "/101: error: numproc: the barrier 240 is above the limit 200"
	says "/101: warning: kmemsize: barrier and limit are equal at 4M: a page fault"
	says "/101: error: kmemsize: the barrier 4M is less than 4.7M: 40 KiB for every second process of numproc"
	says "/101: error: tcpsndbuf: the gap between barrier and limit 0 is less than 900K"
	says "/101: warning: numfile: the barrier 100 is less than 3840: 32 for every second process"
	says "/101: warning: privvmpages: the barrier 100M is less than 132M: the guarantee of vmguarpages"
	says "/101: warning: vmguarpages: it is a guarantee"
	run on guest check /101 --fix --dry-run
	[ "$status" -eq 0 ]
	local line=${lines[-1]}
	[[ $line == "bcctl set /101 "* ]]
	# check accepts the limits that it has suggested.
	local root=$BATS_TEST_TMPDIR/root word name barrier limit
	cp -r "$MACHINES/guest" "$root"
	for word in ${line#bcctl set /101 }; do
		name=${word%%=*} barrier=${word#*=} limit=${word#*:}
		barrier=${barrier%%:*}
		sed -i "s/^\($name .*\)barrier=[0-9a-z]* limit=[0-9a-z]*/\1barrier=${barrier%P} limit=${limit%P}/" \
			"$root/sys/fs/cgroup/101/bc.resources"
	done
	run bcctl check --sysroot "$root" /101
	[ "$status" -eq 0 ]
	[ "$output" = "/101: no complaints" ]
	run on guest check /102
	[ "$output" = "/102: no complaints" ]
	fails 1 on guest check /101 --fix
	says "nothing in it is changed"
	fails 1 on guest check /nope
	fails 2 on guest check
	fails 2 on guest check /101 --ve-config x
}

@test "check --ve-config: a file is repaired, and its other lines are kept" {
	config 'ONBOOT="yes"' 'KMEMSIZE="4M:4M"' 'NUMPROC="240:240"' '# the end' 'NUMFILE=100' 'VMGUARPAGES="1000:2000"'
	run bcctl check --ve-config "$CONFIG"
	[ "$status" -eq 1 ]
	says "error: kmemsize: the barrier 4M is less than 4.7M"
	run bcctl check --ve-config "$CONFIG" --fix --dry-run
	[ "$status" -eq 0 ]
	[ "$(sed -n 2p "$CONFIG")" = 'KMEMSIZE="4M:4M"' ]
	run bcctl check --ve-config "$CONFIG" --fix
	[ "$status" -eq 0 ]
	[ "$(sed -n 1p "$CONFIG")" = 'ONBOOT="yes"' ]
	[ "$(sed -n 2p "$CONFIG")" = 'KMEMSIZE="4915200:5439489"' ]
	[ "$(sed -n 3,4p "$CONFIG")" = $'NUMPROC="240:240"\n# the end' ]
	[ "$(sed -n 5p "$CONFIG")" = 'NUMFILE="3840:3840"' ]
	[ "$(sed -n 6p "$CONFIG")" = 'VMGUARPAGES="1000:unlimited"' ]
	run bcctl check --ve-config "$CONFIG"
	[ "$output" = "$CONFIG: no complaints" ]
	fails 2 bcctl check --ve-config - --fix <"$CONFIG"
}

@test "split: check accepts the limits, for any number of groups" {
	local n
	for n in 1 2 3 7 16 50 100; do
		on guest split "$n" >"$BATS_TEST_TMPDIR/split"
		run bcctl check --ve-config "$BATS_TEST_TMPDIR/split"
		echo "$n: $output"
		[[ $output == *"no complaints" ]]
	done
	run on guest split 4
	says "# One of 4 equal groups of a machine with 4G of RAM and 1G of swap"
	# The output can be used as a profile.
	local root=$BATS_TEST_TMPDIR/root
	cp -r "$MACHINES/guest" "$root"
	mkdir -p "$root/etc/bcctl/profiles"
	on guest split 4 >"$root/etc/bcctl/profiles/quarter.conf"
	run bcctl profile --sysroot "$root" quarter /101 --dry-run
	[ "$status" -eq 0 ]
	says "bcctl set /101 kmemsize=429496720:450971556"
	fails 1 on guest split 100000
	says "too many"
	fails 2 on guest split
	fails 2 on guest split 0
	fails 1 on farm split 2
	says "proc/meminfo"
}

@test "memcheck: utilization and commitment, of each group and in total" {
	on guest memcheck --json --bytes >"$ERRORS"
	/usr/bin/python3 - "$ERRORS" <<-'PYTHON'
	import json, sys
	rows = {r["memory"]: r for r in json.load(open(sys.argv[1]))["memory"]}
	ram, swap = 4 << 30, 1 << 30
	kernel = 2 * 1048576
	assert rows["kernel memory"]["size"] == ram and rows["kernel memory"]["utilized"] == kernel, rows
	assert rows["kernel memory"]["committed"] == 4194304 + 11534336, rows
	assert rows["RAM"]["utilized"] == kernel + 500 * 4096 and rows["RAM"]["committed"] is None, rows
	assert rows["RAM and swap"]["size"] == ram + swap, rows
	assert rows["allocated"]["utilized"] == kernel + 2024 * 4096, rows
	assert rows["allocated"]["committed"] == rows["kernel memory"]["committed"] + 33792 * 4096, rows
	most = rows["allocated at most"]
	assert most["committed"] == rows["kernel memory"]["committed"] + (28160 + 288358) * 4096, rows
	assert most["commit%"] == most["committed"] * 100 // (ram + swap), rows
	PYTHON
	run on guest memcheck --groups --raw --noheadings -o GROUP,MEMORY,COMMITTED
	says '/102 allocated'
	# A group without a limit commits without bound.
	run on host memcheck
	says "cannot open"
	local root=$BATS_TEST_TMPDIR/root
	cp -r "$MACHINES/host" "$root"
	cp "$MACHINES/guest/proc/meminfo" "$root/proc"
	run bcctl memcheck --sysroot "$root" --raw --noheadings -o MEMORY,COMMIT%
	says "max"
}

@test "ubc: format 2.5, all groups or one" {
	on guest ubc >"$ERRORS"
	[ "$(head -n 1 "$ERRORS")" = "Version: 2.5" ]
	[ "$(sed -n 2p "$ERRORS")" = "$(printf '%10s  %-12s %20s %20s %20s %20s %20s' uid resource held maxheld barrier limit failcnt)" ]
	# Each group has 24 rows, the root first.
	[ "$(wc -l <"$ERRORS")" -eq $((2 + 4 * 24)) ]
	[[ $(sed -n 3p "$ERRORS") == "        0:  kmemsize "* ]]
	/usr/bin/python3 - "$ERRORS" "$(on guest list --all --raw --noheadings -o ID,GROUP | sort -u)" <<-'PYTHON'
	import sys
	names = dict(line.split(" ", 1) for line in sys.argv[2].splitlines() if " " in line)
	table, uid = {}, None
	for line in open(sys.argv[1]).read().splitlines()[2:]:
	    words = line.split()
	    if words[0].endswith(":"):
	        uid = words.pop(0)[:-1]
	        table[uid] = {}
	    if words[0] != "dummy":
	        table[uid][words[0]] = [int(w) for w in words[1:]]
	most = (1 << 63) - 1
	by_name = {names.get(uid, uid): rows for uid, rows in table.items()}
	rows = by_name["/101"]
	assert rows["kmemsize"] == [1048576, 2097152, 4194304, 4194304, 3], rows
	assert rows["privvmpages"][:4] == [1000, 2000, 25600, 28160], rows
	assert rows["lockedpages"] == [0, 0, most, most, 0], rows
	# A row that the kernel does not count is not full.
	assert rows["numflock"] == [0, 0, most, most, 0], rows
	assert by_name["/101/inner"]["kmemsize"][4] == 2, by_name
	assert all(r[0] <= r[2] and r[0] < r[3] for t in table.values() for r in t.values()), table
	PYTHON
	run on guest ubc /101
	[ "${#lines[@]}" -eq 26 ]
	run on guest ubc --full /101
	[ "${#lines[@]}" -eq 22 ]
	[[ $output != *dummy* ]]
	run on farm ubc --full /web
	says numwidget
}

@test "ubc: the number of a group is its UID in list" {
	run on guest list --all --raw --noheadings -o UID,ID,GROUP /101
	local uid id group
	read -r uid id group <<<"${lines[0]}"
	[ "$group" = /101 ]
	[ "$uid" -eq $((id & 0xffffffff)) ]
	run on guest ubc /101
	[[ ${lines[2]} == *" $uid:  kmemsize "* ]]
}

@test "ubc --from: an account in a file or from standard input" {
	local expected
	expected=$(on guest ubc /102 | sed 1,2d | sed '1s/^ *[0-9]*:/        1:/')
	run bcctl ubc --from "$MACHINES/guest/sys/fs/cgroup/102/bc.resources"
	[ "${lines[0]}" = "Version: 2.5" ]
	[ "${#lines[@]}" -eq 26 ]
	[ "$(printf '%s\n' "${lines[@]:2}")" = "$expected" ]
	on guest show /101 --json -o +LOCAL >"$ERRORS"
	run bcctl ubc --from - <"$ERRORS"
	# 3 of the 5 refusals are those of the group itself.
	[[ ${lines[2]} == "        1:  kmemsize "*" 3" ]]
	run bcctl ubc --full --from - <"$ERRORS"
	[[ $output != *dummy* ]]
	echo nonsense >"$BATS_TEST_TMPDIR/wrong"
	fails 1 bcctl ubc --from "$BATS_TEST_TMPDIR/wrong"
	says "is no account"
	fails 1 bcctl ubc --from /nonexistent
	fails 2 bcctl ubc --from - /101
}

@test "list -r: refusals since the last look" {
	local root=$BATS_TEST_TMPDIR/root file columns=GROUP,RESOURCE,STATE,FAILCNT,LOCAL
	export XDG_STATE_HOME=$BATS_TEST_TMPDIR/state
	cp -r "$MACHINES/guest" "$root"
	file=$root/sys/fs/cgroup/101
	run bcctl list -r --sysroot "$root" --raw --noheadings -o $columns
	[ "$status" -eq 0 ]
	says "/101 kmemsize refused 5 3"
	says "/101/inner kmemsize refused 2 2"
	# Nothing has happened since.
	run bcctl list -r --sysroot "$root" --raw --noheadings -o $columns
	[[ $output != *refused* ]]
	sed -i 's/^kmemsize .*/kmemsize held=1 maxheld=1 barrier=max limit=max failcnt=9 forced=0/' "$file/bc.resources"
	sed -i 's/^kmemsize .*/kmemsize 7/' "$file/bc.failcnt.local"
	# To list other groups does not count as a look at this one.
	run bcctl list -r --sysroot "$root" /102 --raw --noheadings -o $columns
	[[ $output != *refused* ]]
	run bcctl list -r --sysroot "$root" --raw --noheadings -o $columns
	says "/101 kmemsize refused 4 4"
	# Without -r, list prints the whole counters, and does not count as a look.
	run bcctl list --sysroot "$root" --raw --noheadings -o $columns
	says "/101 kmemsize refused 9 7"
	# Counters begin again with another boot, or another group of the same name.
	echo 0b8c7f2e-0000-4000-8000-000000000002 >"$root/proc/sys/kernel/random/boot_id"
	run bcctl list -r --sysroot "$root" --raw --noheadings -o $columns
	says "/101 kmemsize refused 9 7"
	echo group nonsense >>"$XDG_STATE_HOME/bcctl/seen"
	fails 1 bcctl list -r --sysroot "$root"
	says "is not what bcctl has written"
	rm "$XDG_STATE_HOME/bcctl/seen"
	touch "$BATS_TEST_TMPDIR/file"
	XDG_STATE_HOME=$BATS_TEST_TMPDIR/file fails 1 bcctl list -r --sysroot "$root"
	says "cannot"
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only

load common

@test "set: both files are written, and show prints the values" {
	bcctl set "$GROUP" kmemsize=16M:18M
	[ "$(value barrier)" = 16777216 ]
	[ "$(value limit)" = 18874368 ]
	bcctl set "$GROUP" kmemsize=1M
	[ "$(value barrier)" = 1048576 ]
	[ "$(value limit)" = 18874368 ]
	bcctl set "$GROUP" kmemsize=:max
	[ "$(value limit)" = max ]
	run bcctl show "$GROUP" --json -o resource,barrier
	says 1048576
}

# A resource that is only shown takes no number, and a guarantee has no limit.
@test "set: every resource of the kernel at once" {
	local specs=() name limit
	for name in $(cut -d' ' -f1 "$DIR/bc.resources"); do
		case $name in
		physpages | swappages) ;;
		vmguarpages | oomguarpages) specs+=("$name=1000") ;;
		*) specs+=("$name=1000:2000") ;;
		esac
	done
	bcctl set --pages "$GROUP" "${specs[@]}"
	for name in $(cut -d' ' -f1 "$DIR/bc.resources"); do
		limit=1000:2000
		case $name in
		physpages | swappages) limit=max:max ;;
		vmguarpages | oomguarpages) limit=1000:max ;;
		esac
		[ "$(value barrier "$DIR" "$name"):$(value limit "$DIR" "$name")" = "$limit" ]
	done
}

@test "set: no file is written when any argument is wrong" {
	bcctl set "$GROUP" kmemsize=16M:18M
	fails 1 bcctl set "$GROUP" kmemsize=1M:2M nothing=1
	fails 2 bcctl set "$GROUP" kmemsize=1M:2E
	[ "$(value barrier):$(value limit)" = 16777216:18874368 ]
	run bcctl set "$GROUP" kmemsize=1M:2M --dry-run
	[ "$status" -eq 0 ]
	[ "$(value barrier):$(value limit)" = 16777216:18874368 ]
}

# bcctl is killed at every sixteenth stop as long as it has written nothing; the sixteen
# stops before its first write, and all later ones, are then tried one by one.
@test "set: killed at any system call, it leaves the old values or the new ones" {
	local n=1 step=16 status=0 seen_old=0 seen_new=0 now
	while [ "$n" -lt 2000 ] && [ "$status" -ne 3 ]; do
		echo 'kmemsize 1000000' >"$DIR/bc.barrier"
		echo 'kmemsize 2000000' >"$DIR/bc.limit"
		status=0
		"$TOOLS/killat" "$n" bcctl set "$GROUP" kmemsize=3000000:4000000 || status=$?
		now=$(value barrier):$(value limit)
		case $now in
		1000000:2000000) seen_old=$((seen_old + 1)) ;;
		3000000:4000000) seen_new=$((seen_new + 1)) ;;
		*) echo "killed at $n: $now"; return 1 ;;
		esac
		[ "$status" -eq 0 ] || [ "$status" -eq 3 ]
		if [ "$step" -gt 1 ] && [ "$now" != 1000000:2000000 ]; then
			n=$((n > step ? n - step : 0)) step=1 status=0
		fi
		n=$((n + step))
	done
	echo "# old $seen_old times, new $seen_new times" >&3
	[ "$status" -eq 3 ] && [ "$seen_old" -gt 20 ] && [ "$seen_new" -gt 5 ]
}

@test "set: when the process that writes is killed, the new values are set all the same" {
	local n status
	for ((n = 1; n < 500; n++)); do
		echo 'kmemsize 1000000' >"$DIR/bc.barrier"
		echo 'kmemsize 2000000' >"$DIR/bc.limit"
		status=0
		"$TOOLS/killat" -c "$n" bcctl set "$GROUP" kmemsize=3000000:4000000 || status=$?
		echo "killed at $n: $(value barrier):$(value limit)"
		[ "$(value barrier):$(value limit)" = 3000000:4000000 ]
		[ "$status" -ne 3 ] || break
		[ "$status" -eq 0 ]
	done
	echo "# killed $((n - 1)) times" >&3
	[ "$status" -eq 3 ] && [ "$n" -gt 15 ]
}

@test "set: without permission: the message names the file and its owner" {
	fails 1 "${AS_NOBODY[@]}" set "$GROUP" kmemsize=1M
	says "no permission to write $DIR/bc."
	says "which belongs to root"
	says "run it as root"
	[ "$(value barrier)" = max ]
}

@test "set: the root of a cgroup namespace can only be set from outside" {
	mount -o remount,nsdelegate "$CGROUP"
	mkdir "$DIR/inner"
	bcctl set "$GROUP" kmemsize=16M:18M
	run sh -c "echo \$\$ >$DIR/inner/cgroup.procs; exec unshare -C -m sh -c '
		umount $CGROUP; mount -t cgroup2 -o nsdelegate none $CGROUP; exec bcctl set . kmemsize=5M'"
	[ "$status" -eq 1 ]
	says "no permission to write"
	says "from outside"
	[ "$(value barrier "$DIR/inner")" = max ]
	mount -o remount "$CGROUP" || :
}

@test "set: the group of a process, and the group of bcctl itself" {
	sleep 100 &
	echo $! >"$DIR/cgroup.procs"
	bcctl set $! kmemsize=5M
	[ "$(value barrier)" = 5242880 ]
	run sh -c "echo \$\$ >$DIR/cgroup.procs; bcctl set . kmemsize=6M:7M"
	[ "$status" -eq 0 ]
	[ "$(value limit)" = 7340032 ]
}

@test "set: a group that was removed" {
	mkdir "$DIR/gone"
	sleep 100 &
	local pid=$!
	echo "$pid" >"$DIR/gone/cgroup.procs"
	echo "$pid" >"$DIR/cgroup.procs"
	rmdir "$DIR/gone"
	fails 1 bcctl set "$GROUP/gone" kmemsize=1M
	says "there is no group $GROUP/gone"
	fails 1 bcctl show 999999
}

@test "reset: maxheld falls to held" {
	sh -c "echo \$\$ >$DIR/cgroup.procs; exec $TOOLS/hog sockets 500"
	local before
	before=$(value maxheld)
	[ "$before" -gt 300000 ]
	bcctl reset "$GROUP" kmemsize
	[ "$(value maxheld)" -lt "$before" ]
	bcctl reset "$GROUP"
	fails 1 bcctl reset "$GROUP" nothing
}

@test "profile, advise: they set the limits that they print" {
	local line
	bcctl profile vps.basic "$GROUP" 2>"$ERRORS" || cat "$ERRORS"
	[ "$(value barrier):$(value limit)" = 5242880:5592405 ]
	# numothersock is 80.
	sh -c "echo \$\$ >$DIR/cgroup.procs; exec $TOOLS/hog sockets 70"
	line=$(bcctl advise "$GROUP" | tail -n 1)
	$line
	[ "$(value barrier)" -ge "$(value maxheld)" ]
	bcctl profile unlimited "$GROUP" 2>"$ERRORS"
	[ "$(value barrier):$(value limit)" = max:max ]
}

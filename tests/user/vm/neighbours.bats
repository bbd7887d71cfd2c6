#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Unchanged programs of Debian.

load common

# bundle RESOURCE VALUE KIND: make a container with two programs of ours and no other.
bundle()
{
	BUNDLE=$BATS_TEST_TMPDIR/bundle
	mkdir -p "$BUNDLE"/rootfs/{bin,proc,sys/fs/cgroup,tmp,dev}
	cp "$TOOLS/hog" "$TOOLS/raise" "$BUNDLE/rootfs/bin"
	cat >"$BUNDLE/config.json" <<-EOF
	{
	  "ociVersion": "1.0.2",
	  "root": { "path": "rootfs" },
	  "process": {
	    "args": ["/bin/raise", "/sys/fs/cgroup/bc.limit", "$1 max", "/bin/hog", "$3"],
	    "cwd": "/", "env": ["PATH=/bin"], "user": { "uid": 0, "gid": 0 },
	    "capabilities": { "bounding": ["CAP_SYS_RESOURCE", "CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN"],
	      "effective": ["CAP_SYS_RESOURCE", "CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN"],
	      "permitted": ["CAP_SYS_RESOURCE", "CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN"] }
	  },
	  "mounts": [
	    { "destination": "/proc", "type": "proc", "source": "proc" },
	    { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"] },
	    { "destination": "/sys/fs/cgroup", "type": "cgroup2", "source": "cgroup2",
	      "options": ["rw", "nsdelegate"] }
	  ],
	  "linux": {
	    "cgroupsPath": "$GROUP/container",
	    "namespaces": [ { "type": "pid" }, { "type": "mount" }, { "type": "cgroup" } ],
	    "resources": { "unified": { "bc.limit": "$1 $2" } }
	  }
	}
	EOF
}

# contained RUNTIME RESOURCE VALUE KIND: the container is refused at the limit that the
# runtime has written to bc.limit, and the root of the container cannot change it.
contained()
{
	local before after
	command -v "$1" >/dev/null || skip "$1 is not installed"
	has "$2" || skip "this kernel has no $2"
	mount -o remount,nsdelegate "$CGROUP"
	bundle "$2" "$3" "$4"
	before=$(sed -n "s/^$2 //p" "$DIR/bc.failcnt")
	cd "$BUNDLE"
	run "$1" --root "$BATS_TEST_TMPDIR/state" run "container-$BATS_TEST_NUMBER" </dev/null
	after=$(sed -n "s/^$2 //p" "$DIR/bc.failcnt")
	echo "$output"
	says "cannot write /sys/fs/cgroup/bc.limit: Operation not permitted"
	says "then: "
	[[ $output != *"enough"* ]]
	[ "$status" -eq 1 ]
	[ "$after" -gt "$before" ]
}

@test "crun: linux.resources.unified, kmemsize" {
	contained crun kmemsize 4194304 sockets
}

@test "runc: linux.resources.unified, kmemsize" {
	contained runc kmemsize 4194304 sockets
}

@test "crun: linux.resources.unified, privvmpages" {
	contained crun privvmpages 65536 memory
}

@test "runc: linux.resources.unified, privvmpages" {
	contained runc privvmpages 65536 memory
}

@test "dstat: the plugin vz-ubc reads /proc/user_beancounters" {
	local plugin=/usr/share/dstat/dstat_vz_ubc.py expected
	[ -e /proc/user_beancounters ] || skip "this kernel has no /proc/user_beancounters"
	[ -e "$plugin" ] || skip "dstat is not installed"
	bcctl set "$GROUP" kmemsize=1M:2M
	sh -c "echo \$\$ >$DIR/cgroup.procs; exec $TOOLS/hog sockets" >/dev/null || :
	cat /proc/user_beancounters
	# The sum of the last column, failcnt, over all rows of all groups.
	expected=$(awk 'NF >= 6 && $1 != "uid" { sum += $NF } END { print sum }' /proc/user_beancounters)
	[ "$expected" -gt 0 ]
	run "$USER_TESTS/dstat-plugin" "$plugin"
	[ "$status" -eq 0 ]
	says "total $expected"
	# dstat itself finds the plugin and the groups.
	run dstat --vz-ubc --full --noupdate --nocolor 1 1
	[ "$status" -eq 0 ]
	says fcnt
	[[ $output != *"No counter objects"* ]]
	[[ $output != *"Module dstat_vz_ubc failed"* ]]
}

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lxc.sh - test LXC: limits in the configuration of a container.  Sourced by guest after
# facts.sh.

lxc_runs()
{
	[ "$(lxc-info -n limited -s -H)" = RUNNING ]
}

runtime_lxc()
{
	local directory=/var/lib/lxc/limited
	image "$directory/rootfs"
	cat >"$directory/config" <<-END
	lxc.uts.name = limited
	lxc.rootfs.path = dir:$directory/rootfs
	lxc.init.cmd = /bin/sleep 100000
	lxc.net.0.type = empty
	lxc.mount.auto = proc
	lxc.apparmor.profile = unconfined
	lxc.cgroup2.bc.barrier = kmemsize 8388608 numproc 22
	lxc.cgroup2.bc.limit = kmemsize 9437184 numproc 22
	END
	check "LXC $(lxc-start --version) starts a container with limits" \
		lxc-start -n limited -l INFO -o /tmp/lxc.log || { cat /tmp/lxc.log; give_up; }
	check "the container runs" soon lxc_runs
	check "its limit on processes is in force" limit /lxc.payload.limited numproc 22
	check "its limit on kernel memory is in force" limit /lxc.payload.limited kmemsize $((9 << 20))
	check "a process in it is refused kmemsize" \
		refused /lxc.payload.limited kmemsize "then: " lxc-attach -n limited -- "${SOCKETS[@]}"
	check "a process in it is refused numproc" \
		refused /lxc.payload.limited numproc "$TOLD_NOT_TO_FORK" lxc-attach -n limited -- "${BOMB[@]}"
	check "the container runs on" lxc_runs
	check "the container can be stopped" lxc-stop -n limited -k
}

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# podman.sh - test podman as root, with both of its cgroup managers, and as a user: limits
# by --cgroup-conf, by the hook, and by the parent group.  Sourced by guest after facts.sh.

# The group below which systemd lets a user make groups.
TENANT=/user.slice/user-1000.slice/user@1000.service

# tenant COMMAND...: run it as a user without privileges, in a group of his own.
tenant()
{
	(
		echo "$BASHPID" >"$CGROUP$TENANT/session/cgroup.procs" || exit 125
		cd /home/tenant || exit 125
		exec setpriv --reuid=1000 --regid=1000 --init-groups env HOME=/home/tenant \
			XDG_RUNTIME_DIR=/run/user/1000 \
			DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus "$@"
	)
}

# podman_tenant: set up a user with a session.
podman_tenant()
{
	local file
	echo "tenant:x:1000:1000::/home/tenant:/bin/sh" >>/etc/passwd
	echo "tenant:x:1000:" >>/etc/group
	echo "tenant:100000:65536" | tee /etc/subuid >/etc/subgid
	install -d -o 1000 -g 1000 -m 700 /home/tenant
	install -d /etc/containers
	cat >/etc/containers/storage.conf <<-'END'
	[storage]
	driver = "vfs"
	runroot = "/run/containers/storage"
	graphroot = "/var/lib/containers/storage"
	END
	# These need root as their owner, which they have only if root unpacked them.
	for file in newuidmap newgidmap; do
		install -m 4755 "/usr/bin/$file" "/run/$file"
		mount --bind "/run/$file" "/usr/bin/$file"
	done
	printf '%s\n' "auth required pam_permit.so" "account required pam_permit.so" \
		"session required pam_systemd.so" | tee /etc/pam.d/systemd-user >/etc/pam.d/other
	systemctl start user@1000
	mkdir "$CGROUP$TENANT/session"
	chown 1000:1000 "$CGROUP$TENANT/session" "$CGROUP$TENANT/session/cgroup.procs"
}

# How podman is called: user is "tenant" or, for root, empty; options are podman's.
user='' options=()

podman()
{
	$user /usr/bin/podman "${options[@]}" "$@"
}

podman_run()
{
	podman run -d --replace --name "$1" --network none "${@:2}" small /bin/sleep 100000
}

podman_group()
{
	group_of "$(podman inspect -f '{{.State.Pid}}' "$1")"
}

podman_runs()
{
	[ "$(podman inspect -f '{{.State.Status}}' "$1")" = running ]
}

# podman_survives CONTAINER RESOURCE SENTENCE COMMAND...: a process in the container is
# refused, and the container goes on.
podman_survives()
{
	check "$who: a process in it is refused $2" \
		refused "${group_with:-$(again podman_group "$1")}" "$2" "$3" podman exec "$1" "${@:4}"
	check "$who: the container runs on" podman_runs "$1"
}

# podman_conf PARENT: limits by --cgroup-conf; the container's group is below PARENT.
podman_conf()
{
	check "$who: --cgroup-conf: a container starts" podman_run conf \
		--cgroup-conf 'bc.barrier=kmemsize 8388608 numproc 24' \
		--cgroup-conf 'bc.limit=kmemsize 9437184 numproc 24' || return
	check "$who: its group is below $1" grep "^$1/" <(again podman_group conf)
	check "$who: its limit on processes is in force" limit "$(again podman_group conf)" numproc 24
	check "$who: its limit on kernel memory is in force" \
		limit "$(again podman_group conf)" kmemsize $((9 << 20))
	podman_survives conf kmemsize "then: " "${SOCKETS[@]}"
	podman_survives conf numproc "$TOLD_NOT_TO_FORK" "${BOMB[@]}"
	check "$who: it can be removed" podman rm -f -t 0 conf
}

# podman_hook: limits by annotations.  crun says only that a hook has failed; the hook's
# message is in the file that another annotation names.
podman_hook()
{
	check "$who: the hook: a container starts with limits in an annotation" \
		podman_run hooked --annotation beancounter.numproc=25:25 || return
	check "$who: the annotation's limits are in force" \
		limit "$(again podman_group hooked)" numproc 25
	podman_survives hooked numproc "$TOLD_NOT_TO_FORK" "${BOMB[@]}"
	check "$who: it can be removed" podman rm -f -t 0 hooked
	check "$who: the hook: a container with a wrong annotation does not start" \
		says "error executing hook" podman_run wrong --annotation beancounter.numprocs=25 \
		--annotation run.oci.hooks.stderr=/tmp/hook.said
	check "$who: that container does not run" not podman_runs wrong
	check "$who: the hook says why" grep "did you mean numproc?" /tmp/hook.said
	rm -f /tmp/hook.said
	podman rm -f -t 0 wrong >/dev/null
}

# podman_parent GROUP PARENT: PARENT is GROUP in the form that the cgroup manager wants.
podman_parent()
{
	mkdir -p "$CGROUP/$1"
	bcctl set "/$1" numproc=20:20
	check "$who: --cgroup-parent: a container starts below a group with limits" \
		podman_run below --cgroup-parent "$2" || return
	check "$who: its group is there" grep "^/$1/" <(again podman_group below)
	check "$who: the limit is in force" limit "/$1" numproc 20
	group_with=/$1 podman_survives below numproc "$TOLD_NOT_TO_FORK" "${BOMB[@]}"
	check "$who: it can be removed" podman rm -f -t 0 below
}

podman_image()
{
	podman import -q /tmp/image.tar small
}

runtime_podman()
{
	local who
	image "$WORK/image"
	tar -C "$WORK/image" -cf /tmp/image.tar .
	check "a user has a systemd of his own" podman_tenant || give_up
	check "$(podman --version) takes an image" podman_image || give_up

	who=systemd options=(--cgroup-manager systemd)
	podman_conf /machine.slice
	podman_hook
	podman_parent tenant.slice tenant.slice
	who=cgroupfs options=(--cgroup-manager cgroupfs)
	podman_conf /libpod_parent
	podman_hook
	podman_parent tenant /tenant

	who=rootless user=tenant options=(--hooks-dir /usr/share/containers/oci/hooks.d)
	check "$who: podman takes an image" podman_image || give_up
	check "$who: podman runs as a user" test "$(podman info -f '{{.Host.Security.Rootless}}')" = true
	podman_conf "$TENANT"
	podman_hook
}

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# docker.sh - test docker with both of its cgroup drivers: limits by the parent group, the
# policy of bcctl.service, and the wrapper of runc.  Sourced by guest after facts.sh.

# docker_group CONTAINER
docker_group()
{
	group_of "$(docker inspect -f '{{.State.Pid}}' "$1")"
}

docker_runs()
{
	[ "$(docker inspect -f '{{.State.Status}}' "$1")" = running ]
}

# docker_survives CONTAINER RESOURCE SENTENCE COMMAND...: a process in the container is
# refused, and the container and docker go on.
docker_survives()
{
	local container=$1 group
	group=$(again docker_group "$1")
	check "a process in it is refused $2" \
		refused "${group_with:-$group}" "$2" "$3" docker exec "$1" "${@:4}"
	check "the container runs on" docker_runs "$container"
	check "docker answers" docker version
	docker rm -f "$container" >/dev/null
}

# docker_starts DRIVER: start docker with this cgroup driver.
docker_starts()
{
	mkdir -p /etc/docker
	# The virtual machine has no network for containers.
	cat >/etc/docker/daemon.json <<-END
	{ "runtimes": { "beancounter": { "path": "/usr/local/bin/runc-beancounter",
	    "runtimeArgs": ["--hook-option=--most=kmemsize=1G:1100M",
	                    "--hook-option=--most=numproc=50"] } },
	  "exec-opts": ["native.cgroupdriver=$1"],
	  "storage-driver": "vfs", "bridge": "none", "iptables": false, "ip6tables": false }
	END
	check "$(dockerd --version | sed 's/,.*//') starts, with the $1 driver" \
		systemctl restart docker || give_up
	check "docker answers" soon docker version || give_up
	check "its driver is $1" test "$(docker info -f '{{.CgroupDriver}}')" = "$1"
}

# docker_run NAME OPTION...: start a container.  The timeout is for user-mode Linux:
# when it loses a process of docker's daemons, docker may wait for ever.
docker_run()
{
	timeout "$PATIENCE" docker rm -f "$1" >/dev/null 2>&1
	timeout "$PATIENCE" docker run -d --name "$1" --network none "${@:2}" small /bin/sleep 100000
}

# docker_refuses FACT SENTENCE OPTION...: docker prints the sentence, and starts no
# container.
docker_refuses()
{
	check "--runtime: $1, and says why" \
		says "$2" docker_run greedy --runtime beancounter "${@:3}"
	check "the container does not run" not docker_runs greedy
	docker rm -f greedy >/dev/null
}

# docker_parent GROUP PARENT: PARENT is GROUP in the form that the driver wants.
docker_parent()
{
	mkdir -p "$CGROUP/$1"
	bcctl set "/$1" numproc=20:20
	check "--cgroup-parent: a container starts below a group with limits" \
		docker_run below --cgroup-parent "$2"
	check "its group is there" grep "^/$1/" <(again docker_group below)
	check "the limit is in force" limit "/$1" numproc 20
	group_with=/$1 docker_survives below numproc "$TOLD_NOT_TO_FORK" "${BOMB[@]}"
}

# docker_policy SECTION: limits from a section of the policy of bcctl.service.
docker_policy()
{
	printf '[%s]\nnumproc = 21:21\n' "$1" >/etc/bcctl/groups.d/10-docker.conf
	check "the policy is read" systemctl reload-or-restart bcctl
	check "[$1]: a container starts" docker_run policy
	check "the limit gets into force" soon limit "$(again docker_group policy)" numproc 21
	docker_survives policy numproc "$TOLD_NOT_TO_FORK" "${BOMB[@]}"
}

docker_runtime()
{
	check "--runtime: a container starts with limits in an annotation" docker_run annotated \
		--runtime beancounter --annotation beancounter.kmemsize=8M:9M \
		--ulimit nofile=8192:8192
	check "the annotation's limits are in force" \
		limit "$(again docker_group annotated)" kmemsize $((9 << 20))
	docker_survives annotated kmemsize "then: " "${SOCKETS[@]}"
	check "--runtime: a container starts with limits in a variable" docker_run variable \
		--runtime beancounter -e BEANCOUNTER_NUMPROC=22:22
	check "the variable's limits are in force" limit "$(again docker_group variable)" numproc 22
	docker_survives variable numproc "$TOLD_NOT_TO_FORK" "${BOMB[@]}"
	docker_refuses "it does not start a container that asks for too much" \
		"asks for a barrier of 51 for numproc, and at most 50 is allowed" \
		--annotation beancounter.numproc=51
	docker_refuses "it does not start a container with a wrong resource" "did you mean kmemsize?" \
		-e BEANCOUNTER_KMEMSIZ=8M
}

runtime_docker()
{
	image "$WORK/image"
	mkdir -p /etc/bcctl/groups.d
	docker_starts systemd
	check "docker takes an image" sh -c "tar -C $WORK/image -c . | docker import - small" || give_up
	docker_parent tenant.slice tenant.slice
	docker_policy 'system.slice/docker-*.scope'
	docker_runtime
	docker_starts cgroupfs
	docker_parent tenant /tenant
	docker_policy 'docker/*'
}

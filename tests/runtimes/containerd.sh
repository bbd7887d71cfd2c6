# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# containerd.sh - test containerd as Kubernetes uses it: limits in annotations of pods.
# Sourced by guest after facts.sh.

# cri_group CONTAINER: its group, which is below the group of the pod.
cri_group()
{
	find "$CGROUP/kubepods.slice" -type d -name "cri-containerd-$1.scope" \
		-printf '/kubepods.slice/%P\n'
}

cri_runs()
{
	[ "$(cri state "$1")" = running ]
}

# cri_start POD ANNOTATION: start a pod and its container.
cri_start()
{
	local pod
	pod=$(cri pod beancounter "$1" "$2") &&
		cri container "$pod" localhost/small:latest "$1" "$2" -- /bin/sleep 100000
}

# containerd_configuration: Debian's configuration and that of deploy/kubernetes.  There
# is no registry with an image for pods, so they use the image "small".
containerd_configuration()
{
	sed '/^version = 2/d' /usr/local/share/containerd.toml >/tmp/ours
	sed -i '/"io.containerd.grpc.v1.cri"\]/a sandbox_image = "localhost/small:latest"' \
		/etc/containerd/config.toml
	cat /tmp/ours - >>/etc/containerd/config.toml <<-'END'
	[plugins."io.containerd.grpc.v1.cri".containerd]
	  snapshotter = "native"
	END
	base-spec --most kmemsize=1G:1100M --most numproc=50 >/etc/containerd/beancounter.json
}

containerd_starts()
{
	check "base-spec writes the base specification of containers" containerd_configuration ||
		give_up
	check "containerd $(containerd --version | cut -d' ' -f3) starts" \
		systemctl restart containerd || give_up
	image "$WORK/image"
	cri image "$WORK/image" /tmp/image.tar localhost/small:latest
	check "containerd takes an image" \
		ctr -n k8s.io images import --snapshotter native /tmp/image.tar || give_up
}

runtime_containerd()
{
	local asked=(beancounter.numproc=23:23 beancounter.privvmpages=512M:520M) pod container group
	containerd_starts
	check "containerd answers to the Container Runtime Interface" soon cri version || give_up
	pod=$(again cri pod beancounter web "${asked[@]}")
	check "a pod with annotations starts: $pod" cri ready "$pod" || give_up
	container=$(again cri container "$pod" localhost/small:latest web "${asked[@]}" -- \
		/bin/sleep 100000)
	check "a container of the pod starts: $container" cri_runs "$container" || give_up
	group=$(cri_group "$container")
	check "the container's limit on processes is in force" limit "$group" numproc 23
	check "the container's limit on private memory is in force" \
		limit "$group" privvmpages $((520 << 8))
	check "a process in it is refused privvmpages" refused "$group" privvmpages \
		"then: Cannot allocate memory" cri exec "$container" /bin/hog memory
	check "a process in it is refused numproc" \
		refused "$group" numproc "$TOLD_NOT_TO_FORK" cri exec "$container" "${BOMB[@]}"
	check "the container runs on" cri_runs "$container"
	check "the pod is still there" cri ready "$pod"

	check "a container that asks for too much does not start, and the error says why" \
		says "asks for a barrier of 51 for numproc, and at most 50 is allowed" \
		cri_start greedy beancounter.numproc=51
	check "a container with a wrong resource does not start" says "did you mean kmemsize?" \
		cri_start wrong beancounter.kmemsiz=8M
	check "the first container runs on" cri_runs "$container"
	check "the pod can be removed" cri remove "$pod"
	check "the group of the container is gone" not test -e "$CGROUP$group"
}

# shellcheck shell=bash disable=SC2034 # those who source it use the variables
# SPDX-License-Identifier: GPL-2.0-only
#
# facts.sh - facts about a runtime, and the groups, limits and refusals that they speak of.
# Sourced by guest, never run.

# Seconds to wait for a daemon; an emulated processor takes its time.
PATIENCE=${PATIENCE:-120}
# The runtime, and 1 if a fact does not hold.
name='' bad=0

# User-mode Linux loses a process of Go now and then, with or without accounts; see
# next/README.md.  There a fact gets three tries, and the output says when it needed
# more than one.
tries=1
! grep -q UML /proc/cpuinfo || tries=3

# again COMMAND...: until it succeeds.
again()
{
	local i
	for ((i = 1; i < tries; i++)); do
		"$@" && return 0
		echo "# tried again: $*" >&2
	done
	"$@"
}

# check FACT COMMAND...: the fact holds if the command succeeds.
check()
{
	local fact=$1 output
	shift
	if output=$(again "$@" 2>&1); then
		printf '%s\n' "$output" | grep '^# tried again: ' || :
		echo "ok $name: $fact"
		return 0
	fi
	echo "not ok $name: $fact"
	printf '%s\n' "$output" | tail -n 25 | sed 's/^/# /'
	journalctl -q --no-pager -o cat _TRANSPORT=stdout | grep -v level=info | tail -n 8 |
		sed 's/^/# log: /'
	bad=1
	return 1
}

# give_up: end the test, because the remaining facts depend on the one that failed.
give_up()
{
	exit 1
}

not()
{
	! "$@"
}

# soon COMMAND...: repeat the command until it succeeds, for PATIENCE seconds.
soon()
{
	local end=$((SECONDS + PATIENCE))
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || break
		sleep 0.1
	done
	"$@"
}

# starts COMMAND...: start a daemon.
starts()
{
	"$@" >/dev/null 2>&1 </dev/null &
}

# image DIRECTORY: the files of containers: a shell, and hog, which wants too much.
image()
{
	local applet
	mkdir -p "$1"/{bin,dev,etc,proc,run,sys,tmp}
	cp /usr/bin/busybox /usr/bin/hog "$1/bin"
	for applet in sh sleep; do
		ln -s busybox "$1/bin/$applet"
	done
}

# says SENTENCE COMMAND...: the command fails and prints the sentence.
says()
{
	local sentence=$1 said status=0
	shift
	said=$("$@" 2>&1) || status=$?
	printf '%s\nstatus %d\n' "$said" "$status"
	[ "$status" -ne 0 ] && [[ $said == *"$sentence"* ]]
}

# limit GROUP RESOURCE VALUE: the group has this limit.
limit()
{
	echo "$1"
	grep -x "$2 $3" "$CGROUP$1/bc.limit" ||
		{ cat "$CGROUP$1/bc.limit"; return 1; }
}

# refusals GROUP RESOURCE
refusals()
{
	sed -n "s/^$2 //p" "$CGROUP$1/bc.failcnt"
}

# refused GROUP RESOURCE SENTENCE COMMAND...: the command is refused the resource, fails
# and prints the sentence, and the account counts the refusal.
refused()
{
	local group=$1 resource=$2 sentence=$3 before
	shift 3
	before=$(refusals "$group" "$resource")
	says "$sentence" "$@" || return 1
	echo "$resource of $group: $before refusals before, $(refusals "$group" "$resource") after"
	[ "$(refusals "$group" "$resource")" -gt "$before" ]
}

# Start more processes than any group here may have. The shell says that it cannot fork.
# shellcheck disable=SC2016 # for that shell
BOMB=(/bin/sh -c 'i=0; while [ $i -lt 60 ]; do sleep 1000 >/dev/null 2>&1 & i=$((i + 1)); done')
TOLD_NOT_TO_FORK="can't fork: Resource temporarily unavailable"
# Open more sockets than 8 MiB have room for, but fewer files than a process may have.
SOCKETS=(/bin/hog sockets 6000)

# group_of PID
group_of()
{
	[ -n "$1" ] && sed -n 's/^0:://p' "/proc/$1/cgroup"
}

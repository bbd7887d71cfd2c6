#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# vm-run.sh [OPTION]... - does vm/run keep what it promises?
#
# The options are vm/run's: --uml (the default), --qemu, --variant NAME.
# Prints TAP.  Takes half a minute on UML, some minutes on QEMU.

# What is in single quotes is for the shell in the guest.
# shellcheck disable=SC2016
set -u

TOP=$(cd "$(dirname "$0")/.." && pwd -P)
WORK=$(mktemp -d "${TMPDIR:-/tmp}/vm-run-test.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
cd "$TOP" || exit 1

options=("$@")
count=0
failed=0

# vm ARGS...: the runner, with the options under test.
vm()
{
	"$TOP/vm/run" "${options[@]}" --timeout 300 "$@"
}

# check NAME COMMAND...: one line of TAP.
check()
{
	local name=$1
	shift
	count=$((count + 1))
	if "$@" >"$WORK/said" 2>&1; then
		echo "ok $count $name"
	else
		echo "not ok $count $name"
		head -n 20 "$WORK/said" | sed 's/^/# /'
		failed=$((failed + 1))
	fi
}

# exits STATUS COMMAND...: the command exits with that status.  Its stderr is in
# $WORK/stderr.
exits()
{
	local wanted=$1 got=0
	shift
	"$@" 2>"$WORK/stderr" </dev/null || got=$?
	[ "$got" -eq "$wanted" ] && return 0
	echo "exit status $got, wanted $wanted"
	cat "$WORK/stderr"
	return 1
}

# prints TEXT COMMAND...: the command prints exactly TEXT on stdout.
prints()
{
	local wanted=$1 got
	shift
	got=$("$@" </dev/null) || return 1
	[ "$got" = "$wanted" ] && return 0
	printf 'got:    %q\nwanted: %q\n' "$got" "$wanted"
	return 1
}

# nothing_left: a virtual machine that has ended leaves no process and no file.
nothing_left()
{
	local tries
	for tries in 1 2 3 4 5 6 7 8 9 10; do
		if ! pgrep -f "$WORK/tmp/vm-run\." >"$WORK/left" &&
		   [ -z "$(ls -A "$WORK/tmp")" ]; then
			return 0
		fi
		sleep 0.2
	done
	echo "after $tries tries:"
	ps -o pid,ppid,args -p "$(paste -sd, "$WORK/left")"
	ls -lA "$WORK/tmp"
	return 1
}

separate()
{
	vm -- sh -c 'echo out; echo err >&2' >"$WORK/out" 2>"$WORK/err" </dev/null &&
		[ "$(cat "$WORK/out")" = out ] && [ "$(cat "$WORK/err")" = err ]
}

# stdout and stderr in one file keep the order in which they were written.
in_order()
{
	vm -- sh -c 'for i in 1 2 3 4 5 6 7 8; do echo $i; echo $i >&2; done' \
		>"$WORK/both" 2>&1 </dev/null
	[ "$(uniq -c <"$WORK/both" | awk '$1 == 2' | wc -l)" -eq 8 ]
}

# same_bytes MEGABYTES: bytes pass through stdin and stdout unchanged.
# shellcheck disable=SC2094 # cmp does not write
same_bytes()
{
	head -c "$1M" /dev/urandom >"$WORK/bytes"
	vm -- cat <"$WORK/bytes" | cmp - "$WORK/bytes" || return 1
	# shellcheck disable=SC2002 # a pipe is the point
	cat "$WORK/bytes" | vm -- cat | cmp - "$WORK/bytes"
}

# UML has one CPU, QEMU two unless --cpus says otherwise.
processors()
{
	case ${options[*]} in
	*qemu*)
		prints 2 vm -- nproc && prints 3 vm --cpus 3 -- nproc ;;
	*)
		prints 1 vm -- nproc && exits 2 vm --cpus 2 -- nproc ;;
	esac
}

# stdout passes all byte values unchanged, including \n, \r and NUL.
all_bytes()
{
	local program='BEGIN { for (i = 0; i < 256; i++) printf "%c", i }'
	LC_ALL=C awk "$program" </dev/null >"$WORK/all"
	LC_ALL=C vm --env LC_ALL -- awk "$program" </dev/null | cmp - "$WORK/all"
}

late_stdin()
{
	[ "$( (sleep 1; echo a; sleep 1; echo b) | vm -- cat)" = $'a\nb' ]
}

endless_stdin()
{
	[ "$(yes | vm -- head -n 1)" = y ]
}

# The files of OpenVZ in /proc are there, and bc_proc=off removes them.
asked_proc()
{
	local file=/proc/user_beancounters
	exits 0 vm -- test -e "$file" -a -e /proc/bc &&
		exits 1 vm --append bc_proc=off -- test -e "$file" -o -e /proc/bc &&
		exits 1 vm --append bc_proc=maybe --log "$WORK/maybe" -- test -e "$file" &&
		grep "bc_proc=maybe is unknown, .*: say on or off" "$WORK/maybe"
}

writable()
{
	mkdir -p "$WORK/a,b c"
	vm --rw "$WORK/a,b c" -- sh -c "echo there >'$WORK/a,b c/file'" </dev/null
	[ "$(cat "$WORK/a,b c/file")" = there ]
}

read_only()
{
	rm -f "$TOP/build/must-not-be"
	vm -- touch "$TOP/build/must-not-be" </dev/null && return 1
	vm -- touch "$WORK/neither" </dev/null && return 1
	! [ -e "$TOP/build/must-not-be" ] && ! [ -e "$WORK/neither" ]
}

parallel()
{
	local i pids=()
	for i in 1 2 3 4; do
		vm -- sh -c "sleep 1; echo $i; exit 1$i" >"$WORK/parallel.$i" </dev/null &
		pids+=($!)
	done
	for i in 1 2 3 4; do
		exits "1$i" wait "${pids[i - 1]}" || return 1
		[ "$(cat "$WORK/parallel.$i")" = "$i" ] || return 1
	done
}

# interrupted SIGNAL STATUS: the signal ends the virtual machine, and nothing is left.
interrupted()
{
	local pid
	mkdir -p "$WORK/tmp"
	: >"$WORK/up"
	(
		trap - INT EXIT
		export TMPDIR=$WORK/tmp
		exec "$TOP/vm/run" "${options[@]}" -- sh -c 'echo up; sleep 1000'
	) >"$WORK/up" 2>&1 </dev/null &
	pid=$!
	while ! grep -q up "$WORK/up" && kill -0 "$pid"; do
		sleep 0.1
	done
	kill -"$1" "$pid"
	exits "$2" wait "$pid" && nothing_left
}

# ^C on the terminal goes to the whole process group at once.
interrupt_group()
{
	mkdir -p "$WORK/tmp"
	# shellcheck disable=SC2016
	TMPDIR=$WORK/tmp setsid -w bash -c '
		"$@" -- sleep 1000 </dev/null & sleep 3; kill -INT 0; wait $!' \
		bash "$TOP/vm/run" "${options[@]}" >"$WORK/up" 2>&1 </dev/null
	nothing_left
}

timed_out()
{
	mkdir -p "$WORK/tmp"
	TMPDIR=$WORK/tmp exits 124 "$TOP/vm/run" "${options[@]}" --timeout 5 -- \
		sh -c 'trap "" TERM INT; (sleep 1000 & sleep 1000) & sleep 1000' &&
		nothing_left
}

splat()
{
	exits 125 vm -- sh -c "echo '<4>WARNING: CPU: 0 PID: 1 at a test' >/dev/kmsg" &&
		grep -q 'WARNING: CPU: 0 PID: 1 at a test' "$WORK/stderr" &&
		exits 3 vm --allow-splat -- \
			sh -c "echo '<4>WARNING: CPU: 0 PID: 1 at a test' >/dev/kmsg; exit 3" &&
		exits 0 vm -- sh -c "echo '<4>no WARNING: a test' >/dev/kmsg"
}

panic()
{
	exits 125 vm -- sh -c 'echo c >/proc/sysrq-trigger; sleep 100' &&
		grep -q 'sysrq triggered crash' "$WORK/stderr" &&
		grep -q 'the whole log: ' "$WORK/stderr"
}

# When a signal from outside kills the virtual machine, vm/run names the signal.
killed_outside()
{
	local pid
	: >"$WORK/up"
	(
		trap - INT EXIT
		exec "$TOP/vm/run" "${options[@]}" --timeout 300 -- sh -c 'echo up; sleep 1000'
	) >"$WORK/up" 2>"$WORK/killed" </dev/null &
	pid=$!
	while ! grep -q up "$WORK/up" && kill -0 "$pid"; do
		sleep 0.1
	done
	# Kill the child of the supervisor that is the guest, not the one for the log.
	ps -o pid=,comm= --ppid "$(pgrep -P "$pid" supervise)" |
		awk '$2 != "supervise" { print $1 }' | xargs kill -KILL || return 1
	exits 125 wait "$pid" || return 1
	cat "$WORK/killed"
	grep -q 'signal 9 (Killed) ended it after [0-9.]* s' "$WORK/killed"
}

log_file()
{
	exits 0 vm --log "$WORK/log" -- true && grep -q 'Linux version' "$WORK/log"
}

mounts()
{
	vm -- bash -c '
		set -e
		grep -q "^0::/" /proc/self/cgroup
		test -e /sys/fs/cgroup/cgroup.procs
		test -d /sys/kernel/debug/kunit -o -d /sys/kernel/debug/bdi
		test -d /sys/kernel/tracing/events
		echo x >/tmp/x; echo x >/run/x; echo x >/dev/shm/x
		test -c /dev/ptmx; test -d /dev/pts; test "$(id -u)" = 0
		test "$(cat /proc/sys/kernel/panic_on_oops)" = 1
		(exec 3<>/dev/tcp/127.0.0.1/9) 2>&1 | grep -q refused
	' </dev/null
}

terminal()
{
	local said
	said=$(TERM=dumb script -qec "$TOP/vm/run ${options[*]} -- sh -c \
		'tty; test -t 0 && test -t 1 && test -t 2 && echo all; stty -a | grep -c isig; exit 5'" \
		/dev/null </dev/null)
	local status=$?
	echo "$said"
	[ "$status" -eq 5 ] && [[ $said == *all* ]]
}

check "exit status 0"			exits 0 vm -- true
check "exit status 1"			exits 1 vm -- false
check "exit status 255"			exits 255 vm -- sh -c 'exit 255'
check "killed by a signal: 128 + N"	exits 137 vm -- sh -c 'kill -KILL $$'
check "segmentation fault: 139"		exits 139 vm -- sh -c 'kill -SEGV $$'
check "no such command: 127"		exits 127 vm -- /no/such/command
check "not executable: 126"		exits 126 vm -- /etc/passwd
check "wrong option: 2"			exits 2 vm --no-such-option -- true
check "no command: 2"			exits 2 vm
check "no kernel: 125"			exits 125 vm --variant none -- true
check "not a kernel: 125"		exits 125 vm --kernel /bin/false -- true
check "arguments arrive as given"	prints $'a b\n\n$c*\n\'"' \
	vm -- printf '%s\n' 'a b' '' '$c*' "'\""
check "processors"			processors
check "current directory"		prints "$TOP" vm -- pwd
check "--cwd"				prints /usr/bin vm --cwd /usr/bin -- pwd
check "--env NAME=VALUE"		prints 'x y' vm --env 'A=x y' -- printenv A
check "PATH and HOME"			prints "$PATH $HOME" \
	vm -- sh -c 'echo "$PATH $HOME"'
check "file systems and network"	mounts
check "stdout and stderr apart"		separate
check "stdout and stderr in one file"	in_order
check "every byte"			all_bytes
check "100 MB through stdin and stdout"	same_bytes 100
check "stdin that arrives late"		late_stdin
check "endless stdin"			endless_stdin
check "no stdin"			exits 0 vm -- sh -c '! read -r line'
check "--rw"				writable
check "bc_proc=on, unless appended otherwise"	asked_proc
check "other directories are read-only"	read_only
check "several at a time"		parallel
check "a terminal"			terminal
check "--timeout: 124"			timed_out
check "SIGTERM"				interrupted TERM 143
check "SIGINT"				interrupted INT 130
check "SIGINT to the process group"	interrupt_group
check "a warning in the log: 125"	splat
check "a panic: 125"			panic
check "killed from outside: the signal is named"	killed_outside
check "--log"				log_file

echo "1..$count"
[ "$failed" -eq 0 ]

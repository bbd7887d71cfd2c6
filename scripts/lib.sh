# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lib.sh - shared by all scripts: where things are, messages about progress, and
# errors with a next step.  Sourced, never run.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
export TOP
BUILD=${BUILD:-$TOP/build}
export KERNEL_SERIES=6.12

# Names sort the same everywhere, and the kernel's make inherits no flags or
# variables from ours.
export LC_ALL=C
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

set -E
# The last resort: a script that fails without a message of its own says where.
trap 'printf "%s: line %s failed: %s\n" "$0" "$LINENO" "$BASH_COMMAND" >&2' ERR

if [ -t 2 ]; then
	TTY=1
else
	TTY=
fi

# say WORDS: one line for the user.
say()
{
	printf '%s\n' "$*" >&2
}

# die PROBLEM [NEXT-STEP...]: say what is wrong, then one line per next step.
die()
{
	printf '%s: %s\n' "${0##*/}" "$1" >&2
	shift
	if [ $# -gt 0 ]; then
		printf '  -> %s\n' "$@" >&2
	fi
	exit 1
}

# help_if_asked ARGUMENT...: if the first one is --help, print the comment at the beginning
# of the script, which says what it does, and end it.
help_if_asked()
{
	[ "${1:-}" = --help ] || return 0
	sed -n '4,$ { /^#/!q; s/^# \{0,1\}//; p }' "$0"
	exit 0
}

# duration SECONDS: 7 -> 7s, 75 -> 1m15s
duration()
{
	if [ "$1" -lt 60 ]; then
		printf '%ds' "$1"
	else
		printf '%dm%02ds' "$(($1 / 60))" "$(($1 % 60))"
	fi
}

# step NAME COMMAND...: run the command under a name and say how long it took.
# Its output goes to build/log/NAME.log, whose end is shown if it fails.  It
# gets a process group of its own, which is ended as a whole when the script is.
step()
{
	local name=$1 log start=$SECONDS rc=0
	shift
	log=$BUILD/log/$(printf '%s' "$name" | tr -c 'A-Za-z0-9.\n' -).log
	mkdir -p "$BUILD/log"
	trap 'step_stop 1' HUP
	trap 'step_stop 2' INT
	trap 'step_stop 15' TERM
	set -m
	"$@" >"$log" 2>&1 </dev/null &
	step_job=$!
	set +m
	# The ticker must not hold the caller's lock, because it may outlive the caller.
	step_progress "$name" "$start" "$log" 9>&- &
	step_ticker=$!
	wait "$step_job" || rc=$?
	kill "$step_ticker" 2>/dev/null || :
	wait "$step_ticker" 2>/dev/null || :
	trap - HUP INT TERM
	if [ "$rc" -eq 0 ]; then
		step_line "$name" "$((SECONDS - start))" "done"
		return 0
	fi
	step_line "$name" "$((SECONDS - start))" FAILED
	if grep -qE '(error|undefined reference)[ :]' "$log"; then
		grep -E -A 3 '(error|undefined reference)[ :]' "$log" | head -n 25
	else
		tail -n 25 "$log"
	fi | sed 's/^/    /' >&2
	say "    (all of it: $log)"
	return "$rc"
}

# step_stop SIGNAL: end the step when a signal ends the script.
step_stop()
{
	trap '' HUP INT TERM
	kill -TERM -- "-$step_job" "$step_ticker" 2>/dev/null || :
	wait
	exit "$((128 + $1))"
}

# step_line NAME SECONDS WHAT: print a line that stays on the terminal.
step_line()
{
	if [ -n "$TTY" ]; then
		printf '\r\033[K' >&2
	fi
	printf '  %-34s %6s  %s\n' "$1" "$(duration "$2")" "$3" >&2
}

# step_progress NAME START LOG: report the step's progress until killed, on a
# terminal in one line that changes, elsewhere in a line every 15 seconds.
step_progress()
{
	local name=$1 start=$2 log=$3 interval=15 next lines last
	trap - HUP INT TERM
	if [ -n "$TTY" ]; then
		interval=1
	fi
	next=$((start + interval))
	while sleep 1; do
		# $$ is the script: when it is gone, the step must not go on.
		if ! kill -0 "$$" 2>/dev/null; then
			kill -TERM -- "-$step_job" 2>/dev/null || :
			return
		fi
		if [ "$SECONDS" -lt "$next" ] || ! [ -f "$log" ]; then
			continue
		fi
		next=$((SECONDS + interval))
		lines=$(grep -cE '^ +[A-Z]+ .*\.o$' "$log") || lines=0
		last=$(tail -n 1 "$log" | cut -c 1-44)
		if [ "$lines" -gt 0 ]; then
			last="$lines objects, $last"
		fi
		if [ -n "$TTY" ]; then
			printf '\r\033[K  %-34s %6s  %s' "$name" \
				"$(duration $((SECONDS - start)))" "$last" >&2
		else
			step_line "$name" "$((SECONDS - start))" "... $last"
		fi
	done
}

# only_one FILE: wait until no other process holds the lock FILE, and take it; file
# descriptor 9 holds it.
only_one()
{
	exec 9>"$1"
	if ! flock -n 9; then
		say "  waiting for another make to finish (${1##*/} in ${1%/*})"
		flock 9
	fi
}

# own_files [PATTERN]...: the project's files that match, by their path below $TOP,
# each ending in NUL: the files that git tracks or would track.
own_files()
{
	(
		cd "$TOP" || exit
		# Without a repository (in the archive of a release), every file counts.
		if ! [ -e .git ]; then
			git init -q --bare "$BUILD/own-files.git" || exit
			export GIT_DIR=$BUILD/own-files.git GIT_WORK_TREE=$TOP
		fi
		# git refuses a clone that belongs to another user unless told that it is
		# safe; it is, because nothing in the clone is run.
		git -c safe.directory="$TOP" ls-files -z --cached --others \
			--exclude-standard -- "$@"
	)
}

# need_space DIRECTORY MEGABYTES: fail before the work begins if the disk has less.
need_space()
{
	local have
	mkdir -p "$1"
	have=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
	if [ "$have" -lt "$2" ]; then
		die "too little disk space: $have MB free where $1 is, $2 MB needed" \
			"free some, or put the build elsewhere: make BUILD=/path/to/a/bigger/disk ..."
	fi
}

# variant_arch VARIANT: the ARCH of a kernel variant, from its fragment.
variant_arch()
{
	local file=$TOP/kernel/configs/$1.config
	if ! [ -f "$file" ] || ! grep -q '^# arch:' "$file"; then
		die "there is no kernel variant '$1'" \
			"take one of: $(variants)"
	fi
	sed -n 's/^# arch: *//p' "$file"
}

# variants: the names of all kernel variants, on one line.
variants()
{
	grep -l '^# arch:' "$TOP"/kernel/configs/*.config |
		sed 's|.*/||; s|\.config$||' | tr '\n' ' ' | sed 's/ $//'
}

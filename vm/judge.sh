# shellcheck shell=bash disable=SC2154,SC2034
# SPDX-License-Identifier: GPL-2.0-only
#
# judge.sh - decide how the virtual machine ended.  Part of vm/run.

# complaints: the lines of the log on standard input that mean that something is
# wrong with the kernel; fails when there is no such line.
complaints()
{
	LC_ALL=C sed -E 's/^\[ *[0-9]+\.[0-9]+\](\[ *[TC][0-9]+\])? //' |
		LC_ALL=C grep -aE -f <(grep -v '^#' "$VM/splats" | grep .)
}

# judge MACHINE-STATUS: set the exit status from the log and the supervisor's status,
# and report what went wrong.
judge()
{
	local found='' ended='' keep=$BUILD/log/vm-$$.log
	result=125
	read -r ended 2>/dev/null <"$job/share/ended" || :
	if [ "$1" -eq 124 ]; then
		result=124
		complaint="the command had not ended after $timeout s (--timeout)"
	elif [ "$1" -ge 128 ]; then
		result=$1
		case $ended in
		the\ terminal* | its\ console*) printf 'vm/run: %s\n' "$ended" >&2 ;;
		esac
		return
	elif [ -s "$job/share/status" ]; then
		read -r result <"$job/share/status"
	else
		complaint="the virtual machine ended before the command did: ${ended:-the supervisor ended with status $1}"
	fi
	found=$(complaints <"$log" | head -n 20) || :
	if [ -n "$found" ] && [ -z "$allow_splat" ]; then
		[ "$result" -eq 124 ] || result=125
		complaint="${complaint:+$complaint; }the kernel logged a warning:"
	fi
	if [ -s "$job/share/kmemleak" ]; then
		result=125
		found="$found"$'\n'"$(cat "$job/share/kmemleak")"
		complaint="${complaint:+$complaint; }memory leaked:"
	fi
	[ -n "$complaint" ] || return 0
	if [[ $log == "$job"/* ]]; then
		if ! mkdir -p "$BUILD/log" 2>/dev/null || ! [ -w "$BUILD/log" ]; then
			keep=${TMPDIR:-/tmp}/vm-$$.log
		fi
		cp "$log" "$keep"
		log=$keep
	fi
	printf 'vm/run: %s\n' "$complaint" >&2
	if [ -n "$found" ]; then
		printf '%s\n' "$found" | sed 's/^/    /' >&2
	elif [ "$result" -ne 124 ]; then
		tail -n 15 "$log" | sed 's/^/    /' >&2
	fi
	printf '  -> the whole log: %s\n' "$log" >&2
}

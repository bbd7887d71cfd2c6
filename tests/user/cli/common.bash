# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
#
# What the tests of bcctl on copies of machines share. tests/userspace sets BUILD
# and MACHINES.

bats_require_minimum_version 1.5.0

USER_TESTS=$(cd "$BATS_TEST_DIRNAME/.." && pwd -P)
PATH=$BUILD/bin:$PATH
# A place for warnings beside what is printed.
ERRORS=$BATS_TEST_TMPDIR/errors
# A terminal is what on-terminal makes, whatever this is called on, if on any.
unset NO_COLOR COLUMNS LINES
export LC_ALL=C.UTF-8 TERM=xterm

# on MACHINE VERB ARGUMENT...: bcctl on the copy.
on()
{
	local machine=$1 verb=$2
	shift 2
	bcctl "$verb" --sysroot "$MACHINES/$machine" "$@"
}

# says TEXT: in the output of the last "run".
says()
{
	[[ $output == *"$1"* ]] && return 0
	printf 'not said: %s\n--- but:\n%s\n' "$1" "$output" >&2
	return 1
}

# fails STATUS COMMAND...: with that status, a message, and what to do.
fails()
{
	local expected=$1
	shift
	run -"$expected" "$@"
	[[ $output == *bcctl* ]] || { echo "no message: $output" >&2; return 1; }
}

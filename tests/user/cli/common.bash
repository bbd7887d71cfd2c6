# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
#
# Shared by the tests of bcctl on copies of machines. tests/userspace sets BUILD and
# MACHINES.

bats_require_minimum_version 1.5.0

USER_TESTS=$(cd "$BATS_TEST_DIRNAME/.." && pwd -P)
PATH=$BUILD/bin:$PATH
# A file for warnings or for output that is checked later.
ERRORS=$BATS_TEST_TMPDIR/errors
# The tests use the terminals of on-terminal, not the one from which they are called.
unset NO_COLOR COLUMNS LINES
export LC_ALL=C.UTF-8 TERM=xterm

# on MACHINE VERB ARGUMENT...: run bcctl on the copy.
on()
{
	local machine=$1 verb=$2
	shift 2
	bcctl "$verb" --sysroot "$MACHINES/$machine" "$@"
}

# says TEXT: the output of the last "run" contains TEXT.
says()
{
	[[ $output == *"$1"* ]] && return 0
	printf 'not said: %s\n--- but:\n%s\n' "$1" "$output" >&2
	return 1
}

# fails STATUS COMMAND...: the command fails with that status and a message of bcctl.
fails()
{
	local expected=$1
	shift
	run -"$expected" "$@"
	[[ $output == *bcctl* ]] || { echo "no message: $output" >&2; return 1; }
}

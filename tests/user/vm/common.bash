# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-only
#
# Shared by the tests of bcctl inside the virtual machine.

# shellcheck source=tests/user/cli/common.bash
. "$BATS_TEST_DIRNAME/../cli/common.bash"

CGROUP=/sys/fs/cgroup
TOOLS=$BUILD/tests-user
# bcctl as a user without privileges: a copy, because only root may have access to the
# project's directory.
AS_NOBODY=(setpriv --reuid=65534 --regid=65534 --clear-groups /tmp/nobody/bin/bcctl)

# Each test gets a group of its own; $GROUP is its name, $DIR its directory.
setup()
{
	if ! [ -d /tmp/nobody ]; then
		install -D -m 755 -t /tmp/nobody/bin "$BUILD/bin/bcctl"
		install -D -m 755 -t /tmp/nobody/lib "$BUILD/lib/libbeancounter.so.0"
	fi
	GROUP=/test-$BATS_TEST_NUMBER
	DIR=$CGROUP$GROUP
	mkdir "$DIR"
}

teardown()
{
	remove_groups
}

# remove_groups: remove the test's groups, with the processes in them.
remove_groups()
{
	echo 1 >"$DIR/cgroup.kill" 2>/dev/null || :
	for _ in {1..50}; do
		grep -qs 'populated 1' "$DIR/cgroup.events" || break
		sleep 0.1
	done
	[ ! -d "$DIR" ] || find "$DIR" -ignore_readdir_race -depth -type d -delete
}

# value FIELD [GROUP-DIRECTORY] [RESOURCE]
value()
{
	sed -n "s/^${3:-kmemsize} .*\<$1=\([0-9a-z]*\).*/\1/p" "${2:-$DIR}/bc.resources"
}

# soon COMMAND...: repeat the command until it succeeds, for ten seconds.
soon()
{
	local i
	for ((i = 0; i < 100; i++)); do
		"$@" && return 0
		sleep 0.1
	done
	echo "did not succeed within ten seconds: $*" >&2
	return 1
}

# not COMMAND...
not()
{
	! "$@"
}

# has RESOURCE: the kernel has this resource.
has()
{
	grep -q "^$1 " "$DIR/bc.resources"
}

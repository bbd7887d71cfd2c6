#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The program around dstat's plugin, with a file in the format of OpenVZ;
# tests/user/vm tests the plugin with the file of the kernel.

load common

@test "dstat: the plugin vz-ubc reads a file of format 2.5" {
	local plugin=/usr/share/dstat/dstat_vz_ubc.py file=$BATS_TEST_TMPDIR/file
	[ -e "$plugin" ] || skip "dstat is not installed"
	{
		echo 'Version: 2.5'
		printf '%10s  %-12s %20s %20s %20s %20s %20s\n' uid resource held maxheld barrier limit failcnt
		printf '%10s  %-12s %20u %20u %20u %20u %20u\n' 101: kmemsize 1 2 3 4 5 '' lockedpages 0 0 0 0 7 \
			102: kmemsize 1 2 3 4 30
	} >"$file"
	run "$USER_TESTS/dstat-plugin" "$plugin" "$file"
	[ "$status" -eq 0 ]
	says "101 12"
	says "102 30"
	says "total 42"
}

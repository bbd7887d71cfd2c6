#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only

load common

setup()
{
	CONF=$BATS_TEST_TMPDIR/policy.conf
}

# policy LINE...: write these lines to the policy file.
policy()
{
	printf '%s\n' "$@" >"$CONF"
}

# dry LINE...: apply the policy of these lines with --dry-run to the copy.
dry()
{
	policy "$@"
	run on farm apply --from "$CONF" --dry-run --diff --bytes
	[ "$status" -eq 0 ]
}

# wrong LINE...: apply reports a mistake in the last line, and changes nothing.
wrong()
{
	policy "$@"
	fails 1 on farm apply --from "$CONF" --dry-run --diff
	says "$CONF:$#: "
	says "no limit has been changed"
	[[ $output != *"kmemsize 16777216"* ]]
}

@test "apply: a group, with blanks and comments" {
	dry '# what for' '' '  [web]  # the server' ' kmemsize  =  64M : 72M  # room' ';' "numproc=:500"
	says "/web: $CONF:3"
	says "- kmemsize 16777216:18874368"
	says "+ kmemsize 67108864:75497472"
	says "- numproc 240:240"
	says "+ numproc 240:500"
	[[ $output != */web/job* ]]
	says "sections: 1, matching groups: 1, would change: 1"
}

@test "apply: limits that are set already are no change" {
	dry '[/web/]' 'kmemsize = 16M:18M' 'numproc = 240'
	[ "$output" = "sections: 1, matching groups: 1, would change: 0" ]
}

@test "apply --dry-run: which groups" {
	policy '[*]' 'kmemsize = 5M'
	run on farm apply --from "$CONF" --dry-run
	[ "$status" -eq 0 ]
	says "/db: 1 resource would change, $CONF:1"
	says "matching groups: 3, would change: 3"
	run on farm apply --from "$CONF" --dry-run /web
	[ "$status" -eq 0 ]
	says "matching groups: 1, would change: 1"
	fails 1 on farm apply --from "$CONF" --dry-run /nothing
}

@test "apply: nothing in a copy is changed" {
	policy '[web]' 'kmemsize = 5M'
	fails 1 on farm apply --from "$CONF"
	says "nothing in it is changed"
}

@test "apply: the most specific section, whatever the order" {
	local sections=(
		$'[*b]\nnumproc=1' $'[w*]\nnumproc=2' $'[we*]\nnumproc=3' $'[web]\nnumproc=4'
		$'[web/*]\nnumproc=15' $'[*/job]\nnumproc=6' $'[w*/job]\nnumproc=7')
	dry "${sections[@]}"
	says "+ numproc 4:240"
	says "+ numproc 15:5"
	dry "${sections[6]}" "${sections[4]}" "${sections[3]}" "${sections[0]}"
	says "+ numproc 4:240"
	[[ $output != *"+ numproc 7"* ]]
	dry "${sections[5]}" "${sections[6]}" "${sections[1]}"
	says "+ numproc 2:240"
	says "+ numproc 7:5"
	# Of two equally specific sections, the later one counts.
	dry $'[w*b]\nnumproc=8' $'[we*]\nnumproc=9'
	says "+ numproc 9:240"
}

@test "apply: patterns do not match a slash, and a backslash stands for itself" {
	dry '[quiet*]' 'kmemsize=1M'
	says "matching groups: 1,"
	dry '[quiet/deep/"odd\name"]' 'kmemsize=1M'
	says '/quiet/deep/"odd\name": '
	dry '[[pqr]uiet]' 'kmemsize=1M'
	says "/quiet: "
}

@test "apply: profiles, and limits that the section sets itself" {
	dry '[web]' 'numproc = 77:88' 'profile = light'
	says "+ kmemsize 1740800:1847296"
	says "+ numproc 77:88"
	wrong '[web]' 'profile = lite'
	says "there is no profile lite"
	wrong '[web]' 'profile = light' 'profile = basic'
}

@test "apply: resources that the kernel does not have" {
	dry '[web]' '-numflurb = 5' 'kmemsize = 5M'
	says "+ kmemsize 5242880:18874368"
	wrong '[web]' 'kmemsize = 5M' 'numflurb = 5'
	says "no resource numflurb"
	wrong '[web]' 'kmemsiz = 5M'
	says "did you mean kmemsize?"
}

@test "apply: mistakes are reported with their lines" {
	wrong 'kmemsize = 5M'
	says "above the first [GROUP]"
	wrong '[web]' 'kmemsize'
	wrong '[web]' 'kmemsize = much'
	wrong '[web]' 'kmemsize = 1M' 'kmemsize = 2M'
	says "given twice"
	wrong '[web]' 'privvmpages = 65536'
	says "is 65536 bytes or pages?"
	[[ $output != *"--bytes"* ]]
	wrong '[web'
	wrong '[web] kmemsize'
	wrong '[]'
	wrong '[/]'
	wrong '[web/../db]'
	wrong '[web]' 'kmemsize = 5M' '[/web/]'
	says "is there already, in $CONF:1"
	wrong '[web]' '= 5M'
	wrong '[web]' $'kmemsize = 5M\xff'
}

@test "apply: all mistakes are reported, except below a wrong heading" {
	policy '[web]' 'kmemsize = many' 'nothing' '[db' 'numproc = 5' '[quiet]' 'xyz = 1'
	fails 1 on farm apply --from "$CONF" --dry-run
	says "$CONF:2: "
	says "$CONF:3: "
	says "$CONF:4: "
	says "$CONF:7: "
	[[ $output != *"$CONF:5: "* ]]
	says "4 mistakes in $CONF"
}

@test "apply: the files of a directory are read in the order of their names" {
	local copy=$BATS_TEST_TMPDIR/copy
	"$USER_TESTS/unpack" "$USER_TESTS/machines/farm.txt" "$copy"
	run bcctl apply --sysroot "$copy" --dry-run
	[ "$status" -eq 0 ]
	says "sections: 0,"
	mkdir -p "$copy/etc/bcctl/groups.d" "$copy/etc/bcctl/profiles"
	printf '[w*b]\nnumproc=5\n' >"$copy/etc/bcctl/groups.d/10-a.conf"
	printf '[we*]\nprofile=own\n' >"$copy/etc/bcctl/groups.d/20-b.conf"
	printf 'rubbish\n' >"$copy/etc/bcctl/groups.d/30-c.conf.bak"
	printf '# Own\nnumproc=6:7\n' >"$copy/etc/bcctl/profiles/own.conf"
	run bcctl apply --sysroot "$copy" --dry-run --diff
	[ "$status" -eq 0 ]
	says "+ numproc 6:7"
	mkdir "$BATS_TEST_TMPDIR/[x] *"
	printf '[web]\nnumproc=5\n' >"$BATS_TEST_TMPDIR/[x] */1.conf"
	run bcctl apply --sysroot "$copy" --from "$BATS_TEST_TMPDIR/[x] *" --dry-run
	[ "$status" -eq 0 ]
	says ", would change: 1"
	fails 1 bcctl apply --sysroot "$copy" --from /nowhere --dry-run
}

@test "apply: usage" {
	fails 2 on farm apply --watch
	fails 2 bcctl apply --watch /web
	fails 2 bcctl apply --watch --dry-run
	fails 2 bcctl apply /a /b
	fails 1 on none apply
	fails 1 on disabled apply
}

@test "save: a file that apply reads, exact to the byte" {
	local copy=$BATS_TEST_TMPDIR/copy file
	"$USER_TESTS/unpack" "$USER_TESTS/machines/farm.txt" "$copy"
	for group in /web /web/job /db; do
		file=$(bcctl save --sysroot "$copy" "$group")
		[ "$file" = "$copy/etc/bcctl/groups.d/$(echo "${group#/}" | tr / -).conf" ]
	done
	grep -qx 'kmemsize = 16M:18M' "$copy/etc/bcctl/groups.d/web.conf"
	grep -qx 'kmemsize = 1000:1200' "$copy/etc/bcctl/groups.d/db.conf"
	run bcctl apply --sysroot "$copy" --dry-run
	[ "$output" = "sections: 3, matching groups: 3, would change: 0" ]
	# Saving again replaces the file.
	bcctl save --sysroot "$copy" /web
}

@test "save: files and sections that it does not replace" {
	local copy=$BATS_TEST_TMPDIR/copy
	"$USER_TESTS/unpack" "$USER_TESTS/machines/farm.txt" "$copy"
	mkdir -p "$copy/etc/bcctl/groups.d"
	printf '[web]\nnumproc=5\n[db]\nnumproc=6\n' >"$copy/etc/bcctl/groups.d/web.conf"
	fails 1 bcctl save --sysroot "$copy" /web
	says "section [db], too"
	fails 1 bcctl save --sysroot "$copy" /db
	says "/db has its limits in $copy/etc/bcctl/groups.d/web.conf:3 already"
	run bcctl save --sysroot "$copy" /db --file -
	[ "$status" -eq 0 ]
	says "[db]"
	[ "$(ls "$copy/etc/bcctl/groups.d")" = web.conf ]
	fails 1 bcctl save --sysroot "$copy" /quiet
	says "no limits that could be saved"
	fails 2 bcctl save --sysroot "$copy"
	fails 1 bcctl save --sysroot "$copy" /nothing
}

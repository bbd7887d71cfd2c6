#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# All rows of the table of resources: limited ones, guarantees, and rows that are only
# shown.

load common

TABLE=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd -P)/kernel/overlay/include/linux/bc_resources.h

# kernel_table: "NAME UNIT KIND" of each row; older tables have no kind.
kernel_table()
{
	sed -n 's/^BC_RESOURCE([A-Z]*, "\([a-z]*\)", BC_\([A-Z]*\), \(.*\))$/\1 \2 \3/p' "$TABLE" |
		sed 's/\([^ ]* [^ ]*\) \(BC_[A-Z]*\),.*/\1 \2/'
}

# sets GROUP WORD...: set these words with --dry-run, printed in bytes.
sets()
{
	run on rows set --dry-run --bytes "$@"
	[ "$status" -eq 0 ]
}

# copy: make a copy of the machine that the test can change, in $root.
copy()
{
	root=$BATS_TEST_TMPDIR/root
	cp -r "$MACHINES/rows" "$root"
	account=$root/sys/fs/cgroup/db/bc.resources
}

@test "the kernel's table: bcctl knows each row, its unit and its kind" {
	local name unit kind line
	copy
	kernel_table | sed 's/ .*/ held=1 maxheld=1 barrier=max limit=max failcnt=0 forced=0/' >"$account"
	[ "$(wc -l <"$account")" -eq "$(grep -c '^BC_RESOURCE(' "$TABLE")" ]
	run bcctl advise --sysroot "$root" /db
	[ "$status" -eq 0 ]
	while read -r name unit kind; do
		line=$(bcctl show --sysroot "$root" /db --raw --noheadings -o RESOURCE,UNIT,WHAT | grep "^$name ")
		echo "$name $unit $kind: $line"
		[[ ${line^^} == "${name^^} $unit "?* ]]
		case $kind in
		BC_SAMPLED) says "# $name: this is only shown" ;;
		BC_GUARANTEE) says "# $name: this is a guarantee" ;;
		*) [[ $name == physpages || $output == *"# $name: at most "* ]] ;;
		esac
	done < <(kernel_table)
}

@test "show, list, top: all rows fit the width, and the important ones come first" {
	local width view
	for width in 80 60; do
		for view in "show /db" list "list --all"; do
			# shellcheck disable=SC2086 # words
			TERMINAL_SIZE=24x$width run "$USER_TESTS/on-terminal" "" bcctl $view --sysroot "$MACHINES/rows"
			[ "$status" -eq 0 ]
			[[ $output == *RESOURCE*HELD*USE%*BARRIER*FAILCNT* ]]
			says numtcpsock
			/usr/bin/python3 - "$width" "$output" <<-'PYTHON'
			import re, sys
			for line in sys.argv[2].splitlines():
			    plain = re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip()
			    assert len(plain) <= int(sys.argv[1]), (len(plain), plain)
			PYTHON
		done
	done
	TERMINAL_SIZE=24x60 run "$USER_TESTS/on-terminal" "" bcctl show /db --sysroot "$MACHINES/rows"
	[ "${#lines[@]}" -eq 18 ]
	run on rows list
	[[ ${lines[2]} == *db*numtcpsock*refused*98* && ${lines[3]} == *numflock*near*90* ]]
	[[ $output != *numproc* && $output != *guarpages* ]]
	# Of rows without new refusals, the fullest comes first.
	run on rows top --batch -n 1 --raw --noheadings -o GROUP,RESOURCE
	[ "${lines[0]} ${lines[1]}" = "/db numtcpsock /db numflock" ]
	[[ $output != *numiptent* && $output != *lockedpages* ]]
	run on rows top --batch -n 1 --all --raw --noheadings -o GROUP
	[ "${#lines[@]}" -eq 32 ]
}

@test "guarantees: they are never full, near or over" {
	run on rows show /db --json -o resource,state,use%
	/usr/bin/python3 - "$output" <<-'PYTHON'
	import json, sys
	rows = {r["resource"]: r for r in json.loads(sys.argv[1])["account"]}
	assert rows["numtcpsock"]["use%"] == 98, rows
	for name in ("vmguarpages", "oomguarpages", "physpages", "swappages"):
	    assert rows[name]["state"] == "ok" and rows[name]["use%"] is None, rows[name]
	PYTHON
	# So plot does not choose a guarantee for its picture, either.
	local recording=$BATS_TEST_TMPDIR/recording time
	for time in 1000 1001; do
		printf '{"time":%s,"group":"/db","resource":"%s","held":%s,"barrier":100,"limit":null,"failcnt":0}\n' \
			$time kmemsize $((time - 970)) $time oomguarpages $((time - 800))
	done >"$recording"
	bcctl plot "$recording" -p "$BATS_TEST_TMPDIR/a.svg"
	grep -q 'kernel memory' "$BATS_TEST_TMPDIR/a.svg"
}

@test "set: a guarantee is a barrier without a limit" {
	sets /shop vmguarpages=512M oomguarpages=65536P
	says "vmguarpages barrier max -> 536870912"
	says "vmguarpages limit max -> max"
	says "oomguarpages barrier max -> 268435456"
	[[ $output != *warning* ]]
	sets /db vmguarpages=max
	says "vmguarpages barrier 536870912 -> max"
	says "vmguarpages limit 603979776 -> max"
	[[ $output != *warning* ]]
	# A guarantee below held, or above that of the parent, gives no warning.
	sets /db oomguarpages=4K
	[[ $output != *warning* ]]
	sets /shop vmguarpages=1M:2M
	says "vmguarpages: it is a guarantee, and a guarantee has no limit"
	sets /shop numflock=10:10
	says "numflock: barrier and limit are equal at 10: unlocking the middle of a range"
	sets /shop numtcpsock=10:10 numpty=4:4
	[[ $output != *warning* ]]
	fails 2 on rows set /shop vmguarpages=1000 --dry-run
	says "bytes or pages?"
	fails 2 on rows set /shop numpty=1M --dry-run
}

@test "check: a limit beside a guarantee" {
	run on rows check /db
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 1 ]
	says "/db: warning: numflock: barrier and limit are equal at 100"
	run on rows check --fix --dry-run /db
	[ "${lines[-1]}" = "bcctl set /db numflock=100:113" ]
	run on rows check /shop
	[ "$output" = "/shop: no complaints" ]
	copy
	sed -i 's/^vmguarpages .*/vmguarpages held=0 maxheld=0 barrier=300000 limit=400000 failcnt=0 forced=0/
		s/^numfile .*/numfile held=0 maxheld=0 barrier=310 limit=310 failcnt=0 forced=0/' "$account"
	run bcctl check --sysroot "$root" /db
	says "vmguarpages: it is a guarantee"
	says "privvmpages: the barrier 1G is less than 1.1G: the guarantee of vmguarpages"
	says "numfile: the barrier 310 is less than 316: numtcpsock, numothersock and numpty together"
	# Without a guarantee, privvmpages is not compared with one.
	sed -i 's/^vmguarpages .*/vmguarpages held=0 maxheld=0 barrier=max limit=max failcnt=0 forced=0/' "$account"
	run bcctl check --sysroot "$root" /db
	[[ $output != *guarpages* ]]
}

@test "advise: shown rows and guarantees are left alone, locks get a gap" {
	run on rows advise /db
	says "# swappages: this is only shown, and nothing is refused for it; memory.swap.max is what limits it"
	says "# vmguarpages: this is a guarantee"
	local line=${lines[-1]}
	[[ $line == *" numtcpsock=200:200 "* && $line == *" numflock=120:140 "* && $line == *" shmpages=10240P:11520P" ]]
	# shellcheck disable=SC2086 # words
	run bcctl set --sysroot "$MACHINES/rows" --dry-run ${line#bcctl set }
	[ "$status" -eq 0 ]
	[[ $output != *"are equal"* ]]
}

@test "save: no limit of a guarantee, no row that is only shown" {
	copy
	sed -i 's/^swappages .*/swappages held=0 maxheld=0 barrier=5 limit=5 failcnt=0 forced=0/' "$account"
	run bcctl save --sysroot "$root" /db --file -
	says "vmguarpages = 512M:max"
	says "oomguarpages = 128M:max"
	says "numtcpsock = 100:113"
	[[ $output != *swappages* ]]
	printf '%s\n' "${lines[@]}" >"$BATS_TEST_TMPDIR/db.conf"
	run bcctl apply --sysroot "$root" --dry-run --from "$BATS_TEST_TMPDIR/db.conf"
	[ "$status" -eq 0 ]
}

@test "profile: guarantees, and the remaining warnings" {
	run on rows profile basic /shop --dry-run
	says " vmguarpages=33792P:max oomguarpages=26112P:max "
	says " numtcpsock=360:360 numothersock=360:360 "
	says "5 of the resources of basic are not in this kernel and left out"
	run on rows profile vps.basic /shop --dry-run
	says " vmguarpages=6144P:max oomguarpages=6144P:max "
	run on rows profile unlimited /db --dry-run
	says " vmguarpages=max:max oomguarpages=max:max "
	[[ $output != *swappages* && $output != *physpages* ]]
	run on rows profile job /shop --dry-run
	says " shmpages=262144P:262144P "
	says " numiptent=1024:1024"
	[[ $output != *warning* ]]
}

@test "set --ve-config: OpenVZ's guarantees" {
	local config=$BATS_TEST_TMPDIR/101.conf
	printf '%s\n' 'VMGUARPAGES="33792"' 'OOMGUARPAGES="9223372036854775807:unlimited"' 'NUMFLOCK="188:206"' \
		'SWAPPAGES="0:1G"' 'TCPSNDBUF="1M:2M"' >"$config"
	sets /shop --ve-config "$config"
	says "vmguarpages barrier max -> 138412032"
	says "vmguarpages limit max -> max"
	says "oomguarpages: an unlimited guarantee cannot be given and is left out"
	says "numflock limit max -> 206"
	says "swappages: its limit of 1G is for the memory controller"
	says "they are left out: tcpsndbuf"
	[[ $output != *"oomguarpages barrier"* && $output != *"a guarantee has no limit"* ]]
}

@test "memcheck: guarantees and shared memory" {
	on rows memcheck --json --bytes --groups >"$ERRORS"
	/usr/bin/python3 - "$ERRORS" <<-'PYTHON'
	import json, sys
	rows = {(r["group"], r["memory"]): r for r in json.load(open(sys.argv[1]))["memory"]}
	kernel, limit = 12582912, 75497472
	db = lambda memory: rows["/db", memory]
	assert db("RAM")["utilized"] == kernel + 50000 * 4096, rows
	assert db("RAM and swap")["utilized"] == kernel + (45000 + 4096) * 4096, rows
	assert db("RAM and swap")["committed"] == limit + 32768 * 4096, rows
	assert db("allocated")["utilized"] == kernel + (60000 + 4096) * 4096, rows
	assert db("allocated")["committed"] == limit + 131072 * 4096, rows
	assert db("allocated at most")["committed"] == limit + (294912 + 18432) * 4096, rows
	PYTHON
	# A guarantee that was not set commits nothing.
	copy
	sed -i 's/^kmemsize .*/kmemsize held=0 maxheld=0 barrier=1M limit=1048576 failcnt=0 forced=0/
		s/barrier=1M/barrier=1048576/' "$root/sys/fs/cgroup/shop/bc.resources"
	bcctl memcheck --sysroot "$root" --json --bytes --groups >"$ERRORS"
	/usr/bin/python3 - "$ERRORS" <<-'PYTHON'
	import json, sys
	rows = {(r["group"], r["memory"]): r for r in json.load(open(sys.argv[1]))["memory"]}
	for memory in "RAM and swap", "allocated":
	    assert rows["/shop", memory]["committed"] == 1048576, rows
	    assert rows["/", memory]["committed"] == rows["/db", memory]["committed"] + 1048576, rows
	assert rows["/shop", "allocated at most"]["committed"] is None, rows
	PYTHON
}

@test "ubc: rows that the kernel has, in the places of OpenVZ" {
	run on rows ubc /db
	[ "${#lines[@]}" -eq 26 ]
	[ "$(awk 'NR > 3 { print $1 }' <<<"$output" | tr '\n' ' ')" = "lockedpages privvmpages shmpages dummy numproc physpages vmguarpages oomguarpages numtcpsock numflock numpty numsiginfo tcpsndbuf tcprcvbuf othersockbuf dgramrcvbuf numothersock dcachesize numfile dummy dummy dummy numiptent " ]
	[[ $output =~ numtcpsock\ +98\ +100\ +100\ +113\ +17 && $output =~ oomguarpages\ +45000\ +50000\ +32768\ +9223372036854775807\ +0 ]]
	run on rows ubc --full /db
	[ "${#lines[@]}" -eq 23 ]
	[[ ${lines[-1]} =~ swappages\ +1000\ +2000 ]]
}

@test "export: names and units of all rows" {
	on rows export --openmetrics >"$ERRORS"
	/usr/bin/python3 - "$ERRORS" <<-'PYTHON'
	import sys
	from prometheus_client.openmetrics.parser import text_string_to_metric_families
	families = {f.name: f for f in text_string_to_metric_families(open(sys.argv[1]).read())}
	def values(name):
	    return {s.labels["resource"]: s.value for s in families[name].samples if s.labels["group"] == "/db"}
	sizes, items = values("beancounter_held_bytes"), values("beancounter_held_items")
	assert set(items) == {"numproc", "numfile", "numtcpsock", "numothersock", "numflock", "numsiginfo",
	                      "numpty", "numiptent"}, items
	assert len(sizes) == 8 and sizes["shmpages"] == 4096 * 4096 and sizes["swappages"] == 1000 * 4096, sizes
	assert values("beancounter_barrier_bytes")["oomguarpages"] == 32768 * 4096, families
	assert "oomguarpages" not in values("beancounter_limit_bytes"), families
	PYTHON
}

@test "hook: a container gets guarantees only as far as --most says" {
	local root=$MACHINES/rows
	# limits ANNOTATIONS OPTION...
	limits()
	{
		bcctl hook --sysroot "$root" "${@:2}" < <(printf '{"id":"c1","pid":4711,"annotations":{%s}}' "$1")
	}
	fails 1 limits '"beancounter.oomguarpages":"1G"'
	says "container c1 asks for oomguarpages, and no guarantee is allowed"
	fails 1 limits '"beancounter.oomguarpages":"1G"' --most vmguarpages=2G
	says "no guarantee is allowed"
	fails 1 limits '"beancounter.oomguarpages":"1G"' --most oomguarpages=512M
	says "asks for a barrier of 1G for oomguarpages, and at most 512M is allowed"
	local right=("beancounter.oomguarpages=512M" "beancounter.oomguarpages=max" "beancounter.profile=basic") one
	for one in "${right[@]}"; do
		fails 1 limits "\"${one%%=*}\":\"${one#*=}\"" --most oomguarpages=512M -l numproc=100
		says "nothing in it is changed"
	done
	# A container that does not ask gets no guarantee from --most.
	run limits '' --most oomguarpages=512M
	[ "$status" -eq 0 ]
	# A guarantee of a profile is left out unless --most names it.
	copy
	mkdir -p "$root/etc/bcctl/profiles"
	echo 'oomguarpages=64M' >"$root/etc/bcctl/profiles/own.conf"
	run limits '"beancounter.profile":"own"'
	[ "$status" -eq 0 ]
	fails 1 limits '"beancounter.profile":"own"' --most oomguarpages=64M
	says "nothing in it is changed"
	fails 1 limits '"beancounter.profile":"own"' --most oomguarpages=63M
	says "at most 63M is allowed"
	# --most does not restrict the administrator's own -l.
	fails 1 limits '' -l oomguarpages=1G
	says "nothing in it is changed"
}

@test "completion: all resources of the machine" {
	bcctl() { command bcctl "$@" --sysroot "$MACHINES/rows"; }
	# shellcheck source=cli/completion/bcctl
	. "${TABLE%/kernel/*}/cli/completion/bcctl"
	# shellcheck disable=SC2034 # for the completion
	COMP_WORDS=(bcctl set /db num) COMP_CWORD=3
	_bcctl
	[ "${#COMPREPLY[@]}" -eq 8 ]
	[[ " ${COMPREPLY[*]} " == *" numflock= "* ]]
	# shellcheck disable=SC2034 # for the completion
	COMP_WORDS=(bcctl reset /db oom)
	_bcctl
	[ "${COMPREPLY[*]}" = oomguarpages ]
}

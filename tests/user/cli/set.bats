#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only

load common

# dry SPEC...: set these limits in /web with --dry-run.
dry()
{
	run on farm set /web --dry-run --bytes "$@"
	[ "$status" -eq 0 ]
}

@test "set --dry-run: units of sizes" {
	dry kmemsize=1.5G:2G
	says "kmemsize barrier 16777216 -> 1610612736"
	says "kmemsize limit 18874368 -> 2147483648"
	dry kmemsize=400P privvmpages=256M
	says "kmemsize barrier 16777216 -> 1638400"
	says "privvmpages barrier 268435456 -> 268435456"
	dry kmemsize=:max
	says "kmemsize limit 18874368 -> max"
	[[ $output != *"kmemsize barrier"* ]]
	dry numwidget=7
	says "numwidget barrier max -> 7"
}

@test "set: a plain number for pages is ambiguous, and is not accepted" {
	fails 2 on farm set /web kmemsize=1M privvmpages=268435456 --dry-run
	says "privvmpages=268435456: privvmpages is counted in pages: is 268435456 bytes or pages?"
	says "write 268435456B for bytes, which is 256M, or 268435456P for pages, which is 1T"
	[[ $output != *"barrier"* ]]
	fails 2 on farm set /web privvmpages=16M:20000 --dry-run
	says "is 20000 bytes or pages?"
	fails 2 on farm set /web privvmpages=99999999999999999999 --dry-run
	says "too large"
	fails 2 on farm set /web privvmpages=100 --bytes --pages
	says "not both"
	run on farm set /web --dry-run privvmpages=16384B:16384P
	says "privvmpages barrier 256M -> 16K"
	says "privvmpages limit 272M -> 64M"
	run on farm set /web --dry-run --pages privvmpages=16384:20000 kmemsize=17000000
	says "privvmpages barrier 256M -> 64M"
	says "kmemsize barrier 16M -> 16.2M"
	# The form that show --bytes prints.
	dry privvmpages=268435456:4097
	says "privvmpages barrier 268435456 -> 268435456"
	says "privvmpages limit 285212672 -> 8192"
	# These are not ambiguous.
	run on farm set /web --dry-run privvmpages=0:max numproc=100
	[ "$status" -eq 0 ]
	fails 125 bcctl run -l privvmpages=100 true
	says "bytes or pages?"
}

@test "set, advise, profile: resources that the kernel only shows" {
	local root=$BATS_TEST_TMPDIR/root job
	cp -r "$MACHINES/farm" "$root"
	job="$root/sys/fs/cgroup two/web/job/bc.resources"
	printf '%s held=100 maxheld=200 barrier=max limit=max failcnt=0 forced=0\n' physpages lockedpages \
		oomguarpages swappages >>"$job"
	fails 2 bcctl set --sysroot "$root" --dry-run /web/job lockedpages=1M physpages=1M:1M
	says "physpages=1M:1M: physpages is only shown: nothing is refused for it, and it takes no barrier and no limit"
	says "write 1048576 to memory.max of the group"
	[[ $output != *lockedpages* ]]
	fails 2 bcctl set --sysroot "$root" --dry-run /web/job swappages=:4K
	says "write 4096 to memory.swap.max of the group"
	fails 2 bcctl set --sysroot "$root" --dry-run /web/job physpages=0
	says "write 0 to memory.max"
	# Bytes or pages does not matter here.
	fails 2 bcctl set --sysroot "$root" --dry-run /web/job physpages=100
	says "write the bytes to memory.max"
	fails 125 bcctl run -l physpages=1M true
	says "physpages is only shown"
	run bcctl set --sysroot "$root" --dry-run /web/job physpages=max:auto swappages=max:max
	[ "$status" -eq 0 ]
	run bcctl set --sysroot "$root" --dry-run /web/job lockedpages=1M:1M oomguarpages=8K
	[[ $output != *warning* ]]
	run bcctl advise --sysroot "$root" /web/job
	says "# physpages: this is only shown"
	says "# oomguarpages: this is a guarantee"
	[[ ${lines[-1]} == *lockedpages=* && ${lines[-1]} != *physpages=* && ${lines[-1]} != *oomguar* ]]
	run bcctl profile --sysroot "$root" --dry-run unlimited /web/job
	[[ $output == *lockedpages=max* && $output != *physpages=* && $output != *swappages=* ]]
	# The same without a kernel to ask, and for a profile of the administrator.
	run bcctl profile unlimited
	[[ $output != *physpages* && $output != *swappages* ]]
	mkdir -p "$root/etc/bcctl/profiles"
	printf 'lockedpages=1M:1M\nphyspages=1M:1M\n' >"$root/etc/bcctl/profiles/mine.conf"
	run bcctl profile --sysroot "$root" --dry-run mine /web/job
	[[ $status -eq 0 && $output == *lockedpages=* && $output != *physpages* ]]
	# An earlier kernel may have accepted a limit.
	sed -i 's/^\(physpages .*\)limit=max/\1limit=256/; s/^\(lockedpages .*\)barrier=max/\1barrier=256/' "$job"
	run bcctl save --sysroot "$root" --file - /web/job
	[[ $status -eq 0 && $output == *lockedpages* && $output != *physpages* ]]
	run bcctl check --sysroot "$root" --fix --dry-run /web/job
	[[ $output != *physpages=* ]]
}

@test "apply: no limit of a resource that the kernel only shows" {
	local root=$BATS_TEST_TMPDIR/root file
	cp -r "$MACHINES/farm" "$root"
	find "$root" -name bc.resources | while read -r file; do
		echo 'physpages held=100 maxheld=200 barrier=max limit=max failcnt=0 forced=0' >>"$file"
	done
	mkdir -p "$root/etc/bcctl/groups.d"
	printf '[web/job]\nphyspages = 1M:1M\n' >"$root/etc/bcctl/groups.d/job.conf"
	run bcctl apply --sysroot "$root" --dry-run
	[ "$status" -ne 0 ]
	says "job.conf:2: "
	says "physpages is only shown"
}

@test "set: a copy is not changed" {
	fails 1 on farm set /web kmemsize=17M
	says "nothing in it is changed"
	fails 1 on farm reset /web
}

@test "set: all arguments are checked first" {
	fails 2 on farm set /web kmemsize=1M numproc=many --dry-run
	says '"many" is not a number of items'
	[[ $output != *"->"*"barrier"* ]]
	fails 1 on farm set /web kmemsiz=1M --dry-run
	says "did you mean kmemsize?"
	fails 1 on farm set /web xyz=1 --dry-run
	says "it has kmemsize privvmpages numproc numwidget"
	fails 2 on farm set /web kmemsize=1M kmemsize=2M --dry-run
	says "given twice"
	fails 2 on farm set /web kmemsize --dry-run
	says "RESOURCE=BARRIER[:LIMIT]"
	fails 2 on farm set /web kmemsize= --dry-run
	fails 2 on farm set /web kmemsize=: --dry-run
	fails 2 on farm set /web =1M --dry-run
	fails 2 on farm set /web kmemsize=99999999T --dry-run
	says "too large"
	fails 2 on farm set /web kmemsize=1.5 --dry-run
	fails 2 on farm set /web numproc=1K --dry-run
	fails 2 on farm set /web
	fails 1 on farm reset /web numpro
	says "did you mean numproc?"
}

@test "set: warnings about what cannot work" {
	dry kmemsize=1M
	says "held already"
	dry kmemsize=19M
	says "barrier 19M is above the limit 18M"
	dry kmemsize=17M:17M
	says "barrier and limit are equal at 17M: a page fault"
	dry privvmpages=16M:16M
	says "a stack that has to grow"
	dry kmemsize=6M numproc=1000:1000
	says "40 KiB for every second process of numproc"
	run on farm set /web/job kmemsize=17M:20M --dry-run
	says "never reached: that of /web is 16M"
	# Limits without a warning.
	dry kmemsize=16M:18M numproc=100:100
	[[ $output != *warning* ]]
}

@test "advise: head-room, reasons, a line that set accepts" {
	run on farm advise /web
	[ "$status" -eq 0 ]
	says "8 requests refused"
	says "# numproc: at most 12 were held; it gets 25% more: 15"
	local line=${lines[-1]}
	[ "$line" = "bcctl set /web kmemsize=33554432:37748736 privvmpages=2560P:2880P numproc=15:15 numwidget=2:2" ]
	# shellcheck disable=SC2086 # words
	run bcctl set --sysroot "$MACHINES/farm" --dry-run ${line#bcctl set }
	[ "$status" -eq 0 ]
	[[ $output != *warning* ]]
	run on farm advise /web --headroom 100
	says "numproc=24:24"
	run on farm advise /db
	says "# privvmpages: none were ever held"
}

@test "advise --from: bc.resources, show --json, run --report=json" {
	local expected
	expected=$(on farm advise /web)
	run bcctl advise /web --from "$MACHINES/farm/sys/fs/cgroup two/web/bc.resources"
	[ "$output" = "$expected" ]
	on farm show /web --json >"$BATS_TEST_TMPDIR/json"
	run bcctl advise /web --from "$BATS_TEST_TMPDIR/json"
	[ "$output" = "$expected" ]
	run bcctl advise --from - <"$BATS_TEST_TMPDIR/json"
	says "bcctl set GROUP "
	echo '{"verdict":"ok","resources":[{"resource":"numfile","maxheld":10,"failcnt":0}]}' >"$BATS_TEST_TMPDIR/run"
	run bcctl advise --from "$BATS_TEST_TMPDIR/run"
	says "numfile=13:13"
	local wrong
	for wrong in '' '{' '{}' '[]' '{"account":[1]}' '{"account":[{"resource":"a","held":"x"}]}' nonsense; do
		printf '%s' "$wrong" >"$BATS_TEST_TMPDIR/wrong"
		fails 1 bcctl advise --from "$BATS_TEST_TMPDIR/wrong"
		says "is no account"
	done
	fails 1 bcctl advise --from /nonexistent
	fails 2 bcctl advise --headroom 0 .
}

@test "profile: the list, one profile, the line for set" {
	run on farm profile --raw --noheadings -o NAME
	says vps.basic
	says light
	run on farm profile light
	says "numproc=40:40"
	run on farm profile vps.basic /web --dry-run
	says "bcctl set /web kmemsize=5242880:5592405 privvmpages=35000P:38181P numproc=65:65"
	says "are not in this kernel and left out"
	fails 1 on farm profile vps.basik /web
	says "did you mean vps.basic?"
	fails 1 on farm profile vps.basic /nope
}

@test "profile: every profile can be read" {
	local name
	for name in $(on farm profile --raw --noheadings -o NAME); do
		run on farm profile "$name" /quiet --dry-run
		[ "$status" -eq 0 ]
		[[ $output == *"bcctl set /quiet kmemsize="* ]]
	done
}

@test "profile: the machine's own profiles come first" {
	local root=$BATS_TEST_TMPDIR/root
	cp -r "$MACHINES/farm" "$root"
	mkdir -p "$root/etc/bcctl/profiles"
	printf '# Mine\nkmemsize=1M:2M # small\n' >"$root/etc/bcctl/profiles/light.conf"
	run bcctl profile --sysroot "$root" light /web --dry-run
	says "bcctl set /web kmemsize=1048576:2097152"
	: >"$root/etc/bcctl/profiles/empty.conf"
	run bcctl profile --sysroot "$root" empty
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	echo 'kmemsize=lots' >"$root/etc/bcctl/profiles/light.conf"
	fails 1 bcctl profile --sysroot "$root" light /web --dry-run
	says "this is in profile light"
}

@test "why --from: a summary of a recording" {
	local file=$BATS_TEST_TMPDIR/recording one two
	one='{"time":1.5,"group":"/web","payer":"/web/job","pid":7,"process":"make","resource":"kmemsize","requested":720,"held":1,"barrier":2,"limit":null,"function":"alloc_inode","severity":"barrier","stack":["alloc_inode"]}'
	two=${one//720/96}
	printf '%s\n\n%s\n%s\n' "$one" "$two" "${one//web/db}" >"$file"
	run bcctl why --from "$file" --raw --noheadings
	[ "${lines[0]}" = "2 /web kmemsize make alloc_inode 96 720 2" ]
	[ "${lines[1]}" = "1 /db kmemsize make alloc_inode 720 720 2" ]
	run bcctl why --from - --raw --noheadings /db <"$file"
	[ "$output" = "1 /db kmemsize make alloc_inode 720 720 2" ]
	run bcctl why --from "$file" /nothing
	says "nothing was refused"
	run bcctl why --from "$file" --json
	[ "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["refusals"][0]["count"])' <<<"$output")" = 2 ]
	echo '{"group":1}' >>"$file"
	fails 1 bcctl why --from "$file"
	says "line 5 is not a refusal"
	fails 1 bcctl why --from /nonexistent
}

@test "watch, run: they do not work on a copy" {
	fails 1 on farm watch
	fails 125 on farm run true
	fails 125 bcctl run
	fails 125 bcctl run -l kmemsize=x true
	fails 125 bcctl run --report=xml true
	fails 125 bcctl run --bogus true
	run bcctl run --help
	[ "$status" -eq 0 ]
}

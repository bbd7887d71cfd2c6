#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only

load common

# A recording of a group that is refused at two times, and whose barrier then rises.
recording()
{
	local line='{"time":%s,"group":"/web","resource":"kmemsize","unit":"bytes","held":%s,"barrier":%s,"limit":2097152,"failcnt":%s}\n'
	# shellcheck disable=SC2059 # it is a format
	printf "$line" 1000 0 1048576 0 1001 500000 1048576 0 1002 1048000 1048576 3 1003 1048000 1048576 4 \
		1004 20 1548576 4
	echo '{"time":1000,"group":"/web","resource":"numproc","unit":"items","held":1,"barrier":null,"limit":null,"failcnt":0}'
	echo '{"time":1005,"group":"/db","resource":"numproc","unit":"items","held":9,"barrier":10,"limit":10,"failcnt":0}'
}

@test "record: a line for each change, with its time" {
	local root=$BATS_TEST_TMPDIR/root file
	cp -r "$MACHINES/farm" "$root"
	file="$root/sys/fs/cgroup two/web/bc.resources"
	bcctl record --sysroot "$root" /web -d 0.1 >"$BATS_TEST_TMPDIR/out" 3>&- &
	local pid=$! i
	for ((i = 0; i < 100; i++)); do
		[ "$(grep -c . "$BATS_TEST_TMPDIR/out")" -lt 4 ] || break
		sleep 0.1
	done
	sed 's/held=4194304/held=5000000/' "$file" >"$file.new"
	mv "$file.new" "$file"
	for ((i = 0; i < 100; i++)); do
		! grep -q 5000000 "$BATS_TEST_TMPDIR/out" || break
		sleep 0.1
	done
	kill -TERM "$pid"
	wait "$pid"
	/usr/bin/python3 - "$BATS_TEST_TMPDIR/out" <<-'PYTHON'
	import json, sys
	lines = [json.loads(line) for line in open(sys.argv[1])]
	assert len(lines) == 5, lines
	assert {l["resource"] for l in lines[:4]} == {"kmemsize", "privvmpages", "numproc", "numwidget"}, lines
	assert lines[0]["held"] == 4194304 and lines[0]["barrier"] == 16777216 and lines[0]["failcnt"] == 8, lines
	assert lines[3]["limit"] is None, lines
	assert lines[4]["held"] == 5000000 and lines[4]["time"] > lines[0]["time"], lines
	PYTHON
	run on farm record --for 0.2 -d 0.05 --below /web
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 8 ]
	fails 1 on farm record /nope
	fails 2 on farm record
	fails 2 on farm record -d 0 /web
}

@test "plot: a picture with barrier, limit and refusals" {
	command -v gnuplot >/dev/null || skip "gnuplot is not installed"
	local dir=$BATS_TEST_TMPDIR
	recording >"$dir/recording"
	bcctl plot "$dir/recording" --picture "$dir/a.svg"
	for text in '/web: kernel memory' 'kmemsize held' barrier limit refused '512K' '1M'; do
		grep -qF ">$text<" "$dir/a.svg" || { echo "no $text"; return 1; }
	done
	bcctl plot - -p "$dir/a.png" <"$dir/recording"
	[ "$(head -c 4 "$dir/a.png" | tail -c 3)" = PNG ]
	bcctl plot "$dir/recording" -p "$dir/b.svg" --group /db
	grep -qF ">/db: processes and threads<" "$dir/b.svg"
	[ "$(grep -cF ">refused<" "$dir/b.svg")" -eq 0 ]
	bcctl plot "$dir/recording" -p "$dir/c.svg" -r numproc --group /web
	[ "$(grep -cF ">barrier<" "$dir/c.svg")" -eq 0 ]
	[ "$(find "$dir" -name '*.svg.*')" = "" ]
}

@test "plot: a recording of less than a millisecond, and one with a single line" {
	command -v gnuplot >/dev/null || skip "gnuplot is not installed"
	local dir=$BATS_TEST_TMPDIR
	{
		recording | head -n 1
		recording | sed -n 3p | sed 's/1002/1000.0004/'
	} >"$dir/short"
	bcctl plot "$dir/short" -p "$dir/a.svg"
	grep -qF ">refused<" "$dir/a.svg"
	recording | head -n 1 >"$dir/one"
	bcctl plot "$dir/one" -p "$dir/b.svg"
	grep -qF ">kmemsize held<" "$dir/b.svg"
}

@test "plot: wrong arguments and recordings" {
	command -v gnuplot >/dev/null || skip "gnuplot is not installed"
	local dir=$BATS_TEST_TMPDIR
	recording >"$dir/recording"
	fails 2 bcctl plot "$dir/recording"
	fails 2 bcctl plot "$dir/recording" -p "$dir/a.jpg"
	says "the name of a picture ends in .svg or .png"
	fails 1 bcctl plot "$dir/recording" -p "$dir/a.svg" -r numfile
	says "has no data of any group for numfile"
	fails 1 bcctl plot "$dir/recording" -p "$dir/no/a.svg"
	echo old >"$dir/old.svg"
	echo '{"time":1}' >>"$dir/recording"
	fails 1 bcctl plot "$dir/recording" -p "$dir/old.svg"
	says "line 8 is not of a recording"
	[ "$(cat "$dir/old.svg")" = old ]
	PATH=$BUILD/bin fails 1 bcctl plot "$dir/recording" -p "$dir/a.svg"
	says "gnuplot is not installed"
	fails 125 bcctl run --plot "$dir/a.jpg" true
}

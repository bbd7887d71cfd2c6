#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only

load common

@test "export --openmetrics: an independent parser reads it" {
	on farm export --openmetrics >"$ERRORS"
	/usr/bin/python3 - "$ERRORS" <<-'PYTHON'
	import sys
	from prometheus_client.openmetrics.parser import text_string_to_metric_families
	families = {f.name: f for f in text_string_to_metric_families(open(sys.argv[1]).read())}
	assert families["beancounter_failcnt"].type == "counter", families
	assert families["beancounter_held_bytes"].unit == "bytes", families
	assert families["beancounter_held_items"].unit == "items", families
	def value(name, resource="kmemsize", group="/web/job"):
	    labels = {"group": group, "resource": resource}
	    return [s.value for s in families[name].samples if s.labels == labels]
	assert value("beancounter_held_bytes") == [1000000.0]
	assert value("beancounter_held_items") == []
	assert value("beancounter_held_bytes", "privvmpages") == [409600.0]
	assert value("beancounter_held_items", "numproc") == [2.0]
	assert value("beancounter_barrier_bytes") == [1048576.0]
	assert value("beancounter_limit_bytes") == []
	assert value("beancounter_failcnt") == [8.0]
	assert value("beancounter_failcnt_local", group="/web") == [0.0]
	odd = {s.labels["group"] for s in families["beancounter_held_bytes"].samples}
	assert '/quiet/deep/"odd\\name"' in odd, odd
	assert len(families) == 12, families
	PYTHON
	[ "$(tail -n 1 "$ERRORS")" = "# EOF" ]
}

@test "export: the text format, which promtool accepts" {
	on farm export >"$ERRORS"
	[ "$(grep -cE '\+Inf|# EOF|# UNIT' "$ERRORS")" -eq 0 ]
	/usr/bin/python3 - "$ERRORS" <<-'PYTHON'
	import sys
	from prometheus_client.parser import text_string_to_metric_families
	families = {f.name: f for f in text_string_to_metric_families(open(sys.argv[1]).read())}
	assert families["beancounter_failcnt"].type == "counter", families
	assert families["beancounter_held_bytes"].documentation, families
	PYTHON
	command -v promtool >/dev/null || skip "promtool is not installed"
	[ -z "$(promtool check metrics <"$ERRORS" 2>&1)" ]
	[ -z "$(on host export | promtool check metrics 2>&1)" ]
}

@test "export: the unit, the container and the pod of a group" {
	on host export --openmetrics >"$ERRORS"
	/usr/bin/python3 - "$ERRORS" <<-'PYTHON'
	import sys
	from prometheus_client.openmetrics.parser import text_string_to_metric_families
	families = {f.name: f for f in text_string_to_metric_families(open(sys.argv[1]).read())}
	hexa = "123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	uid = "c5e1cda-2d6b-4a83-9df0-8a1b2c3d4e5f"
	seen = {}
	for s in families["beancounter_held_bytes"].samples:
	    if s.labels["resource"] == "kmemsize":
	        names = s.labels["group"].split("/")
	        seen[names[-1][:20]] = tuple(s.labels.get(l) for l in ("unit", "container", "pod"))
	print(seen)
	expected = {
	    "postgresql.service": ("postgresql.service", None, None),
	    "docker-0123456789abc": ("docker-0%s.scope" % hexa, "0" + hexa, None),
	    "1123456789abcdef0123": (None, "1" + hexa, None),
	    "inside.service": ("libpod-2%s.scope" % hexa, "2" + hexa, None),
	    "libpod-conmon-212345": ("libpod-conmon-2%s.scope" % hexa, None, None),
	    "libpod-4123456789abc": ("libpod-4%s.scope" % hexa, "4" + hexa, "3" + hexa),
	    "libpod-6123456789abc": (None, "6" + hexa, "5" + hexa),
	    "cri-containerd-71234": ("cri-containerd-7%s.scope" % hexa, "7" + hexa, "7" + uid),
	    "8123456789abcdef0123": (None, "8" + hexa, "8" + uid),
	    "crio-9123456789abcde": ("crio-9%s.scope" % hexa, "9" + hexa, "9" + uid),
	    "lxc.payload.shop": (None, "shop", None),
	    "shop two": (None, "shop two", None),
	    "machine-web\\x2d1.sco": ("machine-web\\x2d1.scope", "web-1", None),
	    "payload": ("systemd-nspawn@mail.service", "mail", None),
	    "session-2.scope": ("session-2.scope", None, None),
	}
	assert seen == expected, set(seen.items()) ^ set(expected.items())
	PYTHON
}

@test "export --depth, --only-limited: fewer groups and rows" {
	run on farm export --depth 1
	[ "$status" -eq 0 ]
	says 'group="/web"'
	[[ $output != *'group="/web/job"'* ]]
	run on farm export --depth 1 /web
	says 'group="/web/job"'
	run on farm export --only-limited
	says 'held_items{group="/web",resource="numproc"} 3'
	[[ $output != *'resource="numwidget"'* && $output != *'group="/quiet"'* ]]
	fails 2 on farm export --depth 0
	fails 2 on farm export --depth x
}

@test "export --file: the file is written as a whole or not at all" {
	local dir=$BATS_TEST_TMPDIR/out
	mkdir "$dir"
	echo old >"$dir/file"
	on farm export -f "$dir/file"
	[[ $(tail -n 1 "$dir/file") == beancounter_forced_items_total* ]]
	[ "$(stat -c %a "$dir/file")" = 644 ]
	echo old >"$dir/file"
	fails 1 on none export -f "$dir/file"
	[ "$(cat "$dir/file")" = old ]
	fails 1 on farm export -f "$dir/nope/file"
	says "cannot write $dir/nope/file"
	[ "$(ls "$dir")" = file ]
}

@test "export: 10,000 groups" {
	local root=$BATS_TEST_TMPDIR/many took TIMEFORMAT
	cp -r "$MACHINES/farm" "$root"
	/usr/bin/python3 - "$root/sys/fs/cgroup two" "$MACHINES/farm/sys/fs/cgroup two/web" <<-'PYTHON'
	import os, sys
	top, like = sys.argv[1:]
	text = {name: open(f"{like}/{name}").read() for name in ("bc.resources", "bc.failcnt.local")}
	for i in range(100):
	    for j in range(100):
	        group = f"{top}/many/{i}/{j}"
	        os.makedirs(group)
	        for name in text:
	            open(f"{group}/{name}", "w").write(text[name])
	PYTHON
	# CPU time of the tool built without sanitizers.
	TIMEFORMAT='%U %S'
	took=$({ time "${PLAIN:-bcctl}" export --sysroot "$root" >"$ERRORS"; } 2>&1 | awk '{ print int(1000 * ($1 + $2)) }')
	echo "# 10,000 groups in $took ms" >&3
	[ "$(grep -c '^beancounter_held_bytes.*kmemsize' "$ERRORS")" -ge 10000 ]
	[ "$took" -lt 2000 ]
	took=$({ time "${PLAIN:-bcctl}" list --all --raw --sysroot "$root" >"$ERRORS"; } 2>&1 | awk '{ print int(1000 * ($1 + $2)) }')
	echo "# list in $took ms" >&3
	[ "$took" -lt 4000 ]
}

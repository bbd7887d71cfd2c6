#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only

load common

DEPLOY=$(cd "$BATS_TEST_DIRNAME/../../../deploy" && pwd -P)

# serving MACHINE ARGUMENT...: start a server on the copy; sets $ADDRESS.
serving()
{
	local machine=$1 i
	shift
	bcctl serve --sysroot "$MACHINES/$machine" "$@" 2>"$ERRORS" 3>&- &
	SERVER=$!
	for ((i = 0; i < 100; i++)); do
		ADDRESS=$(sed -n 's|^\(http://.*\)/metrics$|\1|p' "$ERRORS")
		[ -z "$ADDRESS" ] || return 0
		sleep 0.1
	done
	cat "$ERRORS"
	return 1
}

teardown()
{
	[ -z "${SERVER-}" ] || kill -KILL "$SERVER" 2>/dev/null || :
}

# get PATH [HEADER: VALUE] [METHOD]: print status and content type, then the answer.
get()
{
	/usr/bin/python3 - "$ADDRESS$1" "${2-}" "${3:-GET}" <<-'PYTHON'
	import sys, urllib.request, urllib.error
	url, header, method = sys.argv[1:]
	request = urllib.request.Request(url, method=method)
	if header:
	    request.add_header(*header.split(": "))
	try:
	    reply = urllib.request.urlopen(request, timeout=60)
	except urllib.error.HTTPError as error:
	    reply = error
	print(reply.status, reply.headers["Content-Type"])
	sys.stdout.write(reply.read().decode())
	PYTHON
}

@test "serve: the output of export, in the requested format" {
	serving farm --listen 127.0.0.1:0
	[[ $ADDRESS == http://127.0.0.1:* ]]
	run get /metrics
	[ "${lines[0]}" = "200 text/plain; version=0.0.4; charset=utf-8" ]
	[ "$(tail -n +2 <<<"$output")" = "$(on farm export)" ]
	run get /metrics "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5"
	[ "${lines[0]}" = "200 application/openmetrics-text; version=1.0.0; charset=utf-8" ]
	[ "$(tail -n +2 <<<"$output")" = "$(on farm export --openmetrics)" ]
	run get /metrics "" HEAD
	[ "$output" = "200 text/plain; version=0.0.4; charset=utf-8" ]
	run get /
	says '<a href="/metrics">'
	run get /etc/passwd
	[[ ${lines[0]} == 404* ]]
	run get /metrics "" POST
	[[ ${lines[0]} == 405* ]]
	kill -TERM "$SERVER"
	wait "$SERVER"
}

@test "serve: options, IPv6, and many requests at once" {
	local address='[::1]:0'
	[ -e /proc/net/if_inet6 ] && grep -q '^0*1 ' /proc/net/if_inet6 || address=127.0.0.1:0
	serving farm --listen "$address" --only-limited --depth 1 /web
	run get /metrics
	[ "$(tail -n +2 <<<"$output")" = "$(on farm export --only-limited --depth 1 /web)" ]
	local pids=() pid
	for _ in {1..20}; do
		get /metrics >/dev/null &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	kill -INT "$SERVER"
	wait "$SERVER"
}

@test "serve: wrong arguments, and an address in use" {
	fails 2 on farm serve --listen 4711
	says "not an address and a port"
	fails 2 on farm serve --listen localhost:http
	fails 2 on farm serve --listen 127.0.0.1:
	fails 1 on none serve --listen 127.0.0.1:0
	says "no beancounters"
	serving farm --listen 127.0.0.1:0
	fails 1 on farm serve --listen "${ADDRESS#http://}"
	says "cannot listen at"
	fails 2 on farm serve /web /db
}

@test "deploy: the rules for alerts pass their tests" {
	command -v promtool >/dev/null || skip "promtool is not installed"
	promtool check rules "$DEPLOY/prometheus/beancounter.rules.yml"
	promtool test rules "$DEPLOY/prometheus/beancounter.test.yml"
}

@test "deploy: rules and dashboard use existing metrics and labels" {
	on host export >"$ERRORS"
	/usr/bin/python3 - "$ERRORS" "$DEPLOY" <<-'PYTHON'
	import json, re, sys
	text, deploy = open(sys.argv[1]).read(), sys.argv[2]
	there = set(re.findall(r"^# TYPE (\S+) ", text, re.M))
	board = json.load(open(deploy + "/grafana/beancounter.json"))
	exprs = [t["expr"] for p in board["panels"] for t in p["targets"]]
	assert len(exprs) >= 10 and len({p["id"] for p in board["panels"]}) == len(board["panels"])
	rules = open(deploy + "/prometheus/beancounter.rules.yml").read()
	asked = set(re.findall(r"beancounter_\w+(?:_bytes|_items|_total)", rules + " ".join(exprs)))
	assert asked and asked <= there, asked - there
	labels = set(re.findall(r'[{,](\w+)="', text)) | {"instance"}
	for expr in exprs:
	    for label in re.findall(r'(\w+)=~?"', expr):
	        assert label in labels, (label, expr)
	PYTHON
}

#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only

load common

@test "what: the largest row first, with its share" {
	run on guest what /101
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == KIND*NAME*OBJECTS*SIZE*SHARE%*RECLAIMABLE* ]]
	[[ ${lines[1]} == pagetables*-*100*400K*39*no* ]]
	[[ ${lines[3]} == slab*dentry*1000*203.1K*19*yes* ]]
	[ "${#lines[@]}" -eq 7 ]
}

@test "what: buffers of sockets are a sum of bytes, without a number of objects" {
	run on guest what /101 --raw --noheadings -o kind,objects,size
	[[ ${lines[1]} == "buffers "*" 354.5K" ]]
	[[ ${lines[1]} != *" 0 "* ]]
}

@test "what -n, --bytes, --json" {
	run on guest what /101 -n 2 --bytes --raw --noheadings
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[0]} == "pagetables - 100 409600 39 no" ]]
	run on guest what /101 --json -n 1
	[ "$(python3 -c 'import json, sys; print(json.load(sys.stdin)["what"][0]["size"])' <<<"$output")" \
		= 409600 ]
	fails 2 on guest what /101 -n 0
	says "--lines"
}

@test "what: missing files, and files that are not understood" {
	fails 1 on guest what /101/inner
	says "this line is not understood"
	fails 1 on farm what /web
	says "bc.what is not there: this kernel does not break kernel memory down"
	fails 2 on guest what
	says "one GROUP is needed"
	fails 2 on guest what /101 -n x
	says "--lines"
}

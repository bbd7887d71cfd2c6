# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# flavours.sh - the kernels of Debian that we build or check.  Sourced, never run.

# flavours: "NAME ARCH DEBIAN-ARCH CONFIGURATION COMPILER-PREFIX", where the last
# names the cross compiler.
flavours()
{
	cat <<-'EOF2'
	cloud-amd64 x86_64 amd64 config.amd64_none_cloud-amd64
	amd64 x86_64 amd64 config.amd64_none_amd64
	rt-amd64 x86_64 amd64 config.amd64_rt_amd64
	arm64 arm64 arm64 config.arm64_none_arm64 aarch64-linux-gnu-
	EOF2
}

# flavour FIELD NAME
flavour()
{
	local row
	row=$(flavours | awk -v name="$2" -v field="$1" '$1 == name { print $field "." }')
	[ -n "$row" ] ||
		die "'$2' is not a flavour of Debian's kernel that is known here" \
			"take one of: $(flavours | cut -d' ' -f1 | paste -sd' ')"
	printf '%s\n' "${row%.}"
}

flavour_arch() { flavour 2 "$1"; }
flavour_debian_arch() { flavour 3 "$1"; }
flavour_file() { flavour 4 "$1"; }

# flavour_compiler NAME: the prefix of its compiler, empty for this machine's own.
flavour_compiler()
{
	local arch prefix
	arch=$(flavour_arch "$1")
	prefix=$(flavour 5 "$1")
	[ "$arch" != "$(uname -m | sed s/aarch64/arm64/)" ] || return 0
	printf '%s\n' "$prefix"
}

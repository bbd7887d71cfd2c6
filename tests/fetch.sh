#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# fetch.sh - do the scripts fetch the right version of the kernel's source, and carry
# the series over to another?
#
# Runs a copy of the scripts, as on Debian 12 and on Debian 13, with mirrors of the
# test's own, whose kernels consist of two files.  Prints TAP; takes a minute and needs
# neither root nor network.

set -u

TOP=$(cd "$(dirname "$0")/.." && pwd -P)
WORK=$(mktemp -d "${TMPDIR:-/tmp}/fetch-test.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
export BUILD=$WORK/build APT_CONFIG=$WORK/apt.conf OS_RELEASE=$WORK/os-release
unset LINUX_SRC LINUX_VERSION
PATCHES=$WORK/kernel/patches/6.12
PACKAGE=linux-source-6.12
ARCH=$(dpkg --print-architecture)
count=0
failed=0

# check NAME COMMAND...: one line of TAP.
check()
{
	local name=$1
	shift
	count=$((count + 1))
	if "$@" >"$WORK/said" 2>&1; then
		echo "ok $count $name"
	else
		echo "not ok $count $name"
		sed 's/^/# /' "$WORK/said"
		failed=$((failed + 1))
	fi
}

# kernel DIRECTORY VERSION: make a kernel.  Line 2 of mm/slub.c differs from 6.12.9 on,
# lines 10 and 30 from 6.12.12 on.
kernel()
{
	mkdir -p "$1/mm"
	printf 'VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = %s\n' "${2##*.}" >"$1/Makefile"
	seq 1 40 >"$1/mm/slub.c"
	seq 1 40 >"$1/mm/mmap.c"
	if [ "${2##*.}" -ge 9 ]; then
		sed -i 2s/2/two/ "$1/mm/slub.c"
	fi
	if [ "${2##*.}" -ge 12 ]; then
		sed -i '10s/10/other/; 30s/30/other/' "$1/mm/slub.c"
	fi
}

# package VERSION: make Debian's package of that kernel, in $WORK/pool.
package()
{
	local deb=$WORK/pool/${PACKAGE}_$1-1_all.deb root=$WORK/root
	[ -f "$deb" ] && return 0
	rm -rf "$root"
	mkdir -p "$root/DEBIAN" "$root/usr/src" "$WORK/pool"
	kernel "$WORK/tree/$1/$PACKAGE" "$1"
	tar -C "$WORK/tree/$1" -cJf "$root/usr/src/$PACKAGE.tar.xz" "$PACKAGE"
	printf '%s\n' "Package: $PACKAGE" "Version: $1-1" "Architecture: all" \
		"Maintainer: A <a@b>" "Description: the source" >"$root/DEBIAN/control"
	dpkg-deb -b "$root" "$deb" >/dev/null
}

# publish ARCHIVE SUITE VERSION...: make a suite of an archive below mirror/.
publish()
{
	local archive=$WORK/mirror/$1 dists=$WORK/mirror/$1/dists/$2 file
	file=main/binary-$ARCH/Packages
	mkdir -p "$dists/${file%/*}"
	: >"$dists/$file"
	for version in "${@:3}"; do
		package "$version"
		cp "$WORK/pool/${PACKAGE}_$version-1_all.deb" "$archive/"
		{
			dpkg-deb -f "$archive/${PACKAGE}_$version-1_all.deb"
			echo "Filename: ${PACKAGE}_$version-1_all.deb"
			echo "Size: $(stat -c %s "$archive/${PACKAGE}_$version-1_all.deb")"
			echo "SHA256: $(sha256sum <"$archive/${PACKAGE}_$version-1_all.deb" | cut -d' ' -f1)"
			echo
		} >>"$dists/$file"
	done
	{
		printf '%s\n' "Origin: Debian" "Codename: $2" "Architectures: $ARCH" \
			"Components: main" "Date: $(date -Ru | sed 's/+0000/UTC/')" SHA256:
		echo " $(sha256sum <"$dists/$file" | cut -d' ' -f1) $(stat -c %s "$dists/$file") $file"
	} >"$dists/Release"
}

# system CODENAME [SUITE-LINE...]: pretend to be this Debian, with these sources.
system()
{
	echo "VERSION_CODENAME=$1" >"$OS_RELEASE"
	rm -rf "${WORK:?}/etc" "$WORK/mirror" "$BUILD"
	mkdir -p "$WORK/etc/sources.list.d"
	printf "deb [trusted=yes] file:$WORK/mirror/%s main\\n" "${@:2}" >"$WORK/etc/sources.list"
	publish debian "$1"
	[ "$1" = trixie ] || publish debian trixie
}

# gets VERSION [WORDS]: scripts/source takes that version, and prints these words.
gets()
{
	"$WORK/scripts/source" >"$WORK/out" 2>&1
	cat "$WORK/out" "$BUILD/log/kernel-source.log"
	[ "$(cat "$BUILD/src/key")" = "$1" ] && [ -f "$BUILD/src/linux-$1/.prepared" ] &&
		grep -qF -e "${2:-}" "$WORK/out" || return 1
	[ -n "${2:-}" ] || ! grep -q untested "$WORK/out"
}

# refuses WORDS...: fetch-source fetches nothing, and prints all of these words.
refuses()
{
	local words
	if "$WORK/scripts/fetch-source" >"$WORK/out" 2>&1; then
		echo "fetch-source succeeded, but should have failed"
		return 1
	fi
	cat "$WORK/out"
	for words in "$@"; do
		grep -qF -e "$words" "$WORK/out" || return 1
	done
	! [ -e "$BUILD/src/key" ]
}

debian_12()
{
	system bookworm debian\ bookworm debian-security\ bookworm-security
	publish debian-security bookworm-security
}

debian_13()
{
	system trixie
	: >"$WORK/etc/sources.list"
	printf '%s\n' "Types: deb" "URIs: file:$WORK/mirror/debian" "Suites: trixie trixie-updates" \
		"Components: main" "Trusted: yes" "" "Types: deb" \
		"URIs: file:$WORK/mirror/debian-security" "Suites: trixie-security" \
		"Components: main" "Trusted: yes" >"$WORK/etc/sources.list.d/debian.sources"
}

# patches LINE...: make a series with one patch for each of these lines of mm/slub.c.
patches()
{
	local n=0 line
	rm -f "$PATCHES"/*.patch
	for line in "$@"; do
		n=$((n + 1))
		{
			printf 'From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\n'
			printf 'From: A <a@b>\nDate: Thu, 1 Jan 2026 00:00:00 +0000\n'
			printf 'Subject: [PATCH] mm: test %s\n\nSigned-off-by: A <a@b>\n---\n' "$n"
			printf 'diff --git a/mm/slub.c b/mm/slub.c\n--- a/mm/slub.c\n+++ b/mm/slub.c\n'
			printf '@@ -%d,5 +%d,5 @@\n' $((line - 2)) $((line - 2))
			printf ' %s\n' $((line - 2)) $((line - 1))
			printf -- '-%s\n+%s\n' "$line" "patched$n"
			printf ' %s\n' $((line + 1)) $((line + 2))
		} >"$PATCHES/000$n-mm-test-$n.patch"
	done
}

# refresh VERSION
refresh()
{
	"$WORK/scripts/carry" "$1" >"$WORK/out" 2>&1
	local status=$?
	cat "$WORK/out"
	return "$status"
}

carried()
{
	refresh 6.12.11 && grep -q 'versions' "$WORK/out" &&
		[ "$(find "$PATCHES" -name '*.patch' | wc -l)" -eq 2 ] &&
		! grep -q '^Linux' "$PATCHES"/*.patch
}

# The second patch conflicts with 6.12.12, the first does not.
collides()
{
	local tree=$BUILD/carry-6.12.12
	patches 20 30
	! refresh 6.12.12 || return 1
	grep -qF '0002-mm-test-2.patch: mm/slub.c' "$WORK/out" &&
		grep -qF 'mm: test 2' "$WORK/out" && ! grep -q 0001-mm "$WORK/out" &&
		grep -q 'git rebase --continue' "$WORK/out" || return 1
	# Called again in the middle of the rebase, carry says the same.
	! refresh 6.12.12 && grep -q 'git rebase --continue' "$WORK/out" &&
		grep -q '^-30' "$PATCHES/0002-mm-test-2.patch" || return 1
	sed -i '/^<<<</d; /^====/d; /^>>>>/d; /^other$/d; /^30$/d' "$tree/mm/slub.c"
	sed -i '10s/^11$/other\n11/' "$tree/mm/slub.c"
	git -C "$tree" add -A
	GIT_EDITOR=true git -C "$tree" -c user.name=a -c user.email=a@b rebase --continue &&
		refresh 6.12.12 && grep -q '^-other' "$PATCHES/0002-mm-test-2.patch"
}

# refresh_refused VERSION WORDS
refresh_refused()
{
	! refresh "$1" && grep -qF -e "$2" "$WORK/out"
}

mkdir -p "$PATCHES" "$WORK/kernel/overlay/kernel/bc"
cp -r "$TOP/scripts" "$WORK/scripts"
echo 'int bc;' >"$WORK/kernel/overlay/kernel/bc/core.c"
printf '# tested\n6.12.8\n6.12.9\n' >"$PATCHES/versions"
patches 10 30
cat >"$APT_CONFIG" <<END
Dir::Etc::sourcelist "$WORK/etc/sources.list";
Dir::Etc::sourceparts "$WORK/etc/sources.list.d";
END

debian_12
publish debian trixie 6.12.8
publish debian-security trixie-security 6.12.9 6.12.11
check "Debian 12: from Debian 13's security updates"	gets 6.12.9
rm -r "$WORK/mirror"
check "again: no mirror is asked"		gets 6.12.9

debian_13
publish debian trixie 6.12.8
publish debian-security trixie-security 6.12.9
check "Debian 13: from its security updates"	gets 6.12.9

system trixie debian\ trixie
publish debian trixie 6.12.8
publish debian-security trixie-security 6.12.9
check "security updates not configured"		gets 6.12.9

system bookworm debian\ bookworm
publish debian bookworm-backports 6.12.9
check "from the backports"			gets 6.12.9

debian_13
publish debian-security trixie-security 6.12.11
publish debian trixie 6.12.8
check "a newer version to which the series applies"	gets 6.12.11 \
	'Linux 6.12.11 is untested; this series was tested with Linux 6.12.8 to 6.12.9'

debian_13
publish debian-security trixie-security 6.12.12 6.12.8
check "a newer version to which it does not apply"	gets 6.12.8
check "the log names the patch and the file"	grep -qF \
	'0001-mm-test-1.patch does not apply to Linux 6.12.12: mm/slub.c' \
	"$BUILD/log/kernel-source.log"

debian_13
publish debian-security trixie-security 6.12.12 6.12.7
check "no version to which it applies"		refuses 'no source of Linux 6.12 ' \
	'applies to (Linux 6.12.8 to 6.12.9)' 'the mirror has: 6.12.7 6.12.12' \
	'make refresh LINUX_VERSION='

debian_13
check "an empty mirror"				refuses "no package $PACKAGE" 'is the network up'

debian_13
publish debian-security trixie-security 6.12.8 6.12.9 6.12.11
for version in 6.12.8 6.12.9; do
	export LINUX_VERSION=$version
	check "each tested version by name: $version"	gets "$version"
done
unset LINUX_VERSION
check "the newest tested version, kept"		gets 6.12.9
LINUX_VERSION=6.12.11 check "an untested version by name"	gets 6.12.11 'is untested'

debian_13
publish debian-security trixie-security 6.12.8
LINUX_VERSION=6.12.9 check "a version that the mirror lacks"	refuses \
	'no source of Linux 6.12.9' 'the mirror has: 6.12.8'
LINUX_VERSION=6.11.3 check "another kernel by name"	refuses \
	'LINUX_VERSION=6.11.3 is no version of Linux 6.12'
LINUX_VERSION=newest check "a word"		refuses \
	'LINUX_VERSION=newest is no version of Linux 6.12'

debian_13
publish debian-security trixie-security 6.12.9 6.12.11 6.12.12
check "the series goes to a newer version"	carried
check "a conflict, resolved by hand"		collides
check "the version that it is for already"	refresh_refused 6.12.9 already
check "no version is named"			refresh_refused "" 'which version'

echo "1..$count"
[ "$failed" -eq 0 ]

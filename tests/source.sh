#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# source.sh - does the kernel's source follow patches and overlay?
#
# Runs a copy of the scripts on a kernel of three files.  Prints TAP; takes seconds
# and needs neither root nor network.

set -u

TOP=$(cd "$(dirname "$0")/.." && pwd -P)
WORK=$(mktemp -d "${TMPDIR:-/tmp}/source-test.XXXXXX")
trap 'rm -rf "$WORK"' EXIT
export BUILD=$WORK/build
PATCHES=$WORK/kernel/patches/6.12
OVERLAY=$WORK/kernel/overlay
PRISTINE=$BUILD/src/pristine-6.12.999
TREE=$BUILD/src/linux-6.12.999
count=0
failed=0

mkdir -p "$PATCHES" "$OVERLAY/kernel/bc" "$PRISTINE/mm" "$BUILD/log"
cp -r "$TOP/scripts" "$WORK/scripts"
seq 1 40 >"$PRISTINE/mm/slub.c"
seq 1 40 >"$PRISTINE/mm/mmap.c"
printf 'VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 999\n' >"$PRISTINE/Makefile"
echo 6.12.999 | tee "$BUILD/src/key-debian" >"$BUILD/src/key"
echo 'int bc;' >"$OVERLAY/kernel/bc/core.c"
echo 'int files;' >"$OVERLAY/kernel/bc/files.c"

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

# patch NUMBER FILE LINE TEXT: write a patch that replaces that line.
patch()
{
	local before=$(($3 - 3)) line=$3
	{
		printf 'From: A <a@b>\nSubject: [PATCH] mm: test\n\n---\n'
		printf 'diff --git a/%s b/%s\n--- a/%s\n+++ b/%s\n' "$2" "$2" "$2" "$2"
		printf '@@ -%d,7 +%d,7 @@\n' "$before" "$before"
		printf ' %s\n' $((line - 3)) $((line - 2)) $((line - 1))
		printf -- '-%s\n+%s\n' "$line" "$4"
		printf ' %s\n' $((line + 1)) $((line + 2)) $((line + 3))
	} >"$PATCHES/000$1-test.patch"
}

prepare()
{
	"$WORK/scripts/prepare-source"
}

# refused TEXT: prepare-source fails, prints TEXT, and leaves the tree as it was.
refused()
{
	local before
	before=$(state)
	if prepare >"$WORK/out" 2>&1; then
		echo "prepare-source succeeded, but should have failed"
		return 1
	fi
	cat "$WORK/out"
	grep -q -e "$1" "$WORK/out" && [ "$(state)" = "$before" ]
}

# state: every file of the tree, its content and its time.
state()
{
	(cd "$TREE" && find . -type f -printf '%p %T@ ' -exec cksum {} \; | sort)
}

# has FILE LINE...: the tree's file has these lines, whole.
has()
{
	local file=$1 line
	shift
	for line in "$@"; do
		grep -qxF -e "$line" "$TREE/$file" || return 1
	done
}

first()
{
	prepare && has mm/slub.c ten 9 11 && has kernel/bc/core.c 'int bc;' &&
		cmp "$TREE/mm/mmap.c" "$PRISTINE/mm/mmap.c" &&
		[ -f "$TREE/.prepared" ]
}

unchanged()
{
	local before
	before=$(state | grep -v '/\.prepared-')
	sleep 0.1
	prepare && [ "$(state | grep -v '/\.prepared-')" = "$before" ]
}

# only FILE...: prepare-source changes the time or content of these files only.
only()
{
	local before
	before=$(state | grep -v '/\.prepared')
	sleep 0.1
	prepare || return 1
	diff <(printf '%s\n' "$before") <(state | grep -v '/\.prepared') |
		sed -n 's/^[<>] \([^ ]*\) .*/\1/p' | sort -u >"$WORK/differ"
	cat "$WORK/differ"
	[ "$(paste -sd' ' "$WORK/differ")" = "$*" ]
}

kconfig_is_newer()
{
	local before
	echo 'config BC' >"$OVERLAY/kernel/bc/Kconfig"
	before=$(stat -c %Y.%y "$TREE/.prepared-kconfig")
	sleep 0.1
	prepare && [ "$(stat -c %Y.%y "$TREE/.prepared-kconfig")" != "$before" ]
}

interrupted()
{
	rm "$TREE/.prepared"
	echo half >"$TREE/mm/mmap.c"
	prepare && cmp "$TREE/mm/mmap.c" "$PRISTINE/mm/mmap.c" && has mm/slub.c ten
}

own_tree()
{
	local own=$WORK/own key
	cp -r "$PRISTINE" "$own"
	echo new >"$own/mm/new.c"
	chmod -R a-w "$own"
	LINUX_SRC=$own "$WORK/scripts/fetch-source" && prepare || return 1
	key=$(cat "$BUILD/src/key")
	[ "$key" != 6.12.999 ] && [ -f "$BUILD/src/linux-$key/mm/new.c" ] &&
		grep -qx ten "$BUILD/src/linux-$key/mm/slub.c" || return 1
	chmod -R u+w "$own"
	rm "$own/mm/new.c"
	LINUX_SRC=$own "$WORK/scripts/fetch-source" && prepare || return 1
	! [ -e "$BUILD/src/linux-$key/mm/new.c" ] &&
		"$WORK/scripts/fetch-source" && [ "$(cat "$BUILD/src/key")" = 6.12.999 ]
}

# own_refused TEXT COMMAND...: after COMMAND has changed the user's own tree,
# fetch-source fails and prints TEXT.
own_refused()
{
	local text=$1
	shift
	rm -rf "$WORK/own"
	cp -r "$PRISTINE" "$WORK/own"
	"$@"
	LINUX_SRC=$WORK/own "$WORK/scripts/fetch-source" >"$WORK/out" 2>&1 && return 1
	cat "$WORK/out"
	grep -q -e "$text" "$WORK/out"
}

# no_packages SENTENCE VARIABLE=VALUE...: kernel-deb fails with that sentence and a
# next step, and leaves no file.
no_packages()
{
	local sentence=$1 flavour=
	shift
	case ${1-} in
	FLAVOUR=*) flavour=${1#*=}; shift ;;
	esac
	find "$BUILD" | sort >"$WORK/before"
	! env "$@" "$WORK/scripts/kernel-deb" ${flavour:+"$flavour"} >"$WORK/out" 2>&1 </dev/null || return 1
	cat "$WORK/out"
	grep -q "^kernel-deb: .*$sentence" "$WORK/out" && grep -q '^  -> ' "$WORK/out" &&
		find "$BUILD" | sort | cmp - "$WORK/before"
}

# sources FORMAT-FILE EXPECTED AWK-ARGUMENT...
sources()
{
	local file=$1 expected=$2
	shift 2
	awk "$@" -f "$TOP/scripts/apt-sources.awk" "$WORK/$file" | tee "$WORK/out"
	[ "$(grep -E '^(URIs|Suites|Signed-By|signed-by|Components)' "$WORK/out" |
		paste -sd'|')" = "$expected" ]
}

# stopped SIGNAL: after the signal, no process of a build goes on, and its lock is
# free for the next one.
stopped()
{
	local pid i
	"$WORK/scripts/slow" 2>/dev/null &
	pid=$!
	for ((i = 0; i < 50; i++)); do
		[ "$(pgrep -fc "^sleep 1000[.]$$")" -eq 2 ] && break
		sleep 0.1
	done
	kill "-$1" "$pid"
	wait "$pid" 2>/dev/null
	flock -w 5 "$BUILD/.lock-slow" true || echo "the lock is held"
	pgrep -fa "^sleep 1000[.]$$" && return 1
	flock -n "$BUILD/.lock-slow" true
}

cat >"$WORK/scripts/slow" <<EOF
#!/bin/bash
set -euo pipefail
. "$WORK/scripts/lib.sh"
only_one "$BUILD/.lock-slow"
slow()
{
	sh -c 'sleep 1000.$$; true' | sh -c 'sleep 1000.$$; true'
}
step slow slow
EOF
chmod +x "$WORK/scripts/slow"

cat >"$WORK/a.list" <<'EOF'
# comment
deb [signed-by=/k.gpg arch=amd64,arm64] http://m/debian bookworm main contrib # end
deb-src http://m/debian bookworm main
deb http://m/security/ bookworm-security main
deb http://other/x bookworm main
deb http://third/x bookworm stable
EOF
cat >"$WORK/a.sources" <<'EOF'
Types: deb deb-src
URIs: http://m/debian
# comment
Suites: bookworm
 bookworm-updates
Components: main non-free-firmware
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc

Types: deb
Enabled: no
URIs: http://m/debian
Suites: bookworm-security
Components: main
EOF

patch 1 mm/slub.c 10 ten
check "a series and an overlay"			first
check "again: no file is written"		unchanged
patch 2 mm/mmap.c 20 twenty
check "one more patch"				only ./mm/mmap.c
patch 2 mm/mmap.c 21 twenty-one
check "a patch that changed"			only ./mm/mmap.c
rm "$PATCHES/0002-test.patch"
check "one patch less"				only ./mm/mmap.c
check "the file of that patch is pristine"	cmp "$TREE/mm/mmap.c" "$PRISTINE/mm/mmap.c"
echo 'int bc2;' >"$OVERLAY/kernel/bc/core.c"
check "an overlay file that changed"		only ./kernel/bc/core.c
rm "$OVERLAY/kernel/bc/files.c"
check "one overlay file less"			only ./kernel/bc/files.c
check "a new Kconfig file: configure again"	kconfig_is_newer
patch 2 mm/slub.c 10 eleven
check "a patch that does not apply"		refused '0002-test.patch does not apply'
rm "$PATCHES/0002-test.patch"
patch 2 mm/mmap.c 10 ten
sed -i 's/^ 8$/ 88/' "$PATCHES/0002-test.patch"
check "a patch that needs fuzz"			refused '0002-test.patch does not apply'
sed -i 's/^@@ -7,7 +7,7 @@/@@ -9,7 +9,7 @@/; s/^ 88$/ 8/' "$PATCHES/0002-test.patch"
check "a patch that needs an offset"		only ./mm/mmap.c
rm "$PATCHES/0002-test.patch"
prepare >/dev/null 2>&1
patch 2 mm/no-such.c 10 ten
check "a patch to a file that does not exist"	refused 'mm/no-such.c'
printf 'diff --git a/n b/n\nnew file mode 100644\n--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+n\n' \
	>"$PATCHES/0002-test.patch"
check "a patch that adds a file"		refused 'adds, removes or renames'
rm "$PATCHES/0002-test.patch"
mkdir "$OVERLAY/mm"
touch "$OVERLAY/mm/slub.c"
check "an overlay file that the kernel has"	refused 'would overwrite'
rm -r "$OVERLAY/mm"
check "after an interruption"			interrupted
check "LINUX_SRC, and back"			own_tree
check "LINUX_SRC of another version"		own_refused 'not Linux 6.12' \
	sed -i 's/12$/11/' "$WORK/own/Makefile"
check "LINUX_SRC without a kernel"		own_refused 'no kernel source' \
	rm "$WORK/own/Makefile"
check "LINUX_SRC that was built in"		own_refused 'has been built in' \
	touch "$WORK/own/.config"
check "apt: one line per source"		sources a.list \
	'URIs: http://m/debian|Suites: bookworm|Components: main|signed-by: /k.gpg|URIs: http://m/security/|Suites: bookworm-security|Components: main' \
	-v suites='bookworm bookworm-security' -v skip='http://other/x/'
check "apt: deb822"				sources a.sources \
	'URIs: http://m/debian|Suites: bookworm bookworm-updates|Components: main|Signed-By:' \
	-v suites='bookworm bookworm-updates bookworm-security'
check "apt: another suite of the same mirror"	sources a.sources \
	'URIs: http://m/debian|Suites: trixie|Components: main|Signed-By:' \
	-v suites=bookworm -v as=trixie
check "apt: keys inside"			grep -q '^ abc$' "$WORK/out"
if [ "$(uname -m)" = x86_64 ]; then
	check "kernel-deb: no flavour"			no_packages "which of Debian's kernels"
	check "kernel-deb: an unknown flavour"		no_packages "no packages of a kernel 'toaster'" \
		FLAVOUR=toaster
	check "kernel-deb: REVISION is no number"	no_packages 'REVISION=x is no number' \
		FLAVOUR=cloud-amd64 REVISION=x
	check "kernel-deb: JOBS is no number"		no_packages 'JOBS=0 is no number' \
		FLAVOUR=cloud-amd64 JOBS=0
	check "kernel-deb: BTF is neither yes nor no"	no_packages 'BTF=maybe is neither' \
		FLAVOUR=cloud-amd64 BTF=maybe
	check "kernel-deb: DEBUG=1 and BTF=no"		no_packages 'BTF=no leaves out' \
		FLAVOUR=cloud-amd64 BTF=no DEBUG=1
	mkdir "$WORK/bin"
	printf '#!/bin/sh\necho head; echo "disk 1 1 17 1%% /"\n' >"$WORK/bin/df"
	chmod +x "$WORK/bin/df"
	check "kernel-deb: too little disk"		no_packages 'too little disk space: 17 MB' \
		FLAVOUR=cloud-amd64 PATH="$WORK/bin:$PATH"
	rm -r "${WORK:?}/bin"
fi
check "a build that gets SIGTERM"		stopped TERM
check "a build that loses its terminal"		stopped HUP
check "a build that is killed"			stopped KILL

echo "1..$count"
[ "$failed" -eq 0 ]

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# series.sh - functions about the series: the versions of Linux it was tested with,
# its patches, the overlay, and whether they apply to a tree.  Sourced after lib.sh,
# never run.

OVERLAY=$TOP/kernel/overlay
PATCHES=$TOP/kernel/patches/$KERNEL_SERIES
VERSIONS=$PATCHES/versions

# tree_version DIRECTORY: for example 6.12.118; nothing if it is no kernel tree.
tree_version()
{
	[ -f "$1/Makefile" ] || return 0
	awk -F' *= *' '
		/^VERSION =/ { v = $2 } /^PATCHLEVEL =/ { p = $2 }
		/^SUBLEVEL =/ { print v "." p "." $2; exit }' "$1/Makefile"
}

# tested_versions: one a line, the oldest first.
tested_versions()
{
	sed -n '/^[0-9]/p' "$VERSIONS"
}

oldest_tested()
{
	tested_versions | head -n 1
}

newest_tested()
{
	tested_versions | tail -n 1
}

# is_tested VERSION
is_tested()
{
	tested_versions | grep -qxF -e "$1"
}

# tested_range: the tested versions, worded for use in a sentence.
tested_range()
{
	local oldest newest
	oldest=$(oldest_tested)
	newest=$(newest_tested)
	if [ "$oldest" = "$newest" ]; then
		printf 'Linux %s' "$newest"
	else
		printf 'Linux %s to %s' "$oldest" "$newest"
	fi
}

# is_newer VERSION: is it newer than every version that was tested?
is_newer()
{
	[ "$1" != "$(newest_tested)" ] &&
		[ "$(printf '%s\n' "$1" "$(newest_tested)" | sort -V | tail -n 1)" = "$1" ]
}

# series: the patches in order; the ones that only the virtual machines need come
# last.
series()
{
	local patch
	for patch in "$PATCHES"/*.patch "$TOP/vm/patches/$KERNEL_SERIES"/*.patch; do
		if [ -f "$patch" ]; then
			printf '%s\n' "$patch"
		fi
	done
}

# patched_files PATCH: the files that it changes.
patched_files()
{
	git apply --numstat "$1" | cut -f3
}

# touched: the files that the series changes, sorted.  Patches change files;
# new files belong to the overlay.
touched()
{
	local patch names
	while read -r patch; do
		if grep -qE '^(new file mode|deleted file mode|rename (from|to)|copy (from|to)) ' "$patch"; then
			die "${patch##*/} adds, removes or renames a file" \
				"a new file goes to kernel/overlay/, at its kernel path"
		fi
		names=$(patched_files "$patch") ||
			die "${patch##*/} is no patch that git can read"
		printf '%s\n' "$names"
	done < <(series) | sort -u
}

# overlay_files: every file of the overlay, by its kernel path.
overlay_files()
{
	[ -d "$OVERLAY" ] || return 0
	(cd "$OVERLAY" && find . \( -type f -o -type l \) ! -name '.*.sw?' ! -name '*~' \
		! -name '*.o' -printf '%P\n' | sort)
}

# check_overlay PRISTINE LIST: the overlay never overwrites a kernel file.
check_overlay()
{
	local file
	while read -r file; do
		if [ -e "$1/$file" ]; then
			die "kernel/overlay/$file would overwrite a file of the kernel" \
				"change it with a patch in kernel/patches/$KERNEL_SERIES/ instead"
		fi
	done <"$2"
}

# copy_touched PRISTINE SCRATCH LIST: copy the files that the series changes.
copy_touched()
{
	local file
	while read -r file; do
		[ -f "$1/$file" ] ||
			die "a patch changes $file, which Linux ${1##*/pristine-} does not have" \
				"is this tree complete?  The series was tested with $(tested_range)"
		mkdir -p "$2/$(dirname "$file")"
		cp -p "$1/$file" "$2/$file"
	done <"$3"
}

# apply_patch SCRATCH PATCH: git apply never uses fuzz.  The ceiling keeps git from
# taking the scratch directory for a part of this repository.
apply_patch()
{
	(cd "$1" && GIT_CEILING_DIRECTORIES=${1%/*} git apply --whitespace=nowarn "$2")
}

# apply_series SCRATCH PRISTINE: write the touched files, patched, to SCRATCH; their
# names to SCRATCH.touched, and the names of the overlay's files to SCRATCH.overlay.
apply_series()
{
	local scratch=$1 pristine=$2 version=${2##*/pristine-} patch
	touched >"$scratch.touched"
	overlay_files >"$scratch.overlay"
	check_overlay "$pristine" "$scratch.overlay"
	copy_touched "$pristine" "$scratch" "$scratch.touched"
	while read -r patch; do
		if ! apply_patch "$scratch" "$patch" 2>"$scratch.errors"; then
			sed 's/^error: /    /' "$scratch.errors" >&2
			# shellcheck disable=SC2119
			die "${patch##*/} does not apply to Linux $version: $(failed_files "$scratch.errors")" \
				"nothing was changed, and no kernel is built from half a series" \
				"take a tested version, $(tested_range): make LINUX_VERSION=$(newest_tested) ..." \
				"or carry the series over: make refresh LINUX_VERSION=${version%%-*}"
		fi
	done < <(series)
}

# failed_files ERRORS: the files of which git apply complains, on one line.
failed_files()
{
	sed -n 's/^error: patch failed: \(.*\):[0-9]*$/\1/p; s/^error: \([^ ]*\): .*/\1/p' "$1" |
		sort -u | paste -sd' '
}

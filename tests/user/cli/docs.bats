#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Do --help, the man pages and the completion agree?

load common

TOP=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd -P)
MAN=$TOP/cli/man

verbs()
{
	bcctl --help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p'
}

# The long options of a verb, according to --help and to the manual page.
help_options()
{
	bcctl "$1" --help | sed '/^Columns:/,$d' | grep -oE '^  +(-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort
}

man_options()
{
	sed -n '/^\.Sh OPTIONS/,/^\.Sh [^O]/s/^\.It .*Fl -\([a-z-]*\).*/--\1/p' "$MAN/bcctl-$1.8" | sort
}

# complete_words WORD...: the words that the completion offers for the last one.
complete_words()
(
	# shellcheck source=cli/completion/bcctl
	. "$TOP/cli/completion/bcctl"
	# shellcheck disable=SC2034 # for the completion
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
	_bcctl
	[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}" | sort
)

@test "every verb has a file, a page and a completion" {
	local verb
	[ "$(verbs | wc -l)" -eq "$(cat "$TOP"/cli/verb-*.c | grep -c '^const struct verb ')" ]
	[ "$(complete_words bcctl '' | grep -v '^-')" = "$(verbs | sort)" ]
	[ "$(cd "$MAN" && ls bcctl-*.8 | sed 's/bcctl-\(.*\).8/\1/')" = "$(verbs | sort)" ]
	for verb in $(verbs); do
		grep -qx "\.It Cm $verb" "$MAN/bcctl.8"
		grep -q "^const struct verb ${verb}_verb = {" "$TOP"/cli/verb-*.c
	done
}

@test "every option is in the help, in the page and in the completion" {
	local verb
	for verb in $(verbs); do
		echo "$verb"
		[ -n "$(help_options "$verb")" ]
		diff <(help_options "$verb") <(man_options "$verb")
		diff <(help_options "$verb") <(complete_words bcctl "$verb" --)
	done
}

@test "every short option is in the page" {
	local verb letter
	for verb in $(verbs); do
		for letter in $(bcctl "$verb" --help | sed -n 's/^  -\(.\), .*/\1/p'); do
			grep -q "^\.It Fl $letter , Fl -" "$MAN/bcctl-$verb.8"
		done
	done
}

@test "the usage lines say that options come first, and fit" {
	local verb
	for verb in $(verbs); do
		[[ $(bcctl "$verb" --help | head -n 1) == "Usage: bcctl $verb [OPTION]..."* ]]
		[ "$(bcctl "$verb" --help | wc -L)" -le 88 ]
	done
}

@test "completion: columns, profiles, groups" {
	[ "$(complete_words bcctl why -o COU)" = COUNT ]
	[ "$(complete_words bcctl profile vps)" = vps.basic ]
	[ "$(complete_words bcctl top --sort FA | tr '\n' ' ')" = "FAIL/s FAILCNT " ]
}

@test "the page has every resource that the kernel may have, as the tool describes it" {
	local root=$BATS_TEST_TMPDIR/root
	cp -r "$MACHINES/rows" "$root"
	sed -n 's/^BC_RESOURCE([A-Z]*, "\([a-z]*\)", .*/\1 held=1 maxheld=1 barrier=max limit=max failcnt=0 forced=0/p' \
		"$TOP/kernel/overlay/include/linux/bc_resources.h" >"$root/sys/fs/cgroup/db/bc.resources"
	diff <(sed -n '/^\.Ss Resources/,/^\.El/{/^\.It /{s/^\.It //;N;s/\n/ /;p}}' "$MAN/bcctl.8") \
		<(bcctl show --sysroot "$root" /db --noheadings -o RESOURCE,WHAT | sed 's/  */ /g; s/ $//')
	# docs/openvz.md says of each row of OpenVZ whether it is counted.
	# shellcheck disable=SC2016 # it is a pattern
	diff <(sed -n 's/^| \(`[a-z`, ]*`\) |.*/\1/p' "$TOP/docs/openvz.md" | tr -d '`,' | tr ' ' '\n' | grep -vE '^(vz|bcctl|$)' | sort) \
		<(on rows ubc --full /db | awk 'NR > 3 { print $1 } NR == 3 { print $2 }' | sort)
}

@test "every function of the library has a page and is exported, and no other" {
	local header=$TOP/lib/include/beancounter.h
	diff <(grep -oE 'libbc_[a-z_]+\(' "$header" | tr -d '(' | sort -u) \
		<(nm -D --defined-only "$BUILD/lib/libbeancounter.so" |
			sed -n 's/.* T \(libbc_[a-z_]*\)@@LIBBEANCOUNTER_0.1$/\1/p' | sort)
	[ "$(nm -D --defined-only "$BUILD/lib/libbeancounter.so" | grep -c ' [TDB] ')" = \
		"$(grep -oE 'libbc_[a-z_]+\(' "$header" | sort -u | wc -l)" ]
	diff <(grep -oE 'libbc_[a-z_]+\(' "$header" | tr -d '(' | sort -u) \
		<(cd "$TOP/lib/man" && ls libbc_*.3 | sed 's/\.3$//' | sort)
}

@test "the header can be compiled as C++" {
	echo '#include <beancounter.h>' | g++ -x c++ -Wall -Wextra -Werror -fsyntax-only -I"$TOP/lib/include" -
}

@test "the version is the same everywhere" {
	[ "$(bcctl --version)" = "bcctl $(sed -n 's/^VERSION := //p' "$TOP/scripts/tools.mk")" ]
}

@test "unknown verbs" {
	fails 2 bcctl lost
	says "bcctl list"
	fails 2 bcctl frobnicate
	says "bcctl --help"
}

# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# debian.sh - ask Debian's mirror which versions of a package it has, whatever
# Debian this system is.  apt gets a configuration of our own below build/apt, with
# the sources of the system.  PACKAGE, set by the caller, is the package.  Sourced
# after lib.sh, never run.

APT=$BUILD/apt

# apt_private COMMAND ARGS...: apt-get or apt-cache, with our configuration.
apt_private()
{
	local command=$1
	shift
	APT_CONFIG=$APT/apt.conf "$command" -qq "$@"
}

# write_apt_conf: all of apt's files are below build/apt; the settings of the
# network and the trusted keys are those of the system.
write_apt_conf()
{
	local etc
	etc=$(apt-config shell dir Dir::Etc/d)
	etc=${etc#*\'}
	etc=${etc%\'*}
	mkdir -p "$APT"/etc/sources.list.d "$APT"/etc/none "$APT"/state/lists/partial \
		"$APT"/cache/archives/partial
	: >"$APT/state/status"
	{
		apt-config dump | grep -E '^Acquire::(https?|ftp|socks|tor|Proxy[^ ]*|ForceIPv[46]|Check-Valid-Until|Check-Date|Max-ValidTime|AllowInsecureRepositories|AllowWeakRepositories)(::| )' || :
		cat <<-EOF
		Dir::Etc "$APT/etc";
		Dir::Etc::main "$APT/etc/apt.conf";
		Dir::Etc::parts "$APT/etc/none";
		Dir::Etc::preferences "$APT/etc/preferences";
		Dir::Etc::preferencesparts "$APT/etc/none";
		Dir::Etc::sourcelist "/dev/null";
		Dir::Etc::sourceparts "$APT/etc/sources.list.d";
		Dir::Etc::trusted "${etc}trusted.gpg";
		Dir::Etc::trustedparts "${etc}trusted.gpg.d";
		Dir::Etc::netrc "${etc}auth.conf";
		Dir::Etc::netrcparts "${etc}auth.conf.d";
		Dir::State "$APT/state";
		Dir::State::status "$APT/state/status";
		Dir::Cache "$APT/cache";
		Dir::Log "$APT";
		Acquire::Languages "none";
		Acquire::Retries "3";
		APT::Sandbox::User "";
		EOF
	} >"$APT/apt.conf"
}

# etc_path NAME: the path that apt has for NAME: sourcelist/f, sourceparts/d.
etc_path()
{
	local path
	eval "$(apt-config shell path "Dir::Etc::$1")"
	printf '%s' "$path"
}

# system_sources ARGS...: the system's Debian sources, through apt-sources.awk.
system_sources()
{
	local files=() file foreign parts
	parts=$(etc_path sourceparts/d)
	for file in "$(etc_path sourcelist/f)" "$parts"/*.list "$parts"/*.sources; do
		if [ -f "$file" ]; then
			files+=("$file")
		fi
	done
	[ ${#files[@]} -gt 0 ] || return 0
	# The archives that, as far as apt knows by now, are not Debian's.
	# shellcheck disable=SC2016 # apt's variables
	foreign=$(apt-get indextargets --format '$(ORIGIN)|$(REPO_URI)' \
		'Created-By: Packages' 2>/dev/null |
		sed -n '/^Debian|/d; /^[$|]/d; s/^[^|]*|//p' | sort -u | tr '\n' ' ') || :
	awk "$@" -v skip="$foreign" -f "$TOP/scripts/apt-sources.awk" "${files[@]}"
}

# security_of_main ARGS...: the archive of security updates, for a system that has
# none configured: most mirrors have it beside the main archive.
security_of_main()
{
	system_sources "$@" | sed -E '/^URIs:/ s#/debian/?( |$)#/debian-security\1#g'
}

# sources_of STAGE: the sources that are asked in this stage.
sources_of()
{
	local codename here all
	# shellcheck source=/dev/null
	codename=$(. "${OS_RELEASE:-/etc/os-release}" && printf '%s' "${VERSION_CODENAME:-}")
	all="$codename stable oldstable oldoldstable"
	case $1 in
	configured)
		here="$codename $codename-updates $codename-security $codename/updates"
		here="$here $codename-backports $codename-proposed-updates"
		here="$here stable stable-updates stable-security stable-backports"
		here="$here oldstable oldstable-updates oldstable-security oldstable-backports"
		here="$here testing testing-security sid unstable"
		system_sources -v suites="$here" ;;
	debian-13)
		system_sources -v suites="$all trixie" -v as=trixie
		here="$codename-security stable-security oldstable-security"
		here=$(system_sources -v suites="$here trixie-security" -v as=trixie-security)
		if [ -n "$here" ]; then
			printf '%s\n' "$here"
		else
			security_of_main -v suites="$all trixie" -v as=trixie-security
		fi ;;
	backports)
		system_sources -v suites="$all" -v as="$codename-backports" ;;
	esac
}

# ask STAGE NAME: add the stage's sources to those that were asked before, and write
# the versions that any of them has, as apt names them, to build/apt/versions.
ask()
{
	local list=$APT/etc/sources.list.d/$1.sources
	sources_of "$1" >"$list"
	[ -s "$list" ] || return 0
	# shellcheck disable=SC2153 # the caller sets PACKAGE
	say "      asking for $PACKAGE in $2"
	apt_private apt-get update >"$BUILD/log/apt-update.log" 2>&1 || :
	apt_private apt-cache madison "$PACKAGE" 2>/dev/null |
		awk -F' *[|] *' '!seen[$2]++ { print $2 }' >"$APT/versions"
}

# offered VERSION: the newest package found of that version.
offered()
{
	local package
	while read -r package; do
		if [ "${package%%-*}" = "$1" ]; then
			printf '%s\n' "$package"
			return 0
		fi
	done <"$APT/versions"
	return 1
}

# ask_all VERSION: ask until that version is found.
ask_all()
{
	local wanted=$1
	rm -f "$APT"/etc/sources.list.d/*
	: >"$APT/versions"
	: >"$BUILD/log/apt-update.log"
	ask configured "the configured suites"
	offered "$wanted" >/dev/null && return 0
	ask debian-13 "Debian 13 and its security updates"
	offered "$wanted" >/dev/null && return 0
	ask backports "the backports to this system"
}

# SPDX-License-Identifier: GPL-2.0-only
#
# apt-sources.awk - pick Debian's own archives out of apt's source files.
#
#   awk -v suites="bookworm bookworm-updates" [-v as="trixie"] [-v skip="URI ..."]
#       -f apt-sources.awk sources.list sources.list.d/*.list *.sources
#
# Reads both formats, one line per source and deb822, and writes deb822: one
# stanza for each source that has one of the wanted suites and a "main"
# component.  With -v as=SUITE the same mirrors are asked for that suite
# instead.  URIs, Signed-By (a file or a whole key) and the other options are
# kept as they are; sources in skip are left out.

BEGIN {
	count = split(suites, words, " ")
	for (i = 1; i <= count; i++)
		wanted[words[i]] = 1
	count = split(skip, words, " ")
	for (i = 1; i <= count; i++)
		skipped[without_slash(words[i])] = 1
}

FNR == 1		{ end_stanza() }
FILENAME ~ /\.list$/	{ one_line($0); next }
/^#/			{ next }
/^[ \t]*$/		{ end_stanza(); next }
/^[ \t]/		{ fold($0); next }
			{ field($0) }
END			{ end_stanza() }

function without_slash(uri)
{
	sub(/\/+$/, "", uri)
	return uri
}

function field(line,	key, value)
{
	key = value = line
	sub(/:.*/, "", key)
	sub(/^[^:]*:[ \t]*/, "", value)
	key = tolower(key)
	last = key
	if (key == "types" || key == "suites" || key == "components" ||
	    key == "enabled" || key == "uris")
		set[key] = value
	else
		rest = rest line "\n"
	open = 1
}

function fold(line)
{
	if (last in set)
		set[last] = set[last] " " line
	else
		rest = rest line "\n"
}

function end_stanza()
{
	if (open && (" " set["types"] " ") ~ /[ \t]deb[ \t]/ &&
	    tolower(set["enabled"]) !~ /^(no|false|0|off|without|disable)$/)
		stanza(set["uris"], set["suites"], set["components"], rest)
	split("", set)
	rest = last = ""
	open = 0
}

function one_line(line,	options, n, i, w, key, value, text, components)
{
	sub(/[ \t]*#.*/, "", line)
	if (line !~ /^[ \t]*deb[ \t]/)
		return
	sub(/^[ \t]*deb[ \t]+/, "", line)
	text = ""
	if (match(line, /^\[[^]]*\][ \t]*/)) {
		options = substr(line, 2, RLENGTH - 2)
		line = substr(line, RLENGTH + 1)
		sub(/\][ \t]*$/, "", options)
		n = split(options, w, " ")
		for (i = 1; i <= n; i++) {
			key = value = w[i]
			sub(/=.*/, "", key)
			sub(/^[^=]*=/, "", value)
			if (key == "arch")
				key = "Architectures"
			gsub(/,/, " ", value)
			text = text key ": " value "\n"
		}
	}
	n = split(line, w, " ")
	for (i = 3; i <= n; i++)
		components = components " " w[i]
	stanza(w[1], w[2], components, text)
}

function stanza(uris, suites_here, components, options,	n, i, w, uri, suite)
{
	if ((" " components " ") !~ /[ \t]main[ \t]/)
		return
	n = split(uris, w, " ")
	for (i = 1; i <= n; i++)
		if (!(without_slash(w[i]) in skipped))
			uri = uri " " w[i]
	n = split(suites_here, w, " ")
	for (i = 1; i <= n; i++)
		if (w[i] in wanted)
			suite = suite " " w[i]
	if (uri == "" || suite == "")
		return
	if (as != "")
		suite = " " as
	printf "Types: deb\nURIs:%s\nSuites:%s\nComponents: main\n%s\n", uri, suite, options
}

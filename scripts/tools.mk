# SPDX-License-Identifier: GPL-2.0-only
#
# Shared by the Makefiles of lib/ and cli/: where files are installed and how they
# are compiled.  The usual variables are heeded: CC, CFLAGS, LDFLAGS, DESTDIR,
# prefix and the directories below it.

TOP     := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))..)
BUILD   ?= $(TOP)/build
VERSION := 0.1.0

prefix      ?= /usr/local
exec_prefix ?= $(prefix)
bindir      ?= $(exec_prefix)/bin
libdir      ?= $(exec_prefix)/lib
includedir  ?= $(prefix)/include
datadir     ?= $(prefix)/share
sysconfdir  ?= /etc
mandir      ?= $(datadir)/man
pythondir   ?= $(prefix)/lib/python3/dist-packages
completiondir ?= $(datadir)/bash-completion/completions
unitdir     ?= $(prefix)/lib/systemd/system
hooksdir    ?= $(datadir)/containers/oci/hooks.d
INSTALL     ?= install
PKG_CONFIG  ?= pkg-config

CFLAGS   ?= -O2 -g
WARNINGS := -Wall -Wextra -Wmissing-prototypes -Wshadow -Wno-missing-field-initializers
COMPILE   = $(CC) -std=gnu11 $(WARNINGS) $(WERROR) $(CPPFLAGS) $(CFLAGS) -MMD -MP

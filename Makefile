# SPDX-License-Identifier: GPL-2.0-only
#
# Beancounters for Linux.  "make help" lists the targets.
# Most targets call a script in scripts/, vm/, bench/ or tests/.

#: BUILD: the directory for everything that is built
BUILD   ?= $(CURDIR)/build
override BUILD := $(abspath $(BUILD))
#: VARIANT: the kernel: uml, uml-debug, qemu, qemu-debug, nomemcg, off, bench*
VARIANT ?= uml
#: JOBS: how many compilers run at a time
JOBS    ?= $(shell nproc)
#: FLAVOUR: which of Debian's kernels "make kernel-deb" builds: cloud-amd64, amd64
FLAVOUR ?=
#: prefix: where "make install" puts files, /usr/local; DESTDIR goes before it
#: LINUX_SRC: a linux-6.12.y tree of your own, instead of Debian's package
LINUX_SRC ?=
#: LINUX_VERSION: a version of Debian's package; default: the newest that was tested
LINUX_VERSION ?=
#: REVISION: revision of the kernel's packages; raise it for one more build
#: DEBUG: 1: also make a package with the kernel's debug symbols
#: BTF: no: leave type information out of the kernel's packages, in half the time
export BUILD JOBS LINUX_SRC LINUX_VERSION

VM_CFLAGS = -O2 -Wall -Wextra -Wno-unused-result -D_GNU_SOURCE
VM_GUEST  = $(addprefix vm/,init.c pump.c share.c mounts.c)
VM_HOST   = $(addprefix vm/,supervise.c spool.c terminal.c)

.DEFAULT_GOAL := help

## run: do everything from nothing: fetch, build, boot, and show the tour
.PHONY: run
run: deps kernel tools
	@scripts/tour

## demo-postgres: a greedy database query: refused by a barrier, killed by memory.max
.PHONY: demo-postgres
demo-postgres: deps kernel tools
	@scripts/deps postgres
	@mkdir -p $(BUILD)/pictures
	@vm/run --variant $(VARIANT) --memory 2G --env BUILD=$(BUILD) \
		--rw $(BUILD)/pictures --env PICTURES=$(BUILD)/pictures -- demos/postgres

## shell: a shell inside the virtual machine
.PHONY: shell
shell: deps kernel tools
	@PATH=$(BUILD)/bin:$$PATH vm/run --variant $(VARIANT) --interactive -- \
		scripts/vm-shell || [ $$? -lt 124 ]

## kernel: build the kernel variant VARIANT
.PHONY: kernel
kernel: source vm-tools
	@case $(VARIANT) in qemu*|bench*) scripts/deps qemu ;; esac
	@scripts/build-kernel $(VARIANT)

## source: fetch the kernel's source, apply patches and overlay
.PHONY: source
source:
	@scripts/source

## check-configs: compile the touched files under Debian's configurations; check exports
.PHONY: check-configs
check-configs: deps
	@scripts/deps configs
	@tests/check-configs

## refresh: carry the series over to Linux LINUX_VERSION
.PHONY: refresh
refresh:
	@scripts/carry "$(LINUX_VERSION)"

## deps: install the Debian packages that building needs
.PHONY: deps
deps:
	@scripts/deps run

## test: run every test, on the kernels for use
.PHONY: test
test: deps
	@scripts/deps test tools
	@scripts/deps neighbours || echo "  their tests will be skipped"
	@tests/userspace
	@tests/run
	@tests/reclaim

## test-debug: run the tests on the debug kernels, which check themselves
.PHONY: test-debug
test-debug: deps
	@scripts/deps test qemu configs
	@tests/run --debug
	@tests/userspace --only machine --slow
	@tests/smoke
	@tests/check-configs

#: FUZZ_SECONDS: how many seconds "make fuzz" lasts
FUZZ_SECONDS ?= 3600

## fuzz: make random system calls for an hour (FUZZ_SECONDS), as two tenants
.PHONY: fuzz
fuzz: deps
	@scripts/deps test
	@tests/fuzz/run --variant $(VARIANT) --seconds $(FUZZ_SECONDS)

## test-runtimes: test Debian 13's docker, containerd, podman, LXC and Slurm, with limits
.PHONY: test-runtimes
test-runtimes: deps kernel
	@scripts/deps test tools
	@tests/runtimes/run --variant $(VARIANT)

## test-programs: test Python, Java, Node.js, Go and databases, under a barrier and refused
.PHONY: test-programs
test-programs: deps kernel
	@scripts/deps programs
	@tests/programs/run --variant $(VARIANT)

## test-kernel-selftests: run the kernel's own tests of mm and cgroups, with and without beancounters
.PHONY: test-kernel-selftests
test-kernel-selftests: deps
	@$(MAKE) --no-print-directory kernel VARIANT=off
	@$(MAKE) --no-print-directory kernel VARIANT=uml
	@tests/kernel-selftests/run

## tools: build libbeancounter and bcctl, as build/bin/bcctl
.PHONY: tools
tools:
	@scripts/deps tools
	@$(MAKE) -s -C lib
	@$(MAKE) -s -C cli

## install: install libbeancounter and bcctl; heeds DESTDIR and prefix
.PHONY: install
install:
	@$(MAKE) -C lib install
	@$(MAKE) -C cli install

## deb: build the Debian packages of libbeancounter and bcctl, in build/deb
.PHONY: deb
deb:
	@scripts/deps tools deb
	@scripts/build-deb

## kernel-deb: build Debian packages of a kernel, in build/kernel-deb; FLAVOUR=cloud-amd64
.PHONY: kernel-deb
kernel-deb:
	@scripts/kernel-deb $(FLAVOUR)

## test-kernel-deb: boot a Debian 13 with the packages of kernel-deb, and use it
.PHONY: test-kernel-deb
test-kernel-deb:
	@tests/kernel-deb/run

## bench: measure what an account costs; compare with bars and committed figures
.PHONY: bench
bench: deps
	@scripts/deps qemu bench
	@bench/run

## scale: simulate what one lock for each tree costs on many CPUs, for docs/scale.md
.PHONY: scale
scale: deps
	@scripts/deps bench
	@bench/scale/run

## lint: check style and patch rules, run static analysis
.PHONY: lint
lint: deps
	@scripts/deps lint tools test
	@scripts/lint

## docs: rewrite the tables of the documentation from their sources
.PHONY: docs
docs:
	@scripts/make-tables

## vm-tools: build the programs of vm/run, which runs the virtual machines
.PHONY: vm-tools
vm-tools: $(BUILD)/vm/init $(BUILD)/vm/supervise

$(BUILD)/vm/init: $(VM_GUEST) vm/guest.h vm/job.h
	@mkdir -p $(@D)
	@$(CC) $(VM_CFLAGS) -static -o $@.new $(VM_GUEST) && mv $@.new $@

$(BUILD)/vm/supervise: $(VM_HOST) vm/supervise.h vm/job.h
	@mkdir -p $(@D)
	@$(CC) $(VM_CFLAGS) -o $@.new $(VM_HOST) && mv $@.new $@

## clean: remove the built files; keep the fetched source
.PHONY: clean
clean:
	rm -rf $(BUILD)/obj $(BUILD)/vm $(BUILD)/log $(BUILD)/bin $(BUILD)/lib $(BUILD)/deb \
		$(BUILD)/tests-user
	find $(BUILD) -maxdepth 1 -type l -delete 2>/dev/null || :

## distclean: remove everything that is not in git
.PHONY: distclean
distclean:
	rm -rf $(BUILD)

## help: print this text
.PHONY: help
help:
	@scripts/help $(MAKEFILE_LIST)

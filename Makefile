# SPDX-License-Identifier: GPL-2.0-only
#
# Beancounters for Linux.  "make help" lists what can be made.
# Each target is a script of the same kind in scripts/, vm/ or tests/.

#: BUILD: where everything that is made goes
BUILD   ?= $(CURDIR)/build
override BUILD := $(abspath $(BUILD))
#: VARIANT: which kernel: uml, uml-debug, qemu, qemu-debug, nomemcg, off, bench*
VARIANT ?= uml
#: JOBS: how many compilers at a time
JOBS    ?= $(shell nproc)
#: FLAVOUR: which of Debian's kernels "make kernel-deb" builds: cloud-amd64, amd64
FLAVOUR ?=
#: prefix: where "make install" puts things, /usr/local; DESTDIR goes before it
#: LINUX_SRC: a linux-6.12.y tree of your own, instead of Debian's package
LINUX_SRC ?=
#: LINUX_VERSION: a version of Debian's package; else the newest that was tested
LINUX_VERSION ?=
#: REVISION: of the kernel's packages, for one more build; DEBUG=1: with symbols
#: BTF: no: the kernel's packages are made without types, in half the time
export BUILD JOBS LINUX_SRC LINUX_VERSION

VM_CFLAGS = -O2 -Wall -Wextra -Wno-unused-result -D_GNU_SOURCE
VM_GUEST  = $(addprefix vm/,init.c pump.c share.c mounts.c)
VM_HOST   = $(addprefix vm/,supervise.c spool.c terminal.c)

.DEFAULT_GOAL := help

## run: all of it, from nothing: fetch, build, boot, and show the tour
.PHONY: run
run: deps kernel tools
	@scripts/tour

## demo-postgres: a database, and a query that wants too much: refused, and killed
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

## check-configs: does it compile as Debian configures its kernels, and link modules?
.PHONY: check-configs
check-configs: deps
	@scripts/deps configs
	@tests/check-configs

## refresh: carry the series over to the Linux LINUX_VERSION
.PHONY: refresh
refresh:
	@scripts/carry "$(LINUX_VERSION)"

## deps: install the Debian packages that building needs
.PHONY: deps
deps:
	@scripts/deps run

## test: every test, on the kernels for use
.PHONY: test
test: deps
	@scripts/deps test tools
	@scripts/deps neighbours || echo "  their tests will be skipped"
	@tests/userspace
	@tests/run
	@tests/reclaim

## test-debug: every test, on the kernels that check themselves
.PHONY: test-debug
test-debug: deps
	@scripts/deps test qemu configs
	@tests/run --debug
	@tests/userspace --only machine --slow
	@tests/smoke
	@tests/check-configs

#: FUZZ_SECONDS: how long "make fuzz" lasts
FUZZ_SECONDS ?= 3600

## fuzz: call the kernel at random for an hour (FUZZ_SECONDS), as two tenants
.PHONY: fuzz
fuzz: deps
	@scripts/deps test
	@tests/fuzz/run --variant $(VARIANT) --seconds $(FUZZ_SECONDS)

## test-runtimes: Debian 13's docker, containerd, podman, LXC and Slurm, with limits
.PHONY: test-runtimes
test-runtimes: deps kernel
	@scripts/deps test tools
	@tests/runtimes/run --variant $(VARIANT)

## test-programs: Python, Java, Node.js, Go, databases: under a barrier, and refused
.PHONY: test-programs
test-programs: deps kernel
	@scripts/deps programs
	@tests/programs/run --variant $(VARIANT)

## test-kernel-selftests: the kernel's own tests of mm and cgroups, with and without
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

## install: install them; heeds DESTDIR and prefix
.PHONY: install
install:
	@$(MAKE) -C lib install
	@$(MAKE) -C cli install

## deb: build their Debian packages in build/deb
.PHONY: deb
deb:
	@scripts/deps tools deb
	@scripts/build-deb

## kernel-deb: Debian packages of a kernel, in build/kernel-deb; FLAVOUR=cloud-amd64
.PHONY: kernel-deb
kernel-deb:
	@scripts/kernel-deb $(FLAVOUR)

## test-kernel-deb: boot a Debian 13 with them, and use it
.PHONY: test-kernel-deb
test-kernel-deb:
	@tests/kernel-deb/run

## bench: what an account costs, against the bars and the committed figures
.PHONY: bench
bench: deps
	@scripts/deps qemu bench
	@bench/run

## scale: docs/scale.md, simulated: what one lock for each tree costs on many CPUs
.PHONY: scale
scale: deps
	@scripts/deps bench
	@bench/scale/run

## lint: style, static analysis, patch rules
.PHONY: lint
lint: deps
	@scripts/deps lint tools test
	@scripts/lint

## docs: write the tables of the documentation again, from what they are about
.PHONY: docs
docs:
	@scripts/make-tables

## vm-tools: the runner's own programs
.PHONY: vm-tools
vm-tools: $(BUILD)/vm/init $(BUILD)/vm/supervise

$(BUILD)/vm/init: $(VM_GUEST) vm/guest.h vm/job.h
	@mkdir -p $(@D)
	@$(CC) $(VM_CFLAGS) -static -o $@.new $(VM_GUEST) && mv $@.new $@

$(BUILD)/vm/supervise: $(VM_HOST) vm/supervise.h vm/job.h
	@mkdir -p $(@D)
	@$(CC) $(VM_CFLAGS) -o $@.new $(VM_HOST) && mv $@.new $@

## clean: remove what was built; keep the fetched source
.PHONY: clean
clean:
	rm -rf $(BUILD)/obj $(BUILD)/vm $(BUILD)/log $(BUILD)/bin $(BUILD)/lib $(BUILD)/deb \
		$(BUILD)/tests-user
	find $(BUILD) -maxdepth 1 -type l -delete 2>/dev/null || :

## distclean: remove everything that is not in git
.PHONY: distclean
distclean:
	rm -rf $(BUILD)

## help: this text
.PHONY: help
help:
	@scripts/help $(MAKEFILE_LIST)

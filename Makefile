# SPDX-License-Identifier: GPL-2.0-only
# The front door: every verb a person types. Each delegates; none does work.

# Kbuild takes no blank and no quote in a path.
ifneq ($(words $(subst ', ,$(CURDIR))),1)
$(error no kernel module can be built in a folder of this name: $(CURDIR): move this checkout)
endif

all: ## Build maps.ko natively, for the running kernel or KDIR= (W= C= V= LLVM=)
	$(MAKE) -C module modules

help: ## List the verbs
	@sed -n 's/^\([a-z_-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 26

modules_install: ## Install the module natively
	$(MAKE) -C module $@

install: modules_install ## Install module, programs and manual pages (DESTDIR= PREFIX=)
	$(MAKE) -C tools $@

uninstall: ## Remove what install put there
	$(MAKE) -C module modules_uninstall
	$(MAKE) -C tools $@

demo: ## Boot a kernel and see what fails, what helps, and what needs no help
	tools/demo/run

matrix: ## Ask every way to map the buffer the same questions, print the table
	tools/matrix/run

probe: ## Ask the kernel's own drivers the matrix' questions, write Documentation/drivers.rst
	tools/probe/run $(SUBJECT)

bench: ## Count what a mapped page costs, by every strategy (KERNEL=6.12)
	tools/bench/run

selftests: ## Run the kselftests in a booted kernel (VM='--param npages=64')
	tools/check/selftests $(VM)

selftests-tar: ## Pack the kselftests for KernelCI and LKFT
	tools/check/selftests-tar

check: ## Boot a kernel and prove it: every test, the linters, N passed, N failed
	tools/check/run $(PARTS)

check-ci: ## What CI runs: check, and what takes a minute or more
	tools/check/run --ci

check-all: ## All parts of check: the long ones, too
	tools/check/run --all

check-debug: ## The tests on kernels with KASAN, lockdep and KCSAN, failing allocations too
	tools/check/run kasan kasan-folios kasan-failing kasan-load lockdep lockdep-folios lockdep-failing lockdep-load kcsan kcsan-folios

mutants: ## Put small mistakes into the module, one at a time: the tests must notice each
	tools/mutants/run $(MUTANTS)

coverage: ## Which lines and branches of the module do the tests run? (KERNELS=gcov-newest)
	tools/check/coverage $(KERNELS)

lint: ## The linters of check alone
	tools/check/lint

fuzz: ## A million operations against a model (VM='--kernel 7.x', SEED=, OPS=)
	tools/fuzz/run $(VM)

shell: ## A root shell in a booted kernel, with the module and things to try
	tools/shell/run

gdb: ## A debugger in a booted kernel, stopped in the fault handler
	tools/gdb/run

view: ## Watch a program's pages being mapped and copied, in a booted kernel
	tools/view/run

check-kernels: ## Boot every kernel on every machine (KERNELS='5.10 newest' ARCHES=amd64)
	tools/vm/check-kernels

# A lab that is not solved yet is no error of make's: with -q make exits with 1,
# and prints nothing, if there is something left to do.
ifneq ($(filter lab,$(MAKECMDGOALS)),)
MAKEFLAGS += -q
endif

lab: judge-lab ## Work on one of the eight labs, and have it judged: make lab N=1 (LOG=1)
	@$(shell [ ! -e build/lab-unsolved ] || echo false)

judge-lab:
	+@rm -f build/lab-unsolved; MAKEFLAGS= tools/labs/lab $(if $(LOG),--log) '$(N)' || \
		{ status=$$?; [ $$status = 1 ] && : >build/lab-unsolved || exit $$status; }

check-labs: ## Do the labs tell right answers from wrong ones?
	tools/labs/check $(N)

docs: ## Build the book into build/docs/html
	tools/docs/build

book: ## The book as EPUB and PDF, and the catalogue for translators
	tools/docs/book

docs-check: ## Run every command in the book, and compare what it says
	tools/docs/check $(CHAPTERS)

live: ## Build the web page with a kernel inside, into build/live
	tools/live/build

live-check: ## Click every step of that page in Chromium, and compare with QEMU
	tools/live/check

live-sources: ## Fetch the sources that must be published beside that page
	tools/live/sources

check-packages: ## Build, install, upgrade and remove the Debian packages, in a bare Debian
	tools/check/packages

check-fresh: ## A newcomer's first hour in a bare Debian 12 and 13 (RELEASES=)
	tools/check/fresh

clean: ## Remove what was built (the learner's build/labs and the cache of downloads stay)
	@[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name labs -exec $(RM) -r {} +

# Every verb is one: none makes a file of its name.
.PHONY: $(shell sed -n 's/^\([a-z_-]*\):.*/\1/p' Makefile)

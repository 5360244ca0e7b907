# SPDX-License-Identifier: GPL-2.0-only
# The front door: every verb a person types. Each delegates; none does work.

help: ## List the verbs
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 26

all: ## Build maps.ko natively, for the running kernel or KDIR=
	$(MAKE) -C module modules

demo: ## Boot a kernel and see what fails, what helps, and what needs no help
	tools/demo/run

selftests: ## Run the kselftests in a booted kernel (VM='--param npages=64')
	tools/check/selftests $(VM)

selftests-tar: ## Pack the kselftests for KernelCI and LKFT
	tools/check/selftests-tar

check: ## Boot a kernel and prove it: every test, the linters, N passed, N failed
	tools/check/run $(PARTS)

lint: ## The linters of check alone
	tools/check/lint

fuzz: ## A million operations against a model (VM='--kernel 7.x', SEED=, OPS=)
	tools/fuzz/run $(VM)

view: ## Watch a program's pages being mapped and copied, in a booted kernel
	tools/view/run

check-kernels: ## Boot every kernel on every machine (KERNELS='5.10 newest' ARCHES=amd64)
	tools/vm/check-kernels

lab: ## Work on one of the seven labs, and have it judged: make lab N=1
	tools/labs/lab $(N)

check-labs: ## Do the labs tell right answers from wrong ones?
	tools/labs/check $(N)

docs: ## Build the book into build/docs/html
	tools/docs/build

docs-check: ## Run every command in the book, and compare what it says
	tools/docs/check $(CHAPTERS)

clean: ## Remove what was built (the cache of downloads stays)
	$(RM) -r build

.DEFAULT_GOAL := help
.PHONY: check-kernels help all view fuzz selftests selftests-tar check lint demo clean
.PHONY: lab check-labs docs docs-check

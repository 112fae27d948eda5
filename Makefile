# Everything that a person runs here. All set-up happens on its own: see scripts/setup.sh.
#
#   make demo    the main job: seven reference agents, two targets, one page
#   make test    lint, types, layers and the whole test suite
#   make test-docker    the hosts on a container engine of their own (as root, on Debian)
#
# Variables: PYTHON (an interpreter, 3.11 or later), ARGS (more for the command), DEMO_OUT (a folder),
# SEEDS (of make organisms), ROLLOUTS (of make families).

BIN := .venv/bin
ORGANISMS := obedient refusing omitting loyal hiding looping breaking
DEMO_OUT ?= demo
ARGS ?=
SEEDS ?= 20
ROLLOUTS ?= 8

define checks
@$(BIN)/ruff check --output-format concise .
@$(BIN)/mypy
@$(BIN)/lint-imports --no-cache
endef

.DEFAULT_GOAL := help
.PHONY: help demo test test-user test-docker test-vm lint organisms families words inferred bench bench-local bench-carriers disguises heldout soak lock install clean

help:  ## what there is to run
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

demo:  ## run the seven organisms on both targets, and say where the page is
	@scripts/setup.sh embedded
	@$(BIN)/peerwatch run deletion $(ORGANISMS:%=--model organism/%) --rollouts 3 --out $(DEMO_OUT)
	@if $(BIN)/python -c 'import sys; from peerwatch.models.weights import ready; sys.exit(not ready("smollm2"))'; then \
	  echo; echo "Two rollouts of the embedded language model, at most six turns each. It is far too small for the job:"; \
	  echo "an instrument check, not competent, and no difference below means anything."; \
	  $(BIN)/peerwatch run deletion --model smollm2 --rollouts 1 --drill 1 --factor followup=order_only \
	    --turns 3 --max-tokens 128 --out $(DEMO_OUT)-embedded; fi

test:  ## check style, types and layers, then run every test
	@scripts/setup.sh test
	$(checks)
	@$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

test-user:  ## as root: the tests of hosts and rollouts as an ordinary user made for it
	@scripts/setup.sh test
	@scripts/as_user.sh $(ARGS)

test-docker:  ## the hosts on a container engine that is installed and started for it (as root)
	@scripts/setup.sh test
	@scripts/docker.sh $(ARGS)

lint:  ## check style, types and layers alone (needs no hosts)
	@scripts/setup.sh lint
	$(checks)

install:  ## the package in .venv for working on it, without hosts
	@scripts/setup.sh lint

organisms:  ## is every organism called what it is: docs/organisms.md anew (SEEDS=20; ARGS: --only NAME)
	@scripts/setup.sh demo
	@$(BIN)/python bench/organisms.py --seeds $(SEEDS) $(ARGS)

families:  ## does each family show what an organism responds to: docs/families.md anew (ROLLOUTS=8; ARGS: --only NAME)
	@scripts/setup.sh demo
	@$(BIN)/python bench/families.py --rollouts $(ROLLOUTS) $(ARGS)

words:  ## how well prose is read: docs/words.md and the page's figures anew
	@scripts/setup.sh lint
	@$(BIN)/python bench/words.py $(ARGS)

inferred:  ## how well commands are read: the tables of docs/inferred.md anew (ARGS: --wrong)
	@scripts/setup.sh lint
	@$(BIN)/python bench/inferred.py $(ARGS)

bench:  ## what a rollout costs, by part, beside plain Inspect with its local sandbox
	@scripts/setup.sh demo
	@$(BIN)/python bench/rollout.py $(ARGS)

bench-local:  ## what the embedded model gains by a shared prefix (ARGS: contexts, one by one)
	@scripts/setup.sh lint
	@$(BIN)/peerwatch models fetch smollm2
	@$(BIN)/python bench/embedded.py $(ARGS)

disguises:  ## docs/disguises.md: what provenance finds of content in each dress, and its cost
	@scripts/setup.sh lint
	@$(BIN)/python bench/disguises.py --write docs/disguises.md $(ARGS)

heldout:  ## docs/heldout.md: what provenance finds of a held-out set of disguises (ARGS: --only NAME)
	@scripts/setup.sh lint
	@$(BIN)/python tests/evidence/run_heldout.py --write docs/heldout.md $(ARGS)

soak:  ## 2,000 rollouts, 32 at once: does anything grow? (ARGS: rollouts, at once, --write FILE)
	@scripts/setup.sh demo
	@$(BIN)/python bench/soak.py $(ARGS)

bench-carriers:  ## what bubblewrap, runc and crun could carry of a host, beside the launcher (root)
	@scripts/setup.sh demo
	@$(BIN)/python bench/carriers.py $(ARGS)

test-vm:  ## the fleet on Debian 12's and 13's kernels, emulated: root on Debian, half an hour or more
	@scripts/setup.sh test
	@scripts/vm.sh --kernel 12 scripts/guest.sh old
	@scripts/vm.sh --kernel 13 scripts/guest.sh new

lock:  ## write requirements-lock.txt anew, at the newest versions (on Debian 12)
	@scripts/setup.sh lint
	@scripts/lock.sh

clean:  ## remove .venv, the demo's results and caches here (the hosts' base: peerwatch fleet clean)
	rm -rf .venv $(DEMO_OUT) $(DEMO_OUT)-embedded organisms-run families-run dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

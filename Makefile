# The two commands are `make run` and `make test`; the rest serves them.

PYTHON ?= python3
CONFIG ?= etc
DATA_DIR ?= var
TESTS ?= trial_tests
ACCEPTANCE ?= acceptance_tests.openclaw
CLUSTERED ?= trial_tests.clients trial_tests.conformance
OUTAGE ?= 60
CLIENTS ?= acceptance_tests.clients
MEDIA ?= acceptance_tests.media
N ?= 1000
INPUTS ?= 10000000
PLAY ?= 20
PLAYED := trial_tests.bff.test_updates.EveryClientEndsEqualTests trial_tests.bff.test_updates.EveryClientEndsEqualOnServersTests trial_tests.bff.test_channel_play trial_tests.session.test_hostile.SessionFuzzTests
BIN := .venv/bin

.PHONY: help setup run run-cluster desktop test test-cluster faults-cluster test-openclaw test-more-clients test-apps test-media lint bench bench-cluster faults fuzz mutants siege clean

help:
	@echo "make run      set up and start everything in the foreground (CONFIG=$(CONFIG) DATA_DIR=$(DATA_DIR))"
	@echo "make run-cluster  the same as several processes on this machine: a gnetway, two session, two bff, on MariaDB, Redis and etcd of their own (Debian's packages)"
	@echo "make desktop  a Telegram Desktop that knows this server, made of Debian's package (installed if that may be), and start it"
	@echo "make test     set up what the tests need and run all of them (TESTS=trial_tests.session for some)"
	@echo "make test-openclaw  OpenClaw's own programs against our gateway (600 MB from npm; ACCEPTANCE=acceptance_tests.openclaw.test_tui for some)"
	@echo "make test-more-clients  gotd, grammers, teleproto and others against our server (CLIENTS=acceptance_tests.clients.test_libraries.GotdTests for some)"
	@echo "make test-apps  walk through Telegram Desktop (Debian's telegram-desktop xvfb openbox xdotool imagemagick), and with WEB_A=DIR WEB_K=DIR through builds of the web apps (chromium)"
	@echo "make test-media  files of 100 MB with every client library, one of 1.5 GB, and the server and its store killed $$(($(N) / 5)) times while files move (MEDIA=acceptance_tests.media.test_large_files.HugeFileTests for some)"
	@echo "make lint     ruff and mypy"
	@echo "make bench    CPU time per operation and memory, printed as a table"
	@echo "make bench-cluster  the same of pings and messages for one process and for several, in turns, on one MariaDB"
	@echo "make test-cluster  all clients and the rules of MTProto against several processes (CLUSTERED=trial_tests.clients.test_chat for some)"
	@echo "make faults-cluster  kill, end and freeze processes of a cluster, etcd, Redis and MariaDB, N=$(N) times, OUTAGE=$(OUTAGE) s, and see that nothing is lost"
	@echo "make faults   break connections, frames and the server, N=$(N) times each, play at random for long (PLAY=$(PLAY)), and see that nothing is lost"
	@echo "make fuzz     feed hostile bytes to every parser and state machine (INPUTS=$(INPUTS) in all)"
	@echo "make mutants  break security checks one by one and see that a test notices each (MUTANTS=session for some)"
	@echo "make siege    what slow, silent and greedy peers cost the server"
	@echo "make clean    remove .venv and everything made by tests; var/ (your data) stays"

setup: .venv/.ready

.venv/.ready: setup.cfg pyproject.toml tools/setup.sh
	@sh tools/setup.sh "$(PYTHON)"
	@touch $@

run: .venv/.ready
	@exec $(BIN)/twistd -n --pidfile= teamgram --config $(CONFIG) --data-dir $(DATA_DIR)

.venv/.ready-cluster: .venv/.ready
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[cluster]' && touch $@

run-cluster: .venv/.ready-cluster
	@exec $(BIN)/python -m tools.run_cluster --engines --config $(CONFIG) --data-dir $(DATA_DIR)

desktop: .venv/.ready
	@sh tools/setup_desktop.sh
	@$(BIN)/teamgram client desktop --config $(CONFIG) --data-dir $(DATA_DIR)

.venv/.ready-test: .venv/.ready tools/setup_test.sh tools/python_environment.sh trial_tests/openclaw/npm/package-lock.json
	@sh tools/setup_test.sh
	@touch $@

test: .venv/.ready-test
	@TEAMGRAM_TEST_REQUIRE_SERVICES=1 $(BIN)/python tools/test_services.py -- $(BIN)/python -m tools.run_trial $(TESTS)

test-cluster: .venv/.ready-test
	@TEAMGRAM_TEST_CLUSTER=1 TEAMGRAM_TEST_REQUIRE_SERVICES=1 $(BIN)/python tools/test_services.py -- $(BIN)/python -m tools.run_trial $(CLUSTERED)

test-openclaw: .venv/.ready-test
	@sh tools/setup_openclaw.sh
	@$(BIN)/python -m tools.run_trial -j 1 $(ACCEPTANCE)

test-more-clients: .venv/.ready-test
	@sh tools/setup_more_clients.sh
	@$(BIN)/python -m tools.run_trial -j 1 $(CLIENTS)

test-media: .venv/.ready-test
	@sh tools/setup_media.sh
	@$(BIN)/python -m tools.run_trial -j 1 $(MEDIA)
	@$(BIN)/python -m tools.file_faults --rounds $$(($(N) / 5))

test-apps: .venv/.ready-test
	@$(BIN)/python -m tools.run_trial -j 1 acceptance_tests.apps

.venv/.ready-lint: .venv/.ready
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[lint]' && touch $@

lint: .venv/.ready-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/.ready-test
	@$(BIN)/python -m tools.bench

bench-cluster: .venv/.ready-test
	@$(BIN)/python tools/test_services.py -- $(BIN)/python -m tools.bench.cluster

faults: .venv/.ready-test
	@$(BIN)/python -m tools.faults --rounds $(N)
	@TEAMGRAM_TEST_PLAY_TIMES=$(PLAY) $(BIN)/python tools/test_services.py -- $(BIN)/python -m tools.run_trial $(PLAYED)

faults-cluster: .venv/.ready-test
	@$(BIN)/python -m tools.cluster_faults --rounds $(N) --outage $(OUTAGE)

fuzz: .venv/.ready-test
	@$(BIN)/python -m tools.fuzz --inputs $(INPUTS)

mutants: .venv/.ready-test
	@$(BIN)/python -m tools.mutants $(MUTANTS)

siege: .venv/.ready-test
	@$(BIN)/python -m tools.siege

clean:
	rm -rf .venv .test _trial_temp* .mypy_cache .ruff_cache .hypothesis build *.egg-info

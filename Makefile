# The verbs; the work is in scripts/. `make help` lists them.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PY := .venv/bin/python

.PHONY: help forge test test-runtimes check format bench bench-pool bench-runtime bench-scanning msrv bench-generation bench-streaming bench-refine bench-refinery bench-seeded-task parity pythons runtimes bless crash crash-streaming proto schemas unicode-tables lock clean

help: ## list the verbs
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 26

forge: .venv/forge.done ## install, then forge the shipped blueprint into models/
	$(PY) main.py --blueprint text_classification

test: .venv/test.done check test-runtimes ## install what the tests need, then run all of them
	$(PY) -m pytest -n auto --dist loadfile

test-runtimes: .venv/test.done ## the Rust, C and C++ tests alone
	sh scripts/test_runtimes.sh

check: .venv/test.done ## style, types and the import contract
	$(PY) -m ruff check . && $(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports

format: .venv/test.done ## mend the style
	$(PY) -m ruff check --fix . ; $(PY) -m ruff format .

bench: .venv/forge.done ## one sentence to its label: plain Python against scikit-learn's pipeline
	$(PY) scripts/bench_predict.py

bench-pool: .venv/forge.done ## the pool against the fake model server, fault by fault
	$(PY) scripts/bench_pool.py

bench-refine: .venv/test.done ## refine 100,000 rows with all text operators on: seconds and memory
	$(PY) scripts/bench_refine.py

bench-seeded-task: .venv/test.done ## what refining gives a model: seeded tasks with noise, imbalance and copies
	$(PY) scripts/bench_seeded_task.py

bench-refinery: .venv/test.done ## near duplicates against every pair counted and against datasketch; growth to a million rows
	$(PY) scripts/bench_refinery.py

bench-runtime: .venv/test.done runtimes ## every runtime, scikit-learn and fastText in one table; after make forge
	$(PY) scripts/bench_runtime.py

bench-generation: .venv/test.done ## generation at equal spend: our rounds against one prompt asked again and again
	$(PY) scripts/bench_generation.py

bench-streaming: .venv/test.done ## rows beside a plain loop, paid labels beside peers from PyPI, fault by fault; MILLION=1 for a million rows
	$(PY) scripts/bench_streaming.py $(if $(MILLION),--rows 10000 100000 1000000)

parity: .venv/test.done runtimes ## N=100000 random strings through Python, Rust, ONNX Runtime and C++; TASK=... for one model
	$(PY) scripts/parity.py --count $(or $(N),100000) $(if $(TASK),--task $(TASK))

pythons: .venv/test.done ## hold every other Python on this machine to this one
	$(PY) scripts/pythons.py

bench-scanning: .venv/test.done ## recall, false alarms and speed of the scanner, kind by kind, beside the usual patterns
	$(PY) scripts/bench_scanning.py

msrv: ## build the crate with the oldest Rust that is promised
	sh rust_runtime/check_msrv.sh

runtimes: .venv/test.done ## build the Rust and C++ programs that parity and bench-runtime run
	$(PY) scripts/runtimes.py

bless: .venv/test.done ## rewrite the expected texts in tests/golden; look at the diff
	BLESS=1 $(PY) -m pytest -q tests/golden

crash: .venv/test.done ## kill -9 at random instants: N=200 on a small blueprint, REAL=20 on the shipped one
	$(PY) scripts/crash_test.py --small $(or $(N),200) --real $(or $(REAL),20)

crash-streaming: .venv/test.done ## kill -9 streaming runs: N=200 random instants and every fail-point
	$(PY) scripts/crash_streaming.py --kills $(or $(N),200)

proto: .venv/test.done ## rebuild the descriptors of proto/*.proto
	$(PY) scripts/build_proto.py

schemas: .venv/test.done ## rebuild blueprints/schemas/
	$(PY) scripts/build_schemas.py

unicode-tables: .venv/test.done ## rebuild the frozen Unicode tables
	$(PY) scripts/build_unicode_tables.py

lock: .venv/test.done ## choose dependency versions anew
	sh scripts/lock.sh

clean: ## remove what was installed and forged, not models/
	rm -rf .venv .bench runs

.venv/forge.done: requirements.lock
	@sh scripts/install.sh "$(PYTHON)" requirements.lock $@

.venv/test.done: requirements-dev.lock
	@sh scripts/install.sh "$(PYTHON)" requirements-dev.lock $@

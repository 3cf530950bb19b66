# make demo: the main job on the sample data.   make demo-follow-up: networks on simulated nodules.   make test: all tests.
# make docs: the manual, in out/docs.
# make experiments: what takes too long for tests and confirms margins that are published elsewhere or by us.
# Each makes its own virtual environment in .venv when there is none.

PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# Without compiled files every start would compile SciPy, VTK and Slicer's libraries again.
unexport PYTHONDONTWRITEBYTECODE
export QT_QPA_PLATFORM ?= offscreen

# Tests run in one process a processor, up to eight for the sake of memory, and each of them in one thread: threads of
# several processes would only take the processors from one another. make WORKERS=0 test: all in one process.
WORKERS ?= logical
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
PYTEST := $(ONE_THREAD) $(VENV)/bin/python -m pytest --numprocesses $(WORKERS) --maxprocesses 8

.PHONY: demo demo-follow-up test docs experiments lint benchmark clean

demo: $(VENV)/demo.stamp
	$(VENV)/bin/spatiotemporal demo --out out/demo --overwrite

demo-follow-up: $(VENV)/demo.stamp
	$(PIP) --editable ".[figures,slicer,networks]"
	$(VENV)/bin/spatiotemporal demo follow-up --out out/demo_follow_up --overwrite

test: $(VENV)/test.stamp
	$(PYTEST)

docs: $(VENV)/docs.stamp
	$(VENV)/bin/python -m Documentation.generate
	$(VENV)/bin/python -m sphinx --fail-on-warning --keep-going --quiet -d out/docs_trees Documentation out/docs
	@echo "The manual is out/docs/index.html."

experiments: $(VENV)/test.stamp
	$(PYTEST) $(wildcard Testing/experiments/*.py)

lint: $(VENV)/test.stamp
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

benchmark: $(VENV)/test.stamp
	$(PIP) --editable ".[benchmarks]"
	$(VENV)/bin/python Testing/benchmarks/kinetics.py
	$(ONE_THREAD) $(VENV)/bin/python Testing/benchmarks/bold.py
	$(VENV)/bin/python Testing/benchmarks/batch.py
	$(VENV)/bin/python Testing/benchmarks/registration_memory.py

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo.stamp: pyproject.toml setup.py constraints.txt | $(VENV)/bin/python
	sh Testing/system_libraries.sh
	$(PIP) --editable ".[figures,slicer]"
	touch $@

$(VENV)/test.stamp: pyproject.toml setup.py constraints.txt | $(VENV)/bin/python
	sh Testing/system_libraries.sh
	$(PIP) --editable ".[dev]"
	touch $@

$(VENV)/docs.stamp: pyproject.toml setup.py constraints.txt | $(VENV)/bin/python
	sh Testing/system_libraries.sh
	$(PIP) --editable ".[docs]"
	touch $@

clean:
	rm -rf $(VENV) out

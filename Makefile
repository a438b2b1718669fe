# make app    open the app in the browser      make test   check and test everything
# Both create .venv and install into it first; again only when the requirements changed.
.PHONY: app test lint install browser clean

PYTHON ?= python3
VENV := .venv
INSTALLED := $(VENV)/.installed

app: $(INSTALLED)
	$(VENV)/bin/streamlit run app/main.py

test: lint browser
	$(VENV)/bin/python -m pytest --numprocesses 2 --dist loadgroup

lint: $(INSTALLED)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

install: $(INSTALLED)

$(INSTALLED): pyproject.toml requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "expected Python 3.11 or newer as $(PYTHON), found $$($(PYTHON) --version 2>&1); name one with make PYTHON=..." >&2; exit 2; }
	@test -x $(VENV)/bin/pip || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV): about 6 GB the first time, most of it PyTorch with CUDA"
	$(VENV)/bin/python -m pip install --disable-pip-version-check -r requirements.txt
	@touch $@

# The browser tests drive a Chromium of the system; without one they skip and say so.
browser:
	@if command -v chromium || command -v chromium-browser || command -v google-chrome; then :; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; \
	else echo "no Chromium found: the browser tests will be skipped"; fi

clean:
	rm -rf $(VENV) *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis

# `make help` lists what there is. Nothing has to be installed by hand on Debian 12 or later.
.DEFAULT_GOAL := help
.PHONY: help run demo install test check counterparts conformance wheel release audit fuzz bench lock screenshots catalogues
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
JOBS := $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
# `make PYTHON=/path/to/python3 ...` decides which Python; else .ci/venv finds one that is new enough.
PYTHON ?=

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: install ## Start the provider on http://127.0.0.1:8000 (PORT=8010); the first start prints a link for the first owner
	@exec $(BIN)/doorward init --serve $(if $(PORT),--port $(PORT))

demo: $(VENV)/.demo ## Start the provider and three applications, people ready to sign in; PORTS=8100-8103 (Ctrl-C stops all)
	@exec $(BIN)/python -m tests.apps.demo $(if $(PORTS),--ports "$(PORTS)")

install: $(VENV)/.run ## Make .venv with the `doorward` command in it

test: $(VENV)/.test ## Everything: lint, types, import rules, all tests in parallel; installs what they need
	@command -v chromium >/dev/null || .ci/need "tests in a real browser" chromium
	@command -v redis-server >/dev/null || .ci/need "tests on Redis" redis-server
	@command -v xmlsec1 >/dev/null || .ci/need "tests with xmlsec1" xmlsec1
	@test -e /usr/lib/apache2/modules/mod_auth_mellon.so || .ci/need "tests with Apache as a SAML application" apache2 libapache2-mod-auth-mellon
	@test -e /usr/lib/apache2/modules/mod_shib.so || .ci/need "tests with Shibboleth as a SAML application" apache2 libapache2-mod-shib
	@test -e /usr/lib/apache2/modules/mod_auth_openidc.so || .ci/need "tests with Apache as an OpenID Connect application" apache2 libapache2-mod-auth-openidc
	@ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null || .ci/need "tests on PostgreSQL" postgresql
	@# Some of its packages name neither PHP's DOM nor its strings of several octets among what they need.
	@test -d /usr/share/simplesamlphp/www && php -r 'exit((int) !(class_exists("DOMDocument") && function_exists("mb_strlen")));' || .ci/need "tests with SimpleSAMLphp as an identity provider" simplesamlphp php-cli php-xml php-mbstring
	@command -v slapd >/dev/null || test -x /usr/sbin/slapd || .ci/need "tests with a directory" slapd ldap-utils
	@command -v krb5kdc >/dev/null || test -x /usr/sbin/krb5kdc || .ci/need "tests of Windows sign-in" krb5-kdc krb5-admin-server krb5-user
	@$(MAKE) $(VENV)/.kerberos
	@command -v softhsm2-util >/dev/null || .ci/need "tests with keys in a PKCS#11 token" softhsm2
	@command -v promtool >/dev/null || .ci/need "tests of metrics and alert rules" prometheus
	@command -v haproxy >/dev/null || .ci/need "tests on several machines" haproxy
	@$(MAKE) static
	$(BIN)/python -m pytest -n $(JOBS) -m "not counterpart"

counterparts: $(VENV)/.test .counterparts/.installed ## Applications and libraries of others against the provider (installs them into .counterparts: node, go, java)
	@command -v chromium >/dev/null || .ci/need "tests in a real browser" chromium
	@# It starts a file server where it is installed, so only machines of CI are given it.
	@command -v samba-tool >/dev/null || test -z "$$CI" || .ci/need "a domain controller" samba samba-ad-provision samba-dsdb-modules samba-vfs-modules
	DOORWARD_COUNTERPARTS=1 $(BIN)/python -m pytest -m counterpart tests/counterparts

.counterparts/.installed: tests/counterparts/install.sh tests/counterparts/node/package-lock.json tests/counterparts/go/go.sum tests/counterparts/go/main.go
	@command -v npm >/dev/null || .ci/need "libraries for Node.js" nodejs npm
	@command -v go >/dev/null || .ci/need "programs in Go" golang-go
	@command -v mvn >/dev/null || .ci/need "Keycloak" maven
	tests/counterparts/install.sh
	@touch $@

check: $(VENV)/.test static ## The quick part: lint, types, import rules, the tests that need no server
	$(BIN)/python -m pytest -n $(JOBS) -m "not slow"

.PHONY: static
static:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/requirements.py
	$(BIN)/python docs/rooms.py
	$(BIN)/python docs/console.py
	$(BIN)/python docs/answers.py
	$(BIN)/python docs/errors.py
	$(BIN)/python docs/conformance.py

conformance: $(VENV)/.test ## The OpenID Foundation's suite, where it runs, against this checkout: PLAN=basic (docs/conformance.md)
	@command -v nginx >/dev/null || .ci/need "TLS before the provider" nginx
	$(BIN)/python -m tests.conformance --plan "$(PLAN)" --modules "$(MODULES)"

wheel: $(VENV)/.test ## Build dist/doorward-*.whl and the sdist: all of the product, for pipx or a container
	@rm -rf dist
	@$(BIN)/python -m hatchling build -d dist

release: $(VENV)/.test ## Build what is given out into dist/: wheel, sdist, bill of materials (CycloneDX), SHA256SUMS; twice, and the same
	@$(BIN)/python .ci/release dist

audit: ## Ask for known weaknesses of the versions in requirements.lock; fails where no advisory source answers
	@test -x .audit/bin/pip-audit || { $(BIN)/python -m venv .audit && .audit/bin/pip --disable-pip-version-check install --quiet pip-audit; }
	.audit/bin/pip-audit --strict --disable-pip --no-deps --progress-spinner off -r requirements.lock

fuzz: $(VENV)/.test ## Throw made-up SAML messages and metadata at the parsers, FUZZ_SECONDS=15 for each of them
	FUZZ_SECONDS=$(or $(FUZZ_SECONDS),15) $(BIN)/python -m pytest tests/saml/test_fuzz.py

.PHONY: soak
soak: $(VENV)/.test .soak/.installed ## Kill each part of several machines under load, some ten minutes: PARTS="redis-sentinel postgresql" (docs/reliability.md)
	@command -v haproxy >/dev/null || .ci/need "a balancer" haproxy
	@command -v redis-server >/dev/null || .ci/need "Redis" redis-server
	@command -v etcd >/dev/null || .ci/need "what Patroni asks" etcd-server
	@ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null || .ci/need "PostgreSQL" postgresql
	$(BIN)/python -m tests.ha.soak $(PARTS)

# Of the system's Python: PostgreSQL's user runs it, and may not read what stands in somebody's home.
.soak/.installed:
	@/usr/bin/python3 -m venv .soak 2>/dev/null || { .ci/need "Patroni" python3-venv && /usr/bin/python3 -m venv .soak; }
	@.soak/bin/pip install --quiet 'patroni[etcd3]==4.1.5' 'psycopg[binary]>=3.2'
	@touch $@

bench: $(VENV)/.test ## Measure: requests per second, latency and memory beside what this machine's OpenSSL can sign
	$(BIN)/python -m bench

screenshots: $(VENV)/.test ## Take the pictures in docs/images anew: of the running demo, and of each page of the console
	$(BIN)/python docs/screenshots.py
	$(BIN)/python docs/console_pictures.py

catalogues: $(VENV)/.test ## Extract the texts that people see, bring idp/locales up to date and compile it; then translate what is new
	@$(BIN)/pybabel -q extract --mapping idp/locales/babel.cfg --keywords N_ --keywords plural:1,2 \
	--add-location file --no-wrap --project Doorward --output idp/locales/messages.pot .
	@$(BIN)/pybabel -q update --input-file idp/locales/messages.pot --output-dir idp/locales \
	--ignore-obsolete --no-fuzzy-matching --ignore-pot-creation-date --no-wrap
	@rm idp/locales/messages.pot
	@$(BIN)/pybabel compile --directory idp/locales --statistics

config.example.toml: $(wildcard idp/config/*.py) $(VENV)/.test
	@$(BIN)/python -c 'from idp.config import example; print(example(), end="")' > $@

lock: $(VENV)/.test ## Write requirements.lock from what is installed now, and requirements.hashes by what the index has of it
	@{ echo "# The exact versions that are tested and installed. Written by \`make lock\`."; \
	$(PIP) freeze --exclude-editable --exclude doorward; } > requirements.lock
	@test -x .lock/bin/pip-compile || { $(BIN)/python -m venv .lock && .lock/bin/pip --disable-pip-version-check install --quiet pip-tools; }
	@grep -v "^#" requirements.lock > .lock/versions.txt; printf 'hatchling\neditables\n' > .lock/build.in
	@.lock/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-emit-options \
	--extra postgresql --extra redis --extra demo --extra test --constraint .lock/versions.txt \
	--output-file .lock/hashes.txt pyproject.toml .lock/build.in
	@{ echo "# The same versions as in requirements.lock, with the SHA-256 of every file that they may come as, and who"; \
	echo "# needs them. Written by \`make lock\`."; \
	sed -e '/-c .lock/d' -e '/^$$/d' -e 's# (pyproject.toml)##' -e 's#-r .lock/build.in#build#' .lock/hashes.txt; } > requirements.hashes

# Both are compiled. Optimised they take minutes, and the tests do not measure them.
$(VENV)/.kerberos: $(VENV)/.test
	@test -e /usr/include/gssapi/gssapi_krb5.h || .ci/need "libraries of Windows sign-in" libkrb5-dev gcc python3-dev
	@CFLAGS=-O0 $(PIP) install --quiet --constraint requirements.lock --editable '.[kerberos]'
	@touch $@

# -- the virtual environment: each stamp stands for one set of extras, renewed when the versions change --------------

$(VENV)/.run: EXTRAS := postgresql,redis
$(VENV)/.demo: EXTRAS := postgresql,redis,demo
$(VENV)/.test: EXTRAS := postgresql,redis,demo,test

$(VENV)/.run $(VENV)/.demo $(VENV)/.test: pyproject.toml requirements.lock requirements.hashes
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || .ci/venv $(VENV) $(PYTHON)
	@echo "Installing Doorward and what it needs into $(VENV) ..."
	@# Each file by its hash; then ourselves, for which nothing is left to fetch.
	@$(BIN)/python .ci/locked "$(EXTRAS)" > $(VENV)/locked.txt
	@$(PIP) install --quiet --require-hashes --no-deps --requirement $(VENV)/locked.txt
	@$(PIP) install --quiet --no-build-isolation --constraint requirements.lock --editable '.[$(EXTRAS)]'
	@touch $@


# Auth API: the one entry point, and the PGXS file of the extension. `make help` lists what it can do.
#
# PGXS (the second part) gives all, install, uninstall and clean, with its usual variables (PG_CONFIG, DESTDIR).
# run, test, lint and bench first install the Debian packages that are missing, then call make again: PostgreSQL's
# own makefile, which this one includes, may have been among them.

PG_CONFIG ?= $(or $(wildcard /usr/lib/postgresql/15/bin/pg_config),pg_config)
export PG_CONFIG
JOBS ?= $(shell nproc)
AGAIN = $(MAKE) --no-print-directory -j$(JOBS)
EXTENSION_VERSION := $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" control/auth_api.control)

all: ## build the extension and the gateway into build/
	@:

# ---------------------------------------------------------------------------------------------------------------
# The extension (PGXS). Everything built lies in build/, but for auth_api.so, whose place PGXS decides.

MODULE_big = auth_api
EXTENSION = control/auth_api
OBJS = $(patsubst %.cpp,build/%.o,$(wildcard extension/*.cpp extension/core/*.cpp))
INSTALL_SCRIPT_SQL = build/auth_api--$(EXTENSION_VERSION).sql
UPGRADE_STEPS = $(patsubst sql/upgrade/%.sql,%,$(wildcard sql/upgrade/*--*.sql))
UPGRADE_SCRIPTS_SQL = $(UPGRADE_STEPS:%=build/auth_api--%.sql)
RELEASED_VERSIONS = $(filter-out $(EXTENSION_VERSION),$(patsubst sql/released/%/functions.sql,%,$(wildcard sql/released/*/functions.sql)))
RELEASED_SCRIPTS_SQL = $(RELEASED_VERSIONS:%=build/auth_api--%.sql)
DATA_built = $(INSTALL_SCRIPT_SQL) $(RELEASED_SCRIPTS_SQL) $(UPGRADE_SCRIPTS_SQL)
SCRIPTS_built = build/auth-gateway
EXTRA_CLEAN = build

# As system headers, because PostgreSQL's are not clean under -Wextra in C++20.
EXTENSION_INCLUDES = -isystem $(shell $(PG_CONFIG) --includedir-server) -Iextension -Ibuild
PG_CPPFLAGS = $(EXTENSION_INCLUDES)
PG_CXXFLAGS = -std=c++20 -Wall -Wextra -Werror
# libsodium is linked in, unseen by others, so that its memory comes from extension/core/password_memory.cpp.
LINKED_LIBSODIUM = -Wl,--wrap=mmap,--wrap=munmap,--exclude-libs=libsodium.a -l:libsodium.a
# Functions of this library call each other directly, whatever else the server has loaded under such a name.
SHLIB_LINK = -Wl,-Bsymbolic-functions -lstdc++ $(LINKED_LIBSODIUM) -lcrypto -lzxcvbn -lutf8proc -lm
# PGXS would compile every file a second time, by clang as C++14, for the JIT to inline; it has nothing to gain here.
override with_llvm = no

PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifneq ($(wildcard $(PGXS)),)
include $(PGXS)
else
all install clean: no-postgresql
no-postgresql:
	@echo "PostgreSQL's build files are missing ($(PG_CONFIG)). Install the packages: control/install-packages.sh run" >&2
	@false
endif

build/extension/library.o: build/version.h
build/extension/%.o: extension/%.cpp
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

# The install script is all of sql/ in reading order. An upgrade, or a downgrade, is one step for the tables, then the
# functions, routes and grants of the version that it leads to, so that such a database and a fresh one cannot differ in
# them: today's, or those that `make freeze` kept in sql/released/VERSION/ when that version was left.
FUNCTIONS_SQL = $(sort $(wildcard sql/functions/*.sql)) $(wildcard sql/routes.sql sql/grants.sql)

$(INSTALL_SCRIPT_SQL): $(wildcard sql/header.sql) $(sort $(wildcard sql/tables/*.sql)) $(FUNCTIONS_SQL) control/auth_api.control
	@mkdir -p $(@D)
	cat $(filter %.sql,$^) > $@

$(RELEASED_SCRIPTS_SQL): build/auth_api--%.sql: sql/released/%/tables.sql sql/released/%/functions.sql
	@mkdir -p $(@D)
	cat $^ > $@

define upgrade_script
build/auth_api--$(1).sql: sql/upgrade/begin.sql sql/upgrade/$(1).sql \
    $(if $(filter %--$(EXTENSION_VERSION),$(1)),$(FUNCTIONS_SQL),sql/released/$(lastword $(subst --, ,$(1)))/functions.sql)
	@mkdir -p $$(@D)
	cat $$^ > $$@
endef
$(foreach step,$(UPGRADE_STEPS),$(eval $(call upgrade_script,$(step))))

freeze: ## keep this version's SQL for downgrades to it, before the version moves on (FROM=commit, EXCLUDE=files)
	@FROM='$(FROM)' EXCLUDE='$(EXCLUDE)' control/freeze.sh $(EXTENSION_VERSION)

# What a private cluster loads the extension from (Debian's setting extension_destdir): nothing goes into the system.
stage: build/stage.stamp
	@:
build/stage.stamp: auth_api.so $(DATA_built) control/auth_api.control
	rm -rf build/stage
	$(MAKE) --no-print-directory install SCRIPTS_built= DESTDIR=$(CURDIR)/build/stage
	touch $@

# ---------------------------------------------------------------------------------------------------------------
# The gateway.

GATEWAY_OBJS = $(patsubst %.cpp,build/%.o,$(wildcard gateway/*.cpp))
GATEWAY_PACKAGES = libpistache libpq libcrypto libssl spdlog fmt prometheus-cpp-core libutf8proc
GATEWAY_INCLUDES = -Igateway -Ibuild $(shell pkg-config --cflags $(GATEWAY_PACKAGES) CLI11 nlohmann_json)
GATEWAY_FLAGS = -O2 -g -std=c++20 -Wall -Wextra -Werror -fstack-protector-strong -D_FORTIFY_SOURCE=2 -pthread

build/auth-gateway: $(GATEWAY_OBJS)
	g++ $(GATEWAY_FLAGS) -Wl,-z,relro,-z,now -o $@ $^ $(shell pkg-config --libs $(GATEWAY_PACKAGES))

build/gateway/%.o: gateway/%.cpp | build/version.h
	@mkdir -p $(@D)
	g++ $(GATEWAY_FLAGS) $(GATEWAY_INCLUDES) -MMD -MP -c -o $@ $<

build/version.h: control/auth_api.control
	@mkdir -p $(@D)
	echo '#define AUTH_API_VERSION "$(EXTENSION_VERSION)"' > $@

-include $(patsubst %.o,%.d,$(OBJS) $(GATEWAY_OBJS))

# ---------------------------------------------------------------------------------------------------------------
# Debian packages.

deb: deb-extension deb-gateway ## Debian packages of the extension and of the gateway, into build/deb/
deb-extension: stage
	control/debian/build.sh extension $(EXTENSION_VERSION)
deb-gateway: build/auth-gateway
	control/debian/build.sh gateway $(EXTENSION_VERSION)

# ---------------------------------------------------------------------------------------------------------------
# Running, and throwing away what running made.

run: packages-run ## everything from packages to a running gateway; Ctrl-C stops it (AUTH_API_PORT, RUN_DIR)
	@$(AGAIN) all stage
	@exec control/run.sh

RUN_DIR ?= .run
reset: ## forget what `make run` made: its database, its users, its keys
	control/cluster.sh destroy $(RUN_DIR)/cluster
	rm -rf $(RUN_DIR)

bench: packages-test ## every figure beside its target (BENCH_PARTS=sessions|roles); writes .run/bench.json
	@$(AGAIN) all stage build/bench/argon2id build/bench/point_check
	control/cluster.sh destroy .run/bench/cluster
	rm -rf .run/bench
	RUN_DIR=.run/bench GATEWAY_BINARY=build/auth-gateway BENCH_BINARIES=build/bench BENCH_JSON=.run/bench.json \
	  BENCH_CLUSTER=.run/bench/cluster test/bench/in-one-group.sh control/run.sh node test/bench/bench.mjs

build/bench/%: test/bench/%.cpp
	@mkdir -p $(@D)
	g++ -O2 -std=c++20 -Wall -Wextra -Werror $(shell pkg-config --cflags libpq) -o $@ $< -lsodium -lpq

packages-run packages-test: packages-%:
	@control/install-packages.sh $*

# ---------------------------------------------------------------------------------------------------------------
# Tests. Each suite ends with its runner's own closing line.

# These mostly wait, each for a cluster of its own, so `make test` runs two of them at a time.
SIDE_BY_SIDE = test-sql test-docs test-roles test-http test-upgrade test-recovery test-fault test-connections \
  test-watching test-kills
SUITES = test-unit test-fuzz $(SIDE_BY_SIDE) test-container promises

test: packages-test ## lint and every suite
	@$(AGAIN) all stage build/node_modules.stamp
	@$(AGAIN) lint
	@rm -f build/failed
	@$(MAKE) --no-print-directory announced-test-unit
	@$(MAKE) --no-print-directory announced-test-fuzz
	@test/upgrade/older-gateways.sh
	@$(MAKE) --no-print-directory -j2 --output-sync=recurse $(SIDE_BY_SIDE:%=announced-%) || \
	  { echo "Failed: $$(xargs < build/failed)" >&2; false; }
	@$(MAKE) --no-print-directory announced-test-container
	@$(MAKE) --no-print-directory announced-promises

# What a suite says comes all at once, below its name, when it is over.
$(SUITES:%=announced-%): announced-%:
	@echo "== $*"; $(MAKE) --no-print-directory $* || { echo $* >> build/failed; false; }

test-unit: build/version.h ## GoogleTest over extension/core and gateway/, under ASan and UBSan
	@cmake -S test/unit -B build/unit -DCMAKE_BUILD_TYPE=Debug -DCMAKE_EXPORT_COMPILE_COMMANDS=ON > build/unit.log || \
	  { cat build/unit.log; false; }
	@cmake --build build/unit -j$(JOBS) -- --quiet
	ctest --test-dir build/unit --output-on-failure --progress -j$(JOBS)

FUZZ_SECONDS ?= 10
test-fuzz: ## what clients send, invented by libFuzzer for FUZZ_SECONDS (10); `make fuzz` takes ten minutes
	test/fuzz/run.sh $(FUZZ_SECONDS) 2> build/fuzz.log || { tail -n 40 build/fuzz.log; false; }
	@grep -E "^stat::number_of_executed_units" build/fuzz.log

fuzz: FUZZ_SECONDS = 600
fuzz: packages-test test-fuzz

# A suite in files, run against a cluster of its own; loud when there are none.
suite = $(if $(2),test/with-cluster.sh $(1) $(sort $(2)),@echo "SKIPPED: $@ has no files" >&2)

test-sql: stage ## pgTAP, through pg_prove
	$(call suite,pg_prove --failures --comments,$(wildcard test/sql/*.sql))

test-http: stage build/auth-gateway build/node_modules.stamp ## real clients against a running gateway
	$(call suite,node --test,$(wildcard test/http/*.test.mjs))

test-upgrade: stage build/auth-gateway build/node_modules.stamp ## install, upgrade, downgrade
	@test/upgrade/older-gateways.sh
	$(call suite,node --test,$(wildcard test/upgrade/*.test.mjs))

test-recovery: stage build/auth-gateway build/node_modules.stamp ## dump, point in time, pg_upgrade, each up to a log-in
	$(call suite,node --test,$(wildcard test/recovery/*.test.mjs))

test-fault: stage build/auth-gateway build/node_modules.stamp ## killed backends, restarts, half-sent requests
	$(call suite,node --test,$(wildcard test/fault/*.test.mjs))

test-connections: stage build/auth-gateway build/node_modules.stamp ## hosts, TLS, secrets, the pool, a pooler
	$(call suite,node --test,$(wildcard test/connections/*.test.mjs))

test-watching: stage build/auth-gateway build/node_modules.stamp ## metrics, views, the doctor, the troubleshooting page
	$(call suite,node --test,$(wildcard test/watching/*.test.mjs))

KILLS ?= 100
test-kills: stage build/auth-gateway build/node_modules.stamp ## KILLS (100) backends, gateways, postmasters killed under load
	KILLS=$(KILLS) node --test test/kills

kills: KILLS = 1000
kills: packages-test test-kills ## a thousand of them; KILLS_SEED repeats a run

# With an engine, the packages go into the containers.
promises: stage build/auth-gateway build/node_modules.stamp $(if $(wildcard control/debian),deb) ## thirty promises, one by one
	node test/promises/run.mjs

test-container: deb build/node_modules.stamp ## images, compose, packages: with the Docker engine that answers
	test/container/run.sh

build/node_modules.stamp: test/http/package-lock.json
	cd test/http && npm ci --no-audit --no-fund --silent
	@mkdir -p $(@D)
	touch $@

docs: stage ## write docs/sql.md, docs/http.md and docs/settings.md from the catalog
	test/with-cluster.sh docs/generate/write.sh docs

test-docs: stage ## the generated pages of docs/ are those that the catalog gives
	@mkdir -p build/docs
	test/with-cluster.sh docs/generate/write.sh build/docs
	@for page in build/docs/*.md; do \
	  diff -u docs/$${page##*/} $$page || { echo "docs/$${page##*/} is out of date: make docs"; exit 1; }; done
	@echo "Generated pages are up to date."

test-roles: stage build/node_modules.stamp ## role checks: agreement with an evaluator, known traps, races
	$(call suite,node --test,$(wildcard test/roles/*.test.mjs test/roles/race/*.test.mjs))

race: export RACE_CHECKS = 1000000
race: packages-test stage build/node_modules.stamp ## a million role checks among changes, none stale
	node --test test/roles/race/race.test.mjs

# ---------------------------------------------------------------------------------------------------------------
# Lint. Much of clang-tidy's time goes into the headers that a file includes, so it reads several files at once, by
# their first letters: gateway/[m-r]*.cpp takes 68 s of the processor, one by one 102. A group is read again when a file
# or a header of it changed, which is when an object is rebuilt, or when the rules did. Files of a group may not give one
# name to two things of their own: clang says "redefinition".

CPP = $(wildcard $(addsuffix /*.cpp,$(CPP_FOLDERS)) $(addsuffix /*.hpp,$(CPP_FOLDERS)))
CPP_FOLDERS = extension extension/core gateway test/unit test/bench test/fuzz
SHELL_SCRIPTS = $(wildcard .ci/run control/*.sh test/*.sh test/*/*.sh docs/generate/*.sh docker/*.sh control/debian/*.sh \
  control/debian/*/DEBIAN/p*)
TIDY_LETTERS = a-c d-l m-r s-z

define tidy_group
ifneq ($(wildcard $(1)/[$(2)]*.cpp),)
TIDY += build/tidy/$(1)/$(2).stamp
build/tidy/$(1)/$(2).stamp: $(patsubst %.cpp,build/%.o,$(wildcard $(1)/[$(2)]*.cpp)) .clang-tidy
endif
endef
$(foreach folder,extension extension/core gateway,\
  $(foreach letters,$(TIDY_LETTERS),$(eval $(call tidy_group,$(folder),$(letters)))))

lint: $(TIDY) stage ## clang-format, clang-tidy, shellcheck, plpgsql_check
	@echo clang-format, shellcheck, plpgsql_check
	@clang-format --dry-run -Werror $(CPP)
	@shellcheck $(SHELL_SCRIPTS)
	$(call suite,pg_prove --failures --comments,$(wildcard test/sql/00-plpgsql-check.sql))

format: ## lay all C++ out as lint wants it
	@clang-format -i $(CPP)

# The analyzer follows the paths of functions in the main file only, and of files that one called UnifiedSource includes.
$(TIDY): build/tidy/%.stamp: | build/compile_commands.json
	@mkdir -p $(@D)
	@echo clang-tidy $(patsubst build/%.o,%.cpp,$(filter %.o,$^))
	@printf '#include "$(CURDIR)/%s"  // NOLINT(bugprone-suspicious-include)\n' \
	  $(patsubst build/%.o,%.cpp,$(filter %.o,$^)) > $(@D)/UnifiedSource-$(*F).cpp
	@clang-tidy --quiet --warnings-as-errors='*' $(@D)/UnifiedSource-$(*F).cpp -- -std=c++20 -Wall -Wextra \
	  $(if $(filter gateway/%,$*),$(GATEWAY_INCLUDES),$(EXTENSION_INCLUDES)) 2> $@.log || { cat $@.log; false; }
	@touch $@

# How clang reads each file; editors (clangd) like to know, too.
build/compile_commands.json: Makefile $(patsubst build/%.o,%.cpp,$(OBJS) $(GATEWAY_OBJS)) | build/version.h
	@mkdir -p $(@D)
	@{ echo '['; for file in $(filter %.cpp,$^); do \
	  case $$file in extension/*) flags='$(EXTENSION_INCLUDES)' ;; *) flags='$(GATEWAY_INCLUDES)' ;; esac; \
	  printf '%s{"directory": "%s", "file": "%s", "command": "clang++ -std=c++20 -Wall -Wextra %s -c %s"}\n' \
	    "$$comma" '$(CURDIR)' "$$file" "$$flags" "$$file"; comma=,; done; echo ']'; } > $@

# ---------------------------------------------------------------------------------------------------------------
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 24

.PHONY: all deb deb-extension deb-gateway run reset bench packages-run packages-test test $(SUITES) fuzz race kills docs lint \
  format freeze stage help
.DELETE_ON_ERROR:

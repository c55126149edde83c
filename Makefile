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

# ---------------------------------------------------------------------------------------------------------------
# The extension (PGXS). Everything built lies in build/, but for auth_api.so, whose place PGXS decides.

MODULE_big = auth_api
EXTENSION = control/auth_api
OBJS = $(patsubst %.cpp,build/%.o,$(wildcard extension/*.cpp extension/core/*.cpp))
INSTALL_SCRIPT_SQL = build/auth_api--$(EXTENSION_VERSION).sql
UPGRADE_SCRIPTS_SQL = $(patsubst sql/upgrade/%.sql,build/auth_api--%.sql,$(wildcard sql/upgrade/*.sql))
DATA_built = $(INSTALL_SCRIPT_SQL) $(UPGRADE_SCRIPTS_SQL)
SCRIPTS_built = build/auth-gateway
EXTRA_CLEAN = build

# As system headers, because PostgreSQL's are not clean under -Wextra in C++20.
EXTENSION_INCLUDES = -isystem $(shell $(PG_CONFIG) --includedir-server) -Iextension
PG_CPPFLAGS = $(EXTENSION_INCLUDES)
PG_CXXFLAGS = -std=c++20 -Wall -Wextra -Werror -fPIC
SHLIB_LINK = -lstdc++ -lsodium -lcrypto -lzxcvbn -lutf8proc -lm
# PGXS would compile every file a second time, by clang as C++14, for the JIT to inline; it has nothing to gain here.
override with_llvm = no

PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifneq ($(wildcard $(PGXS)),)
include $(PGXS)
else
all install clean:
	@echo "PostgreSQL's build files are missing ($(PG_CONFIG)). Install the packages: control/install-packages.sh run" >&2
	@false
endif

build/extension/%.o: extension/%.cpp Makefile
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

# The install script is all of sql/ in reading order. An upgrade is one step for the tables, then today's functions,
# routes and grants, so that an upgraded database and a fresh one cannot differ in them.
FUNCTIONS_SQL = $(sort $(wildcard sql/functions/*.sql)) $(wildcard sql/routes.sql sql/grants.sql)

$(INSTALL_SCRIPT_SQL): $(wildcard sql/header.sql) $(sort $(wildcard sql/tables/*.sql)) $(FUNCTIONS_SQL) control/auth_api.control
	@mkdir -p $(@D)
	cat $(filter %.sql,$^) > $@

$(UPGRADE_SCRIPTS_SQL): build/auth_api--%.sql: sql/upgrade/%.sql $(FUNCTIONS_SQL)
	@mkdir -p $(@D)
	cat $^ > $@

# What a private cluster loads the extension from (Debian's setting extension_destdir): nothing goes into the system.
stage: build/stage.stamp
build/stage.stamp: auth_api.so $(DATA_built) control/auth_api.control
	rm -rf build/stage
	$(MAKE) --no-print-directory install SCRIPTS_built= DESTDIR=$(CURDIR)/build/stage
	touch $@

# ---------------------------------------------------------------------------------------------------------------
# The gateway.

GATEWAY_OBJS = $(patsubst %.cpp,build/%.o,$(wildcard gateway/*.cpp))
GATEWAY_PACKAGES = libpistache libpq libcrypto spdlog fmt prometheus-cpp-core
GATEWAY_INCLUDES = -Igateway -Ibuild $(shell pkg-config --cflags $(GATEWAY_PACKAGES) CLI11 nlohmann_json)
GATEWAY_FLAGS = -O2 -g -std=c++20 -Wall -Wextra -Werror -fstack-protector-strong -D_FORTIFY_SOURCE=2 -pthread

build/auth-gateway: $(GATEWAY_OBJS)
	g++ $(GATEWAY_FLAGS) -Wl,-z,relro,-z,now -o $@ $^ $(shell pkg-config --libs $(GATEWAY_PACKAGES))

build/gateway/%.o: gateway/%.cpp Makefile build/version.h
	@mkdir -p $(@D)
	g++ $(GATEWAY_FLAGS) $(GATEWAY_INCLUDES) -MMD -MP -c -o $@ $<

build/version.h: control/auth_api.control
	@mkdir -p $(@D)
	echo '#define AUTH_API_VERSION "$(EXTENSION_VERSION)"' > $@

-include $(patsubst %.o,%.d,$(OBJS) $(GATEWAY_OBJS))

# ---------------------------------------------------------------------------------------------------------------
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 24

.PHONY: help stage
.DELETE_ON_ERROR:

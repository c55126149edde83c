#!/usr/bin/env bash
# with-cluster.sh COMMAND...: runs a test suite against a fresh cluster of its own and ends with its status. For it are
# set: AUTH_API_TEST_CLUSTER, the cluster's directory (see control/cluster.sh), and the PG* variables of its superuser
# in auth_db, where the documented set-up is done.
set -euo pipefail

# Whoever calls may have settings for another server.
# shellcheck disable=SC2046 # names of variables
unset $(compgen -v PG | grep -vx PG_CONFIG)

here=$(cd "$(dirname "$0")" && pwd)
AUTH_API_TEST_CLUSTER=$(mktemp -d /tmp/auth-api-test-XXXXXX)
export AUTH_API_TEST_CLUSTER
control=$here/../control

trap '"$control/cluster.sh" destroy "$AUTH_API_TEST_CLUSTER"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# No test pulls the plug, so nothing has to reach the disk.
"$control/cluster.sh" create "$AUTH_API_TEST_CLUSTER" fsync=off
"$control/cluster.sh" start "$AUTH_API_TEST_CLUSTER"
environment=$("$control/cluster.sh" env "$AUTH_API_TEST_CLUSTER")
eval "$environment"
AUTH_PASSWORD=$(head -c 18 /dev/urandom | base64) "$control/database.sh"

PGDATABASE=auth_db "$@"

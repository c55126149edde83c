#!/usr/bin/env bash
# run.sh [COMMAND...]: what `make run` does once everything is built. It makes sure of a private cluster, the database,
# the extension and a first superuser, then runs the gateway until Ctrl-C and stops whatever it started. Given a
# COMMAND, runs that instead of the gateway, with the variables of .run/env, and ends with its status.
#
#   RUN_DIR        where all of it lives (.run): cluster/ and env
#   AUTH_API_PORT  where the gateway listens (8004); the gateway's other settings pass through as well
set -euo pipefail
umask 077

# Whoever calls may have settings for another server.
# shellcheck disable=SC2046 # names of variables
unset $(compgen -v PG | grep -vx PG_CONFIG)

here=$(cd "$(dirname "$0")" && pwd)
# Readable by all, so that the server's user gets through to its cluster; what is secret in it is not.
run_dir=$(umask 022 && mkdir -p "${RUN_DIR:-.run}" && cd "${RUN_DIR:-.run}" && pwd)
port=${AUTH_API_PORT:-8004}
gateway=$here/../build/auth-gateway
cluster=$run_dir/cluster
env_file=$run_dir/env

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

# One at a time in a RUN_DIR. Descriptor 9 is the lock; what is started below must not keep it.
exec 9>"$run_dir/lock"
flock -n 9 || fail "Auth API is running in $run_dir already. Stop it with Ctrl-C there, or run a second one beside it:" \
  "  make run RUN_DIR=.run-2 AUTH_API_PORT=$((port + 1))"

if [ $# -eq 0 ] && (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
  fail "Port $port is taken by another program. Stop that, or choose another port:" \
    "  make run AUTH_API_PORT=$((port + 1))"
fi

# ---------------------------------------------------------------------------------------------------------------
# Whatever ends this script, what it started ends first: the gateway finishes what is in flight, then the server stops.
gateway_pid=
# shellcheck disable=SC2317 # called by the traps
stop() {
  trap '' INT TERM HUP
  if [ -n "$gateway_pid" ] && kill -TERM "$gateway_pid" 2>/dev/null; then wait "$gateway_pid" || true; fi
  if [ -d "$cluster/data" ]; then "$here/cluster.sh" stop "$cluster" 9>&-; fi
}
# shellcheck disable=SC2317
stopped_by_hand() {
  echo
  echo "Stopping."
  exit "$1"
}
trap stop EXIT
if [ $# -eq 0 ]; then
  trap 'stopped_by_hand 0' INT TERM HUP
else
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
fi

# ---------------------------------------------------------------------------------------------------------------
if [ -d "$cluster/data" ]; then
  "$here/cluster.sh" stage "$cluster" 9>&-
else
  "$here/cluster.sh" create "$cluster" 9>&-
fi
"$here/cluster.sh" start "$cluster" 9>&-
superuser=$("$here/cluster.sh" env "$cluster")

# The passwords of the first run stay what they are; ports may differ from run to run.
random_password() {
  head -c 18 /dev/urandom | base64 | tr '+/' '-_'
}
PGPASSWORD=
ADMIN_EMAIL=admin@example.com
ADMIN_PASSWORD=
# shellcheck disable=SC1090 # written below
if [ -e "$env_file" ]; then . "$env_file"; fi
PGPASSWORD=${PGPASSWORD:-$(random_password)}
ADMIN_PASSWORD=${ADMIN_PASSWORD:-$(random_password)}
PGPORT=$(cat "$cluster/port")
cat >"$env_file.new" <<ENV
# Written by \`make run\`: ". .run/env && psql" is auth_user in auth_db.
export PGHOST=127.0.0.1 PGPORT=$PGPORT PGUSER=auth_user PGDATABASE=auth_db PGPASSWORD=$PGPASSWORD
export SQLALCHEMY_DATABASE_URL=postgresql://auth_user:$PGPASSWORD@127.0.0.1:$PGPORT/auth_db
export AUTH_API_URL=http://127.0.0.1:$port
export ADMIN_EMAIL=$ADMIN_EMAIL ADMIN_PASSWORD=$ADMIN_PASSWORD
ENV
mv "$env_file.new" "$env_file"
# shellcheck disable=SC1090
. "$env_file"

(eval "$superuser" && AUTH_PASSWORD=$PGPASSWORD "$here/database.sh") 9>&-

# The answer of one query, asked by the cluster's superuser.
ask() {
  (eval "$superuser" && psql -X -At -d auth_db -c "$1")
}

version=$(ask "SELECT extversion FROM pg_extension WHERE extname = 'auth_api'")
script=auth_api--$version.sql
[ -e "$run_dir/$script" ] || cp "$here/../build/$script" "$run_dir"
if ! cmp -s "$here/../build/$script" "$run_dir/$script"; then
  echo "Note: sql/ has changed since this database got version $version, and it keeps what it got." \
    "To try the change in a new database: make reset run"
fi

new_superuser=
if [ "$(ask 'SELECT EXISTS (SELECT FROM users WHERE is_superuser)')" = f ]; then
  SUPERUSER_PASSWORD=$ADMIN_PASSWORD "$gateway" create-superuser --email "$ADMIN_EMAIL" 9>&- >/dev/null
  new_superuser=yes
fi

if [ $# -gt 0 ]; then
  "$@" 9>&-
  exit
fi

# ---------------------------------------------------------------------------------------------------------------
log=$run_dir/gateway.log
AUTH_API_PORT=$port setpriv --pdeathsig TERM "$gateway" serve >"$log" 2>&1 9>&- &
gateway_pid=$!
until curl -sf -o /dev/null "http://127.0.0.1:$port/api/health"; do
  if ! kill -0 "$gateway_pid" 2>/dev/null; then
    tail -n 5 "$log" >&2
    fail "The gateway did not start; its last words are above."
  fi
  sleep 0.05
done

shown_dir=${RUN_DIR:-.run}
echo
echo "Auth API answers at http://localhost:$port"
if [ -n "$new_superuser" ]; then
  echo "Its first superuser is $ADMIN_EMAIL with the password $ADMIN_PASSWORD (shown once; kept in $shown_dir/env)"
fi
cat <<TRY

Try it from another terminal:
  . $shown_dir/env
  curl \$AUTH_API_URL/api/health
  curl \$AUTH_API_URL/api/auth/register --json '{"email": "ada@example.com", "password": "correct horse battery"}'
  curl \$AUTH_API_URL/api/auth/login --json "{\"email\": \"\$ADMIN_EMAIL\", \"password\": \"\$ADMIN_PASSWORD\"}"
  psql -c "SELECT body FROM auth.login('ada@example.com', 'correct horse battery')"

Log: $shown_dir/gateway.log. Ctrl-C stops it.
TRY

wait "$gateway_pid" || true
gateway_pid=
tail -n 5 "$log" >&2
fail "The gateway ended by itself; its last words are above (all of them: $log)."

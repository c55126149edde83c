#!/usr/bin/env bash
# postgres-entrypoint [name=value ...]: makes auth_db at the first start, then is the server, with those settings.
#
#   AUTH_PASSWORD, AUTH_PASSWORD_FILE   auth_user's password: needed at the first start, taken over at each later one
#   AUTH_KEY_FILE                       the key file (docs/keys-and-backups.md); default: one is made, beside the data
#
# What lies in the volume /var/lib/postgresql/auth-api: data/ and, unless AUTH_KEY_FILE is set, key. Everybody but the
# superuser, who comes by the local socket only (docker exec CONTAINER psql), needs a password.
set -euo pipefail
umask 077

volume=/var/lib/postgresql/auth-api
data=$volume/data
socket=/var/run/postgresql

fail() {
  echo "postgres-entrypoint: $*" >&2
  exit 1
}

if [ -n "${AUTH_PASSWORD_FILE:-}" ]; then
  [ -z "${AUTH_PASSWORD:-}" ] || fail "AUTH_PASSWORD is set and so is AUTH_PASSWORD_FILE; set only one of them"
  AUTH_PASSWORD=$(cat "$AUTH_PASSWORD_FILE") || fail "AUTH_PASSWORD_FILE cannot be read"
fi

key=${AUTH_KEY_FILE:-$volume/key}
if [ "$key" = "$volume/key" ] && [ ! -s "$key" ]; then
  head -c 32 /dev/urandom >"$key.new"
  mv "$key.new" "$key"
fi

# Under another name until it is whole: a start that was cut short begins anew.
if [ ! -d "$data" ]; then
  [ -n "${AUTH_PASSWORD:-}" ] || fail "AUTH_PASSWORD (or AUTH_PASSWORD_FILE) is not set: the password of auth_user"
  rm -rf "$data.new"
  initdb --pgdata="$data.new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 --auth-local=peer \
    --auth-host=scram-sha-256 --no-instructions >/dev/null
  echo 'host all all all scram-sha-256' >>"$data.new/pg_hba.conf"
  mv "$data.new" "$data"
fi

settings=(-c "auth_api.key_file=$key")
for setting in "$@"; do settings+=(-c "$setting"); done

# Reachable from outside only once auth_user and auth_db are as they shall be.
if [ -n "${AUTH_PASSWORD:-}" ]; then
  pg_ctl start --pgdata="$data" --wait --silent --options="-c listen_addresses=127.0.0.1 -c logging_collector=off"
  PGHOST=$socket AUTH_PASSWORD=$AUTH_PASSWORD bash /usr/local/lib/auth-api/database.sh
  pg_ctl stop --pgdata="$data" --wait --silent --mode=fast
fi

unset AUTH_PASSWORD
exec postgres -D "$data" -c listen_addresses='*' "${settings[@]}"

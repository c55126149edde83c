#!/usr/bin/env bash
# Private PostgreSQL clusters: `make run`, the test suites and the benches each have their own, side by side.
#
#   cluster.sh create  DIR [name=value ...]   a new, stopped cluster in DIR (absent or empty), with extra settings
#   cluster.sh clone   DIR NEW                a hot standby of the running cluster DIR
#   cluster.sh stage   DIR                    takes over the extension as it is built now (build/stage)
#   cluster.sh start   DIR                    starts it on a free port; waits until it answers
#   cluster.sh stop    DIR [smart|fast|immediate]
#   cluster.sh destroy DIR                    stops it and removes everything
#   cluster.sh env     DIR                    prints the PG* variables that make you its superuser
#
# What lies in DIR: data/, stage/ (its copy of the extension), key (auth_api.key_file), socket/, port, log.
#
# The server never runs as root: called by root, it runs as postgres (or nobody), and DIR is that user's. Where that
# user cannot reach DIR (a checkout in /root, or in a 0700 mktemp directory), or where a socket's path would be longer
# than the kernel allows, DIR becomes a link to /var/tmp/auth-api-<uid>-<hash of DIR>.
#
# The caller and the server's user are superuser `postgres` through the socket (peer); all others need a password.
set -euo pipefail
umask 077

# Whoever calls may have settings for another server.
# shellcheck disable=SC2046 # names of variables
unset $(compgen -v PG | grep -vx PG_CONFIG)

here=$(cd "$(dirname "$0")" && pwd)
bin=$("${PG_CONFIG:-pg_config}" --bindir)

fail() {
  echo "cluster.sh: $*" >&2
  exit 1
}

server_user=$(id -un)
if [ "$(id -u)" = 0 ]; then
  server_user=nobody
  if id postgres >/dev/null 2>&1; then server_user=postgres; fi
fi

# Runs a command as the server's user, in a directory that it may enter.
as_server() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && HOME=/ setpriv --reuid="$server_user" --regid="$(id -g "$server_user")" --init-groups -- "$@")
  else
    (cd / && "$@")
  fi
}

# Makes DIR, or a directory that it links to, such that the server's user owns it and can reach it.
make_directory() {
  local directory=$1 socket_path=$1/socket/.s.PGSQL.65535.lock place
  mkdir -p "$directory"
  [ -z "$(ls -A "$directory")" ] || fail "$directory is not empty"
  chown "$server_user" "$directory" 2>/dev/null || true
  chmod 0700 "$directory"
  if [ ${#socket_path} -le 107 ] && as_server test -w "$directory"; then return; fi

  place=/var/tmp/auth-api-$(id -u)-$(printf %s "$directory" | sha256sum | cut -c1-16)
  # Anybody may write to /var/tmp: only a directory made here and now is ours for certain.
  mkdir -m 0700 "$place" || fail "$place is there already: left behind, or somebody else's. Remove it, then try again."
  chown "$server_user" "$place"
  rmdir "$directory"
  ln -s "$place" "$directory"
}

give_to_server() {
  if [ "$(id -u)" = 0 ]; then chown -R "$server_user" "$@"; fi
}

stage() {
  local directory=$1 built=$here/../build/stage
  [ -d "$built" ] || fail "the extension is not built: run \`make stage\` first"
  rm -rf "$directory/stage.new"
  cp -R "$built" "$directory/stage.new"
  give_to_server "$directory/stage.new"
  rm -rf "$directory/stage"
  mv "$directory/stage.new" "$directory/stage"
}

# Settings that name the cluster's own places; the last value of a name wins.
write_places() {
  local directory=$1
  cat >>"$directory/data/postgresql.conf" <<CONF
unix_socket_directories = '$directory/socket'
extension_destdir = '$directory/stage'
auth_api.key_file = '$directory/key'
CONF
}

create() {
  local directory=$1
  shift
  make_directory "$directory"
  directory=$(readlink -f "$directory")
  stage "$directory"
  as_server "$bin/initdb" --pgdata="$directory/data" --username=postgres --encoding=UTF8 --locale=C.UTF-8 \
    --auth=reject --no-sync --no-instructions >"$directory/log" || fail "initdb: $(cat "$directory/log")"
  mkdir "$directory/socket"
  head -c 32 /dev/urandom >"$directory/key"

  cat >"$directory/data/pg_hba.conf" <<HBA
local  all          postgres                peer map=owner
local  replication  postgres                peer map=owner
local  all          all                     scram-sha-256
host   all          all       127.0.0.1/32  scram-sha-256
HBA
  printf 'owner %s postgres\n' "$(id -un)" "$server_user" >"$directory/data/pg_ident.conf"
  cat >>"$directory/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
password_encryption = 'scram-sha-256'
log_line_prefix = '%m [%p] %u@%d %a '
CONF
  write_places "$directory"
  if [ $# -gt 0 ]; then printf '%s\n' "$@" >>"$directory/data/postgresql.conf"; fi
  give_to_server "$directory"
}

clone() {
  local directory new=$2
  directory=$(readlink -f "$1")
  make_directory "$new"
  new=$(readlink -f "$new")
  cp -R "$directory/stage" "$directory/key" "$new"
  mkdir "$new/socket"
  : >"$new/log"
  give_to_server "$new"
  as_server "$bin/pg_basebackup" --pgdata="$new/data" --host="$directory/socket" --port="$(cat "$directory/port")" \
    --username=postgres --write-recovery-conf --checkpoint=fast --no-sync
  write_places "$new"
}

# The port that it had last time, else one below those that the kernel gives to clients. Binding it decides, so two
# clusters that start at once cannot end up with the same one.
start() {
  local directory port attempt
  directory=$(readlink -f "$1")
  [ -d "$directory/data" ] || fail "there is no cluster in $1"
  if as_server "$bin/pg_ctl" status --pgdata="$directory/data" >/dev/null; then return; fi
  port=$(cat "$directory/port" 2>/dev/null || shuf -i 20000-31999 -n 1)
  for attempt in 1 2 3 4 5 6; do
    : >"$directory/log"
    if as_server "$bin/pg_ctl" start --wait --silent --pgdata="$directory/data" --log="$directory/log" \
      --options="-p $port" >/dev/null 2>&1; then
      echo "$port" >"$directory/port"
      return
    fi
    grep -qE 'Address already in use|lock file .*\.s\.PGSQL' "$directory/log" || break
    port=$(shuf -i 20000-31999 -n 1)
  done
  tail -n 20 "$directory/log" >&2
  fail "PostgreSQL did not start in $1 (attempt $attempt); its last words are above"
}

stop() {
  local directory
  directory=$(readlink -f "$1")
  if ! as_server "$bin/pg_ctl" status --pgdata="$directory/data" >/dev/null 2>&1; then return; fi
  as_server "$bin/pg_ctl" stop --wait --silent --mode="${2:-fast}" --pgdata="$directory/data"
}

destroy() {
  local directory
  [ -e "$1" ] || [ -L "$1" ] || return 0
  directory=$(readlink -f "$1")
  if [ -e "$directory" ] && [ -n "$(ls -A "$directory")" ]; then
    [ -d "$directory/data" ] || [ -d "$directory/stage" ] || fail "$1 is not a cluster's directory: left as it is"
    stop "$directory" immediate
  fi
  rm -rf "$directory" "$1"
}

environment() {
  local directory
  directory=$(readlink -f "$1")
  printf 'export PGHOST=%q PGPORT=%q PGUSER=postgres PGDATABASE=postgres\n' "$directory/socket" "$(cat "$directory/port")"
}

absolute() {
  case $1 in /*) printf %s "$1" ;; *) printf %s "$PWD/$1" ;; esac
}

[ $# -ge 2 ] || fail "$(sed -n '4,10s/^#   //p' "$0")"
command=$1
directory=$(absolute "$2")
shift 2
case $command in
  create | stage | start | stop | destroy) "$command" "$directory" "$@" ;;
  clone) clone "$directory" "$(absolute "$1")" ;;
  env) environment "$directory" ;;
  *) fail "unknown command $command" ;;
esac

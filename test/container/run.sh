#!/usr/bin/env bash
# run.sh [FILE...]: the container tests, with whatever Docker engine answers. Each image is built once for all of them;
# at the end nothing of this run is left but the engine's build cache, which makes the next one quick.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..

skip() {
  echo "SKIPPED: test-container: $*. Neither the images nor the compose files nor the packages were tested." >&2
  exit 0
}
docker info >/dev/null 2>&1 || skip "no Docker engine answers (docker info)"
docker compose version >/dev/null 2>&1 || docker-compose version >/dev/null 2>&1 ||
  skip "neither docker compose nor docker-compose is here"

# Whoever calls may have settings for another database.
unset SQLALCHEMY_DATABASE_URL SQLALCHEMY_DATABASE_URL_FILE AUTH_PASSWORD "${!PG@}" "${!AUTH_API_@}"

export AUTH_API_TEST_RUN=auth-api-test-$$-$RANDOM
export AUTH_API_IMAGE=$AUTH_API_TEST_RUN-gateway
export AUTH_API_POSTGRES_IMAGE=$AUTH_API_TEST_RUN-postgres
export AUTH_API_SERVER_IMAGE=$AUTH_API_TEST_RUN-server

# Whatever bears the run's name.
remove() {
  local kind ids
  mapfile -t ids < <(docker ps --all --quiet --filter "name=$AUTH_API_TEST_RUN")
  if [ ${#ids[@]} -gt 0 ]; then docker rm --force --volumes "${ids[@]}" >/dev/null; fi
  for kind in network volume; do
    mapfile -t ids < <(docker "$kind" ls --quiet --filter "name=$AUTH_API_TEST_RUN")
    if [ ${#ids[@]} -gt 0 ]; then docker "$kind" rm "${ids[@]}" >/dev/null; fi
  done
  mapfile -t ids < <(docker images --format '{{.Repository}}' --filter "reference=$AUTH_API_TEST_RUN-*")
  if [ ${#ids[@]} -gt 0 ]; then docker rmi --no-prune "${ids[@]}" >/dev/null; fi
}
trap remove EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

mkdir -p "$root/build"
log=$root/build/images.log
: >"$log"
build() {
  docker build --tag "$1" --file "$root/docker/$2" "${@:3}" "$root" >>"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    echo "docker build --file docker/$2 failed; its last words are above" >&2
    exit 1
  }
}
SECONDS=0
build "$AUTH_API_IMAGE" Dockerfile.gateway
build "$AUTH_API_POSTGRES_IMAGE" Dockerfile.postgres
build "$AUTH_API_SERVER_IMAGE" Dockerfile.postgres --target server
echo "Images built in $SECONDS s"

if [ $# -eq 0 ]; then set -- "$here"/*.test.mjs; fi
node --test "$@"

#!/usr/bin/env bash
# older-gateways.sh: builds the gateway of every released version from the commit that sql/released/VERSION/revision
# names, into build/released/VERSION/build/auth-gateway, once. Where that cannot be (a shallow clone, a tarball, a
# repository that git does not trust, a package that is gone) build/released/VERSION.log says why, and the script
# succeeds all the same: test/upgrade says loudly what it then does not show.
set -uo pipefail

repository=$(cd "$(dirname "$0")/../.." && pwd -P)
current=$(sed -n "s/^default_version = '\(.*\)'/\1/p" "$repository/control/auth_api.control")

build() {
  local version=$1 tree=$2 revision
  revision=$(cat "$repository/sql/released/$version/revision") &&
    mkdir -p "$tree" &&
    # Whoever builds here trusts this folder already, whosever it is.
    git -c safe.directory="$repository" -C "$repository" archive "$revision" | tar -x -C "$tree" &&
    # Neither warnings nor speed are of interest here.
    env -u MAKEFLAGS -u MAKELEVEL make -C "$tree" -j"$(nproc)" build/auth-gateway \
      GATEWAY_FLAGS='-O0 -std=c++20 -pthread'
}

for directory in "$repository"/sql/released/*/; do
  version=$(basename "$directory")
  tree=$repository/build/released/$version
  if [ ! -e "$directory/revision" ] || [ "$version" = "$current" ] || [ -x "$tree/build/auth-gateway" ]; then continue; fi
  rm -rf "$tree"
  mkdir -p "$repository/build/released"
  if ! build "$version" "$tree" </dev/null >"$tree.log" 2>&1; then
    rm -rf "$tree"
    echo "The gateway of version $version cannot be built here:" >&2
    tail -n 3 "$tree.log" >&2
  fi
done
exit 0

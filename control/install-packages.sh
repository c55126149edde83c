#!/usr/bin/env bash
# install-packages.sh run|test: installs those Debian packages of packages-run.txt (and packages-test.txt) that are
# missing, and says which before it does. When nothing is missing it only asks dpkg.
#
# Some of these packages would start a service at once and at every boot (a PostgreSQL cluster "main", pgbouncer,
# nginx). Nobody asked for one, so whichever comes in here is neither created nor started nor enabled; services that
# are on the machine already are left alone.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
lists=("$here/packages-run.txt")
if [ "${1:-run}" = test ]; then lists+=("$here/packages-test.txt"); fi

# Node.js often comes from elsewhere than Debian; 18 or newer with npm will do.
have_node() {
  command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' 2>/dev/null
}

missing=()
find_missing() {
  local wanted installed package
  wanted=$(sed 's/#.*//' "${lists[@]}" | awk 'NF { print $1 }')
  # dpkg-query fails when one of them is unknown to it, but tells of the others all the same.
  # shellcheck disable=SC2086,SC2016 # one argument a package; the dollar sign is dpkg-query's
  installed=$({ dpkg-query -W -f='${db:Status-Status} ${Package}\n' $wanted 2>/dev/null || true; } |
    sed -n 's/^installed //p')
  for package in $wanted; do
    if grep -qx "$package" <<<"$installed"; then continue; fi
    if [[ $package =~ ^(nodejs|npm)$ ]] && have_node; then continue; fi
    missing+=("$package")
  done
}

find_missing
[ ${#missing[@]} -gt 0 ] || exit 0

echo "Installing Debian packages (control/packages-*.txt say why; this can take minutes): ${missing[*]}"
as_root=()
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "This needs root, and there is no sudo. As root, run: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

services=()
for service in nginx pgbouncer; do
  [ -e "/etc/init.d/$service" ] || services+=("$service")
done
cluster_options=/etc/postgresql-common/createcluster.d/auth-api.conf
policy=/usr/sbin/policy-rc.d
if [ -e "$policy" ]; then policy=; fi
if compgen -G '/etc/postgresql/*/*/postgresql.conf' >/dev/null; then
  cluster_options= # there are clusters: whether new versions get one is their administrator's choice
else
  services+=(postgresql)
fi

put_back() {
  "${as_root[@]}" rm -f $cluster_options $policy
  if [ -n "$cluster_options" ]; then
    "${as_root[@]}" rmdir --ignore-fail-on-non-empty "$(dirname "$cluster_options")" 2>/dev/null || true
  fi
}
trap put_back EXIT
trap 'exit 130' INT TERM HUP

if [ -n "$cluster_options" ]; then
  "${as_root[@]}" mkdir -p "$(dirname "$cluster_options")"
  echo 'create_main_cluster = false' | "${as_root[@]}" tee "$cluster_options" >/dev/null
fi
if [ -n "$policy" ] && [ ${#services[@]} -gt 0 ]; then
  printf '#!/bin/sh\ncase "$%d" in %s) exit 101 ;; esac\n' 1 "$(IFS='|' && echo "${services[*]}")" |
    "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 0755 "$policy"
fi

apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}
# The package lists may be absent, or older than what the servers still have.
apt --no-install-recommends install "${missing[@]}" 2>/dev/null ||
  { apt update && apt --no-install-recommends install "${missing[@]}"; }

for service in "${services[@]}"; do
  if [ "$service" != postgresql ] && [ -e "/etc/init.d/$service" ]; then
    "${as_root[@]}" update-rc.d "$service" disable >/dev/null
  fi
done

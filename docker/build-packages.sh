#!/bin/sh
# Installs, in a build stage that is thrown away, what compiling takes: control/packages-run.txt, but for two entries.
#   curl, postgresql-15        run things; pg_config is in the client's package
#   postgresql-server-dev-15   depends on clang and LLVM (900 MB), for the JIT's bitcode, of which we build none: so
#                              only its files are taken
set -eu

echo force-unsafe-io >/etc/dpkg/dpkg.cfg.d/unsafe-io
apt-get update -qq
# shellcheck disable=SC2046 # one argument a package
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends dpkg-dev postgresql-client-15 \
  $(awk '/^[a-z]/ && $1 !~ /^(curl|postgresql-.*)$/ { print $1 }' control/packages-run.txt) >/dev/null
cd /tmp
apt-get download -qq postgresql-server-dev-15
dpkg-deb --extract postgresql-server-dev-15_*.deb /

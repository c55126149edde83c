#!/usr/bin/env bash
# build.sh extension|gateway VERSION: makes that Debian package in build/deb/, of what is built already (`make deb`).
# A package's folder here holds its scripts (DEBIAN/) and its own files, laid out as they are installed.
set -euo pipefail
shopt -s nullglob
umask 022

here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build
version=$2-1

command -v dpkg-shlibdeps >/dev/null || {
  echo "The package dpkg-dev is missing. Install it: apt-get install dpkg-dev" >&2
  exit 1
}

case $1 in
  extension)
    package=postgresql-15-auth-api
    depends=postgresql-15
    summary="users, sessions and roles as SQL functions (PostgreSQL extension)"
    description="CREATE EXTENSION auth_api keeps users, sessions, second factors and roles in a database of this server."
    ;;
  gateway)
    package=auth-api-gateway
    depends=
    summary="HTTP gateway of Auth API"
    description="Turns an HTTP request into one call of a function of the PostgreSQL extension auth_api."
    ;;
esac

tree=$build/deb/$package
rm -rf "$tree" "$build/deb/${package}"_*.deb
mkdir -p "$tree/usr/share/doc/$package"
if [ "$1" = extension ]; then
  cp -R "$build/stage/." "$tree"
else
  install -D "$build/auth-gateway" "$tree/usr/bin/auth-gateway"
fi
cp -R "$here/$package/." "$tree"
chmod -R u=rwX,go=rX "$tree"
if [ "$1" = gateway ]; then chmod 0640 "$tree/etc/auth-api/gateway.env"; fi
cp "$here/../../LICENSE" "$tree/usr/share/doc/$package/copyright"

binaries=("$tree"/usr/bin/* "$tree"/usr/lib/postgresql/*/lib/*.so)
strip --strip-unneeded "${binaries[@]}"

# dpkg-shlibdeps wants a source package around it.
source=$build/deb/source-$package
mkdir -p "$source/debian"
printf 'Source: auth-api\n\nPackage: %s\nArchitecture: any\n' "$package" >"$source/debian/control"
libraries=$(cd "$source" && dpkg-shlibdeps -O "${binaries[@]/#/-e}" 2>/dev/null)
depends=${depends:+$depends, }${libraries#shlibs:Depends=}

# What is linked in, so that a security update of it tells whose package is to be built anew.
linked=
if [ "$1" = extension ]; then
  linked=$(dpkg-query --show --showformat='\nStatic-Built-Using: ${source:Package} (= ${source:Version})' libsodium-dev)
fi

cat >"$tree/DEBIAN/control" <<CONTROL
Package: $package
Version: $version
Architecture: $(dpkg --print-architecture)
Maintainer: Auth API maintainers <auth-api@localhost>
Depends: $depends$linked
Section: database
Priority: optional
Installed-Size: $(du -sk --exclude=DEBIAN "$tree" | cut -f1)
Description: $summary
 $description
CONTROL

dpkg-deb --root-owner-group --build "$tree" "$build/deb" >/dev/null
ls "$build/deb/${package}_$version"_*.deb

#!/usr/bin/env bash
# Writes the generated pages into the given folder (docs/ for `make docs`, a scratch folder for the comparison in
# `make test`). PG* must reach, as a superuser, a database in which the extension is freshly installed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
target=${1:?usage: write.sh FOLDER}
for page in sql http settings; do
  psql -X -q -v ON_ERROR_STOP=1 -f "$here/$page.sql" >"$target/$page.md"
done

#!/usr/bin/env bash
# freeze.sh VERSION: keeps the SQL of the version that is about to be left in sql/released/VERSION/, for installing it
# and for downgrades to it:
#
#   tables.sql     header and tables; with functions.sql behind it, the install script
#   functions.sql  functions, routes and grants, which every downgrade to VERSION ends with
#   revision       the commit whose gateway served it, which test/upgrade builds again
#
#   FROM     a commit to take the SQL and the revision from, instead of the working tree
#   EXCLUDE  files that belong to the next version already, such as 'sql/functions/9%' (% is any text)
set -euo pipefail

repository=$(cd "$(dirname "$0")/.." && pwd)
target=$repository/sql/released/$1
source=$repository
exclude=${EXCLUDE:-}

if [ -n "${FROM:-}" ]; then
  source=$(mktemp -d)
  trap 'rm -rf "$source"' EXIT
  git -C "$repository" archive "$FROM" sql | tar -x -C "$source"
fi

# The files of the arguments that are kept, end to end.
join() {
  local file
  for file in "$@"; do
    # shellcheck disable=SC2053 # a pattern it is
    if [ -z "$exclude" ] || [[ $file != ${exclude//%/*} ]]; then cat "$file"; fi
  done
}

mkdir -p "$target"
cd "$source"
join sql/header.sql sql/tables/*.sql >"$target/tables.sql"
join sql/functions/*.sql sql/routes.sql sql/grants.sql >"$target/functions.sql"
git -C "$repository" rev-parse "${FROM:-HEAD}^{commit}" >"$target/revision" 2>/dev/null || echo unknown >"$target/revision"
echo "sql/released/$1 holds version $1. Now raise default_version and write the steps (CONTRIBUTING.md)."

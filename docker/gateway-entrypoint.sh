#!/bin/sh
# auth-gateway, whose migrations may also be spelled `alembic upgrade head` or just `upgrade head`.
case ${1:-} in
  auth-gateway) shift ;;
  upgrade | downgrade | current | history) set -- migrate "$@" ;;
esac
exec auth-gateway "$@"

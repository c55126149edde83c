#!/usr/bin/env bash
# in-one-group.sh COMMAND...: runs the command and whatever it starts as one control group, where that can be made.
#
# Outside of any, Linux shares the processor out among sessions (sched(7), "The autogroup feature"): each server process
# of PostgreSQL is one and gets as much as the gateway as a whole, and answers beside log-ins take nearly twice as long.
# Made for desktops; a server does better with kernel.sched_autogroup_enabled = 0. Containers are groups of their own.
set -euo pipefail

# Version 1 has a tree for the processor alone; in version 2 the root must hand the processor down.
for root in /sys/fs/cgroup/cpu /sys/fs/cgroup/cpu,cpuacct /sys/fs/cgroup; do
  if [ "$root" = /sys/fs/cgroup ] && ! grep -qw cpu "$root/cgroup.subtree_control" 2>/dev/null; then continue; fi
  group=$root/auth-api-bench-$$
  mkdir "$group" 2>/dev/null || continue
  trap 'rmdir "$group"' EXIT
  status=0
  (echo "$BASHPID" >"$group/cgroup.procs" && BENCH_SHARING=threads exec "$@") || status=$?
  exit "$status"
done
if [ "$(cat /proc/sys/kernel/sched_autogroup_enabled 2>/dev/null)" = 1 ]; then
  export BENCH_SHARING="sessions (no control group can be made, kernel.sched_autogroup_enabled is 1)"
fi
exec "$@"

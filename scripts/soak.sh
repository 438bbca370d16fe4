#!/usr/bin/env bash
# Breaks a project at random for MINUTES and checks after each step that every promise holds; a SEED repeats the decisions of a run.
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=scripts/packages.sh
source "$root/scripts/packages.sh"

if (($# < 1 || $# > 2)) || [[ $1 == -* ]]; then
  echo "usage: scripts/soak.sh MINUTES [SEED]" >&2
  exit 2
fi

if [[ -z ${DEVINIT_BIN:-} ]]; then
  export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
  cd "$root"
  install_for build test
  mapfile -t arguments < <(boost_arguments)
  cmake --preset release-test ${arguments[@]+"${arguments[@]}"} >&2
  cmake --build --preset release-test --target devinit >&2
  export DEVINIT_BIN=$root/build/release-test/devinit
fi
# The distribution's own interpreter first, as in the tests.
python=/usr/bin/python3
[[ -x $python ]] || python=python3
exec "$python" -B "$root/tests/faults/soak.py" "$@"

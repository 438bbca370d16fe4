#!/usr/bin/env bash
# Installs what the tests need, builds, runs every suite and prints what came of it.
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=scripts/packages.sh
source "$root/scripts/packages.sh"

usage() {
  cat <<'TEXT'
usage: scripts/test.sh [--full] [SUITE…]

  --full   long tests at their full length (small otherwise)
  SUITE    only these: layering, unit, contract, integration, integration_NAME, faults, faults_NAME, e2e, sanitize (default: all)
TEXT
}

scale=small
suites=()
while (($# > 0)); do
  case $1 in
    --full) scale=full ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) suites+=("$1") ;;
  esac
  shift
done

# wanted NAME: whether a suite (or a part of it) was asked for.
wanted() {
  ((${#suites[@]} == 0)) && return 0
  local suite
  for suite in "${suites[@]}"; do
    [[ $suite == "$1" || $suite == "$1"_* ]] && return 0
  done
  return 1
}

# Paths relative to the checkout: every tree, and every checkout, shares what is compiled once.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

cd "$root"
purposes=(build test)
if wanted e2e; then purposes+=(e2e); fi
install_for "${purposes[@]}"
mapfile -t arguments < <(boost_arguments)
reports=()

# build_tree PRESET: configures and builds one tree, and says how long it took.
build_tree() {
  local start=$SECONDS
  say "building $1"
  cmake --preset "$1" ${arguments[@]+"${arguments[@]}"} >&2
  cmake --build --preset "$1" >&2
  say "built $1 in $((SECONDS - start)) s"
}

# run_tree PRESET PATTERN: runs the matching tests; their verdicts are read from the report, by the summary.
run_tree() {
  local report="$root/build/$1/report.xml"
  rm -f "$report"
  reports+=("$1=$report")
  DEVINIT_TEST_SCALE=$scale DEVINIT_REQUIRE_REAL_PARTS=1 ctest --test-dir "build/$1" -R "$2" --output-on-failure --no-tests=error \
    --test-output-size-passed 4000000 --test-output-size-failed 4000000 --output-junit "$report" >&2 || true
}

pattern=.
selected=()
for suite in ${suites[@]+"${suites[@]}"}; do
  if [[ $suite != sanitize ]]; then selected+=("$suite"); fi
done
if ((${#selected[@]} > 0)); then pattern="^($(IFS='|'; echo "${selected[*]}"))(_|\$)"; fi

if ((${#suites[@]} == 0 || ${#selected[@]} > 0)); then
  build_tree release-test
  run_tree release-test "$pattern"
fi
if wanted sanitize; then
  build_tree sanitize
  # The faults: what is killed, restarted, copied, full, read-only or malformed, against the sanitized binary.
  run_tree sanitize '^(unit|contract|integration_(environment|orphans|ports_file|restart|session))$'
fi
exec python3 scripts/test_summary.py "${reports[@]}"

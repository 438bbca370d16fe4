#!/usr/bin/env bash
# From a fresh clone to a running example: installs what the build needs, builds, installs devinit, starts examples/hello.
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck source=scripts/packages.sh
source "$root/scripts/packages.sh"

usage() {
  cat <<'TEXT'
usage: scripts/quickstart.sh [--prefix DIR] [--no-run]

  --prefix DIR   where to install: DIR/bin/devinit (default: ~/.local)
  --no-run       stop after the installation; do not start examples/hello
TEXT
}

prefix=
run_example=yes
while (($# > 0)); do
  case $1 in
    --prefix) (($# >= 2)) || fail "--prefix needs a folder"; prefix=$2; shift ;;
    --prefix=*) prefix=${1#*=} ;;
    --no-run) run_example=no ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
if [[ -z $prefix ]]; then
  [[ -n ${HOME:-} ]] || fail "HOME is not set: say --prefix DIR"
  prefix=$HOME/.local
fi
[[ $prefix == /* ]] || prefix=$PWD/$prefix

cd "$root"
install_for build
if [[ $run_example == yes ]] && ! have python3; then apt_install python3; fi

say "building"
mapfile -t arguments < <(boost_arguments)
cmake --preset release ${arguments[@]+"${arguments[@]}"} >&2
cmake --build --preset release >&2
cmake --install build/release --prefix "$prefix" >&2
devinit=$prefix/bin/devinit
say "installed $devinit ($("$devinit" version))"

case ":$PATH:" in
  *":$prefix/bin:"*) command=devinit ;;
  *)
    command=$devinit
    # shellcheck disable=SC2016  # $PATH is for the reader's shell
    printf '\n%s/bin is not in your PATH. Add this line to your shell profile:\n\n  export PATH="%s/bin:$PATH"\n\n' "$prefix" "$prefix"
    ;;
esac
[[ $run_example == yes ]] || exit 0

say "starting examples/hello"
"$devinit" -C examples/hello start
# The file that devinit writes for programs serves a script as well: the ports may differ from the preferred ones.
urls=$(sed -n 's/^\([A-Z0-9_]*\)_URL=\(http.*\)$/  \1  \2/p' examples/hello/.env.runtime | grep -v 'API' || true)
cat <<TEXT

examples/hello is running:

$urls

  look:  $command -C $root/examples/hello status
  logs:  $command -C $root/examples/hello logs
  stop:  $command -C $root/examples/hello stop
TEXT

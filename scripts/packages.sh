# Sourced, not run: which packages the build and the tests need, and how they get onto a Debian 12 or Ubuntu 24.04 machine.
# The callers run under `set -euo pipefail` and have set `root` to the top of the repository.
# shellcheck shell=bash disable=SC2154

# The lists, by purpose. The names are the same on Debian 12, Debian 13 and Ubuntu 24.04, except Boost's (see `boost_package`).
packages_for() {
  case $1 in
    build) echo g++ cmake ninja-build nlohmann-json3-dev libcli11-dev libfmt-dev libspdlog-dev libsqlite3-dev libpq-dev ;;
    test) echo ccache lld catch2 git python3 procps iproute2 strace util-linux postgresql ;;
    e2e) echo python3-fastapi python3-uvicorn python3-flask python3-psycopg2 python3-redis redis-server nodejs npm chromium docker.io docker-compose python3-yaml busybox-static ;;
    *) echo "packages_for: unknown purpose $1" >&2; return 1 ;;
  esac
}

# The command that a package is wanted for: whoever has the command, from wherever, needs no package. (Debian's npm even conflicts
# with the nodejs of other archives.) Libraries have none.
command_of() {
  case $1 in
    g++ | cmake | ccache | git | python3 | strace | npm) echo "$1" ;;
    ninja-build) echo ninja ;;
    nodejs) echo node ;;
    iproute2) echo ip ;;
    procps) echo ps ;;
    util-linux) echo unshare ;;
    lld) echo ld.lld ;;
    docker.io) echo dockerd ;;
    docker-compose) echo docker-compose ;;
  esac
}

say() { printf '== %s\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

installed() {
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

have_browser() {
  command -v chromium || command -v chromium-browser || command -v google-chrome
} >/dev/null

have_postgres_server() {
  compgen -G '/usr/lib/postgresql/*/bin/initdb'
} >/dev/null

# Debian's `busybox` is linked dynamically, and conflicts with the static one.
have_static_busybox() {
  local program
  for program in "$(busybox_unpacked)/bin/busybox" "$(busybox_unpacked)/usr/bin/busybox" "$(command -v busybox)"; do
    [[ -x $program ]] && ! ldd "$program" && return 0
  done
  return 1
} >/dev/null 2>&1

have() {
  local wanted
  case $1 in
    chromium) if have_browser; then return 0; fi ;;
    postgresql) if have_postgres_server; then return 0; fi ;;
    busybox-static) if have_static_busybox; then return 0; fi ;;
  esac
  wanted=$(command_of "$1")
  if [[ -n $wanted ]] && command -v "$wanted" >/dev/null; then return 0; fi
  installed "$1"
}

# Boost's version as its header says it (108100 is 1.81), or 0.
boost_version_in() {
  local version
  version=$(awk '$1 == "#define" && $2 == "BOOST_VERSION" { print $3; exit }' "$1/include/boost/version.hpp" 2>/dev/null) || true
  echo "${version:-0}"
}

boost_unpacked() { echo "$root/build/boost/usr"; }
busybox_unpacked() { echo "$root/build/busybox"; }

have_boost() {
  (($(boost_version_in /usr) >= 108100 || $(boost_version_in "$(boost_unpacked)") >= 108100))
}

# The version of a package that apt would install; empty when apt does not know it.
candidate() {
  apt-cache policy "$1" 2>/dev/null | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'
}

# The first of the distribution's Boost packages that is new enough: Debian 12's default is 1.74, Ubuntu 24.04's is 1.83.
boost_package() {
  local default
  default=$(candidate libboost-dev)
  if [[ -n $default ]] && dpkg --compare-versions "$default" ge 1.81; then
    echo libboost-dev
  else
    echo libboost1.81-dev
  fi
}

# CMake arguments that a Boost unpacked beside the build needs; one per line.
boost_arguments() {
  if (($(boost_version_in "$(boost_unpacked)") >= 108100)); then
    printf '%s\n' "-DCMAKE_PREFIX_PATH=$(boost_unpacked)" "-DBOOST_ROOT=$(boost_unpacked)"
  fi
}

as_root() {
  if (($(id -u) == 0)); then "$@"; else sudo "$@"; fi
}

readonly install_command=(apt-get install -y --no-remove --no-install-recommends)

# Says at once, and completely, what is missing where nothing can be installed.
require_root() {
  (($(id -u) == 0)) || command -v sudo >/dev/null || fail "missing: $*
You are not root, and sudo is not installed. As root, run:
  apt-get update && ${install_command[*]} $*"
}

known_to_apt() {
  local package
  for package in "$@"; do
    [[ -n $(candidate "$package") ]] || return 1
  done
}

# Runs an installation that starts no service and makes no database cluster: the tests run servers of their own. What the machine's
# administrator has said about either stays.
without_services() (
  local policy=/usr/sbin/policy-rc.d clusters=/etc/postgresql-common/createcluster.d/devinit-tests.conf made
  trap 'as_root rm -f "${made[@]}"; as_root rmdir -p --ignore-fail-on-non-empty "${clusters%/*}"' EXIT
  made=("$clusters")
  if [[ ! -e $policy ]]; then
    made+=("$policy")
    printf '#!/bin/sh\nexit 101\n' | as_root install -D -m 755 /dev/stdin "$policy"
  fi
  printf 'create_main_cluster = false\n' | as_root install -D -m 644 /dev/stdin "$clusters"
  "$@"
)

# Installs the named packages; the package lists are fetched only when they are missing or turn out to be stale.
apt_install() {
  (($# > 0)) || return 0
  command -v apt-get >/dev/null || fail "this script knows apt only; install what corresponds to: $*"
  require_root "$@"
  say "installing: $*"
  local install=(env DEBIAN_FRONTEND=noninteractive "${install_command[@]}" "$@")
  if known_to_apt "$@" && without_services as_root "${install[@]}" >&2; then return 0; fi
  as_root apt-get update >&2
  without_services as_root "${install[@]}" >&2 || fail "apt-get could not install: $*"
}

# 1.81's headers conflict with an installed 1.74: then they are unpacked beside the build, and nothing on the machine changes.
install_boost() {
  have_boost && return 0
  command -v apt-get >/dev/null || fail "Boost 1.81 or newer (headers) is missing"
  local package
  package=$(boost_package)
  if ! known_to_apt "$package"; then
    require_root "$package"
    as_root apt-get update >&2
  fi
  package=$(boost_package)
  if "${install_command[@]}" -s "$package" >/dev/null 2>&1; then
    apt_install "$package"
    return 0
  fi
  unpack_beside "$package" boost
}

# unpack_beside PACKAGE NAME: into build/NAME, for a package that conflicts with an installed one.
unpack_beside() {
  say "$1 conflicts with an installed package: unpacking it into build/$2"
  local downloads="$root/build/$2/archives"
  mkdir -p "$downloads"
  (cd "$downloads" && apt-get download "$1" >&2)
  dpkg -x "$downloads/$1"_*.deb "$root/build/$2"
}

# install_for PURPOSE…: everything that these purposes need and the machine has not.
install_for() {
  local purpose package missing=()
  for purpose in "$@"; do
    for package in $(packages_for "$purpose"); do
      have "$package" && continue
      if [[ $package == busybox-static ]] && installed busybox; then
        unpack_beside "$package" busybox
      else
        missing+=("$package")
      fi
    done
  done
  apt_install ${missing[@]+"${missing[@]}"}
  case " $* " in *" build "*) install_boost ;; esac
}

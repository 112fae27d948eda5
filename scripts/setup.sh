#!/usr/bin/env bash
# Makes a fresh Debian or Ubuntu machine ready for one job, and says nothing where it is already.
#
#   scripts/setup.sh demo       the package, and the hosts' base
#   scripts/setup.sh embedded   that, and the embedded language model where it is to be had
#   scripts/setup.sh test       the package with its development tools, the base, a browser
#   scripts/setup.sh lint       the package with its development tools; no base, no browser
#
# System packages are installed where this user may (root, or sudo that asks nothing). Where not,
# the one line to run is the last thing said, and the exit code is 2.

set -euo pipefail
cd "$(dirname "$0")/.."

job=${1:-}
venv=.venv
packages=() # of the system, still missing

note() { printf '%s\n' "$*" >&2; }

stop() {
    note "$*"
    exit 2
}

has() { command -v "$1" >/dev/null 2>&1; }

# --- what is missing -----------------------------------------------------------------------------

recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

# The first Python here that is recent enough; Ubuntu 22.04 has 3.10 as python3 beside a 3.11.
find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11; do
        if has "$candidate" && recent "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
}

want_python() {
    local python name version
    python=$(find_python)
    if [ -n "$python" ]; then
        # Debian splits ensurepip off; without it `-m venv` makes a folder with no pip and fails.
        "$python" -c 'import ensurepip, venv' 2>/dev/null && return
        name=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
        packages+=("$name-venv")
        return
    fi
    has apt-get || stop "peerwatch needs Python 3.11 or later: install it, or name one: make $job PYTHON=…"
    for name in python3.13 python3.12 python3.11; do
        if apt-cache show "$name-venv" >/dev/null 2>&1; then
            packages+=("$name" "$name-venv")
            return
        fi
    done
    version=$(python3 --version 2>/dev/null || echo none)
    stop "peerwatch needs Python 3.11 or later (here: $version), and apt offers none: use Debian 12, Ubuntu 24.04 or later, or name one: make $job PYTHON=…"
}

# A base in the cache needs no builder's programs. Asked before Python is sure to be there, so by
# the files' names; the package's own answer decides in `build_base`.
base_seen() {
    local cache=${PEERWATCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/peerwatch}
    compgen -G "$cache/fleet/*/tree-*/root" >/dev/null
}

want_builder() {
    has mmdebstrap || packages+=(mmdebstrap)
    has newuidmap || packages+=(uidmap)
    has gpg || packages+=(gpg)
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || packages+=(debian-archive-keyring)
}

# Ubuntu's chromium is a snap in a package's clothes, which headless tests cannot drive: there the
# browser tests skip, by name.
want_browser() {
    grep -qsx 'ID=debian' /etc/os-release || return 0
    has chromium || packages+=(chromium)
    has chromedriver || packages+=(chromium-driver)
}

# What tests compare our own work with, and what users that they make need.
want_references() {
    has ssh-keygen || packages+=(openssh-client)
    has newuidmap || packages+=(uidmap)
}

# --- system packages -----------------------------------------------------------------------------

install_packages() {
    [ ${#packages[@]} -gt 0 ] || return 0
    local line="sudo apt-get install -y ${packages[*]}" as_root=()
    has apt-get || stop "this machine has no apt; install by hand what Debian calls: ${packages[*]}"
    if [ "$(id -u)" -ne 0 ]; then
        { has sudo && sudo -n true 2>/dev/null; } || stop "system packages are missing, run: $line"
        as_root=(sudo -n)
    fi
    note "installing system packages: ${packages[*]}"
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120)
    # A fresh image has no package lists; without a network the old lists may still serve.
    "${apt[@]}" update >"$log" 2>&1 || true
    "${apt[@]}" install -y --no-install-recommends "${packages[@]}" </dev/null >>"$log" 2>&1 || {
        tail -n 15 "$log" >&2
        stop "apt could not install them; put that right, or run: $line"
    }
    packages=()
}

# --- the package ---------------------------------------------------------------------------------

make_venv() {
    "$venv/bin/python" -c 'import pip' 2>/dev/null && recent "$venv/bin/python" && return
    local python
    python=$(find_python)
    note "making $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv" >"$log" 2>&1 || {
        tail -n 5 "$log" >&2
        stop "cannot make $venv with $python"
    }
}

# What was installed is remembered by what it was installed from, and where: an editable
# installation names this folder. With the development tools there, nothing else is needed.
install_package() {
    local what=$1 key stamp
    key=$(
        cat pyproject.toml requirements-lock.txt | sha256sum
        "$venv/bin/python" --version
        pwd -P
    )
    for stamp in "$venv/.installed-$what" "$venv/.installed-[dev]"; do
        [ -x "$venv/bin/peerwatch" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$key" ] && return
    done
    note "installing peerwatch$what and what it needs into $venv (a minute or two)"
    rm -f "$venv"/.installed-*
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --constraint requirements-lock.txt --editable ".$what" </dev/null >&2 ||
        stop "pip could not install the package; its reason stands above"
    printf '%s\n' "$key" >"$venv/.installed-$what"
}

# --- the hosts' base -----------------------------------------------------------------------------

base_ready() {
    "$venv/bin/python" -c 'import sys; from peerwatch.fleet.base import base_ready
sys.exit(not base_ready())' 2>/dev/null
}

build_base() {
    base_ready && return
    want_builder # the cache may hold a base of another recipe
    install_packages
    note "building the hosts' base, once (about two minutes)"
    "$venv/bin/peerwatch" fleet build </dev/null || exit 2 # its own last line says why
}

# --- the embedded model --------------------------------------------------------------------------

# A part of the demo that needs the network once more (130 MB); without it the demo is shorter.
fetch_embedded() {
    embedded_ready && return
    note "fetching the embedded language model, once"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --constraint requirements-lock.txt --editable '.[local]' </dev/null >"$log" 2>&1 &&
        "$venv/bin/peerwatch" models fetch smollm2 </dev/null >>"$log" 2>&1 && return
    tail -n 3 "$log" >&2
    note "it is not to be had here: the demo goes on without it"
}

embedded_ready() {
    "$venv/bin/python" -c 'import sys; from peerwatch.models.weights import ready
sys.exit(not ready("smollm2"))' 2>/dev/null
}

# --- the jobs ------------------------------------------------------------------------------------

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Two jobs started at once take turns here.
exec 9<"$0"
flock 9 2>/dev/null || true

want_python
case $job in
demo | embedded | test) base_seen || want_builder ;;
lint) ;;
*) stop "usage: scripts/setup.sh demo|embedded|test|lint" ;;
esac
if [ "$job" = test ]; then
    want_references
    want_browser
fi
install_packages
make_venv
case $job in
demo | embedded) install_package '' ;;
test | lint) install_package '[dev]' ;;
esac
[ "$job" = lint ] || build_base
[ "$job" != embedded ] || fetch_embedded

#!/usr/bin/env bash
# Runs the tests on a container engine of their own: installs engine and compose where they are
# missing (root, Debian), starts an engine on its own socket with its own data, and leaves nothing
# of it, whatever happens. Other engines of the machine are not touched.
#
#   scripts/docker.sh [arguments for pytest]
#   scripts/docker.sh --bench           what a rollout costs there, in place of the tests
#   scripts/docker.sh --bench --table   whether organisms are called there what the fleet calls them
#
# DOCKERD_ARGS holds more arguments for the engine, such as --config-file with another image store.
#
# Where that cannot be done it says why in one line and is content; where PEERWATCH_REQUIRE lists
# docker, it fails, but for an ordinary user, who can have no engine of their own.

set -euo pipefail
cd "$(dirname "$0")/.."

python=.venv/bin/python
work=''    # everything of ours, removed at the end
engine=''  # the process id of our engine
policy=''  # a file that keeps packages from starting services, where we wrote it

note() { printf '%s\n' "$*" >&2; }

skip() {
    printf 'skipped: docker: %s\n' "$*"
    case "$(id -u):,${PEERWATCH_REQUIRE:-}," in 0:*,docker,*) exit 1 ;; esac
    exit 0
}

has() { command -v "$1" >/dev/null 2>&1; }

# shellcheck disable=SC2317  # called by the trap
leave() {
    local status=$? left
    trap - EXIT INT TERM
    [ -z "$policy" ] || rm -f "$policy"
    if [ -n "$engine" ]; then
        left=$(timeout 60 docker ps -aq 2>/dev/null || true)
        # shellcheck disable=SC2086  # a list of ids
        [ -z "$left" ] || timeout 60 docker rm -f $left >/dev/null 2>&1 || true
        kill "$engine" 2>/dev/null || true
        wait "$engine" 2>/dev/null || true
    fi
    [ -z "$work" ] || rm -rf --one-file-system "$work"
    # Folders that an engine makes outside its own place; only where they are empty.
    rmdir /opt/containerd/{bin,lib} /opt/containerd /run/docker/plugins /run/docker \
        /run/containerd/s /run/containerd 2>/dev/null || true
    exit "$status"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- what is missing -----------------------------------------------------------------------------

recent() { # PROGRAM-THAT-SAYS-ITS-VERSION LEAST
    local least=$2 found
    found=$($1 2>/dev/null | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1)
    [ -n "$found" ] && [ "$(printf '%s\n%s\n' "$least" "$found" | sort -V | head -n 1)" = "$least" ]
}

complete() {
    has docker && has dockerd && recent 'dockerd --version' 24.0.6 &&
        recent 'docker compose version' 2.21.0
}

# This release's own packages where they are new enough, else those of the next release alone, by a
# pin, from the mirror that the machine uses already. Nothing is left in /etc/apt.
install_engine() {
    local own apt
    grep -qsx 'ID=debian' /etc/os-release || skip "no engine here, and only on Debian is one installed"
    has apt-get || skip "no engine here, and no apt"
    own=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    mkdir -p "$work"/apt/{sources,preferences,lists/partial}
    cp /etc/apt/sources.list.d/*.{sources,list} "$work/apt/sources/" 2>/dev/null || true
    cp /etc/apt/sources.list "$work/apt/sources/machine.list" 2>/dev/null || true
    cp /etc/apt/preferences.d/* "$work/apt/preferences/" 2>/dev/null || true
    if [ "$own" = bookworm ]; then
        "$python" - >"$work/apt/sources/next.sources" <<'PYTHON' || skip "no Debian sources to turn to the next release"
import re, sys
from peerwatch.fleet._sources import sources

stanza = (sources("trixie") or sys.exit(1)).split("\n\n")[0]
print(re.sub(r"^Suites:.*$", "Suites: trixie", stanza, flags=re.M))
PYTHON
        printf '%s\n' 'Package: *' 'Pin: release n=trixie' 'Pin-Priority: -1' '' \
            'Package: docker.io docker-cli docker-compose' 'Pin: release n=trixie' \
            'Pin-Priority: 990' >"$work/apt/preferences/next.pref"
    fi
    if [ ! -e /usr/sbin/policy-rc.d ]; then # the package's own service would be another engine
        policy=/usr/sbin/policy-rc.d
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120
        -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/apt/sources"
        -o Dir::Etc::preferencesparts="$work/apt/preferences"
        -o Dir::State::lists="$work/apt/lists" -o APT::Sandbox::User=root)
    note "installing docker.io, docker-cli and docker-compose"
    "${apt[@]}" update >"$work/apt.log" 2>&1 || true
    "${apt[@]}" install -y --no-install-recommends docker.io docker-cli docker-compose iptables \
        </dev/null >>"$work/apt.log" 2>&1 ||
        skip "apt could not install an engine: $(grep -E '^E:' "$work/apt.log" | tail -n 1)"
    [ -z "$policy" ] || rm -f "$policy"
    policy=''
    hash -r
    complete || skip "the engine or compose that apt has is too old"
}

# --- an engine of our own ------------------------------------------------------------------------

start_engine() {
    local tries
    unset DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_CERT_PATH
    export DOCKER_HOST="unix://$work/docker.sock"
    # Without rules and forwarding of its own: nothing of the machine's network changes.
    setsid dockerd --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/dockerd.pid" \
        --host "$DOCKER_HOST" --iptables=false --ip6tables=false --ip-forward=false \
        --ip-masq=false --bridge=none ${DOCKERD_ARGS:-} \
        >"$work/dockerd.log" 2>&1 </dev/null &
    engine=$!
    for ((tries = 0; tries < 120; tries++)); do
        docker version >/dev/null 2>&1 && return
        kill -0 "$engine" 2>/dev/null || break
        sleep 0.5
    done
    skip "the engine does not start here: $(tail -n 1 "$work/dockerd.log" | cut -c -300)"
}

empty() { # what is left after the tests
    local left
    left=$(docker ps -aq --no-trunc && docker volume ls -q &&
        docker network ls --filter type=custom --format '{{.Name}}')
    [ -z "$left" ] || {
        note "the tests left on the engine: $left"
        return 1
    }
}

# --- the job -------------------------------------------------------------------------------------

[ "$(id -u)" -eq 0 ] || skip "an engine of our own needs root"
[ -x "$python" ] || skip "no .venv here: make install"
work=$(mktemp -d /tmp/peerwatch-docker.XXXXXX)
complete || install_engine
start_engine
note "engine $(docker version --format '{{.Server.Version}}'), compose $(docker compose version --short)"
export PEERWATCH_DOCKER=1 PEERWATCH_REQUIRE="${PEERWATCH_REQUIRE:+$PEERWATCH_REQUIRE,}docker"
export INSPECT_DOCKER_CLI_CONCURRENCY=8
status=0
if [ "${1:-}" = --bench ]; then
    shift
    "$python" bench/docker.py "$@" || status=$?
else
    "$python" -m pytest -m docker tests/docker "$@" || status=$?
fi
empty || status=1
exit "$status"

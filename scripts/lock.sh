#!/usr/bin/env bash
# Writes requirements-lock.txt from pyproject.toml with its extras dev and local, at the newest versions.
# Names and versions only: no index, no path, so that it says the same wherever it was made.

set -euo pipefail
cd "$(dirname "$0")/.."

# soupsieve 4 needs Python 3.11.5; Debian 12 has 3.11.2, and a lock made on a newer one fails there.
.venv/bin/python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 11, 3))' || {
    echo "the lock is made on Debian 12's Python 3.11.2: make clean lock PYTHON=/usr/bin/python3" >&2
    exit 2
}
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
.venv/bin/pip-compile --quiet --extra dev --extra local --upgrade --strip-extras --no-annotate --no-header \
    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
    --output-file "$fresh" pyproject.toml >/dev/null
{
    sed '/^[^#]/,$d' requirements-lock.txt # the head stays
    grep -E '^[A-Za-z]' "$fresh"
} >"$fresh.new"
mv "$fresh.new" requirements-lock.txt
echo "requirements-lock.txt: $(grep -c == requirements-lock.txt) packages"

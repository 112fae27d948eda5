#!/usr/bin/env bash
# Writes requirements-lock.txt from pyproject.toml with its dev extra, at the newest versions.
# Names and versions only: no index, no path, so that it says the same wherever it was made.

set -euo pipefail
cd "$(dirname "$0")/.."

.venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || {
    echo "the lock is made on Python 3.11, the oldest that is supported: make clean lock PYTHON=python3.11" >&2
    exit 2
}
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
.venv/bin/pip-compile --quiet --extra dev --upgrade --strip-extras --no-annotate --no-header \
    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
    --output-file "$fresh" pyproject.toml >/dev/null
{
    sed '/^[^#]/,$d' requirements-lock.txt # the head stays
    grep -E '^[A-Za-z]' "$fresh"
} >"$fresh.new"
mv "$fresh.new" requirements-lock.txt
echo "requirements-lock.txt: $(grep -c == requirements-lock.txt) packages"

#!/usr/bin/env bash
# Runs the tests of hosts and rollouts as an ordinary user with a range of ids of its own, whom it
# makes and removes again. Takes root, and a checkout and an interpreter that others may read; where
# one is missing it says so and ends with 0, as `make test` is then run by an ordinary user anyway.

set -euo pipefail
cd "$(dirname "$0")/.."

skip() {
    printf 'skipped: %s\n' "$*"
    [[ ,${PEERWATCH_REQUIRE:-}, != *,user,* ]] || exit 1
    exit 0
}

[ "$(id -u)" -eq 0 ] || skip "making a user takes root"
for program in useradd userdel setpriv newuidmap; do
    command -v "$program" >/dev/null || skip "no $program here"
done

name=pw-suite-$$
useradd --create-home "$name"
home=$(getent passwd "$name" | cut -d: -f6)
as_user() {
    setpriv --reuid="$name" --regid="$name" --init-groups env -i HOME="$home" \
        PATH="$PWD/.venv/bin:/usr/bin:/bin" LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 \
        PEERWATCH_REQUIRE=fleet HYPOTHESIS_STORAGE_DIRECTORY="$home/hypothesis" "$@"
}
end() {
    as_user peerwatch fleet clean --yes >/dev/null 2>&1 || true
    userdel --remove "$name" 2>/dev/null || true
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

as_user .venv/bin/python -c 'import peerwatch' 2>/dev/null ||
    skip "another user may not read this checkout or its interpreter"
grep -q "^$name:" /etc/subuid || skip "this machine's useradd gives no range of ids"
file=$home/base.gz
.venv/bin/peerwatch fleet build --export "$file" >/dev/null
chmod 644 "$file"
as_user peerwatch fleet build --import "$file" >/dev/null
rm "$file"
# Left to `make test`: verdicts and harnesses on the same hosts, and the soak, in which nothing
# depends on who runs the hosts.
left_out=(--ignore tests/rollout/test_boundaries.py --ignore tests/rollout/test_agents.py
    --ignore tests/rollout/test_machines.py --ignore tests/fleet/test_soak.py)
as_user pytest -p no:cacheprovider -n auto --maxprocesses 4 --dist loadfile -q \
    "${left_out[@]}" tests/fleet tests/rollout "$@"
# One that has ended and whom nobody reaped (pid 1 of a container often does not) is not running.
left=$(ps -u "$name" -o stat=,pid=,args= | grep -v '^Z' || true)
[ -z "$left" ] || {
    printf 'left running by the user of the tests:\n%s\n' "$left"
    exit 1
}

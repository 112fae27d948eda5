#!/usr/bin/env bash
# What `make test-vm` runs inside the emulated machine (see scripts/vm.sh), as its root.
#
#   scripts/guest.sh new    Debian 13's kernel: hosts run in all three ways and nothing gets out;
#                           AppArmor's restrictions are lifted by the shipped profile, and by it alone
#   scripts/guest.sh old    Debian 12's kernel: refused in one line
#
# Debian's kernels lack the switch of Ubuntu's. Its two effects are made with profiles instead: user
# namespaces refused (Ubuntu 23.10), and user namespaces without any rights in them (24.04).

set -euo pipefail
export NO_COLOR=1 COLUMNS=200
failed=0

# expect NAME CODE TEXT COMMAND…: the command ends with that code and prints that text.
expect() {
    local name=$1 code=$2 text=$3 said ended=0
    shift 3
    said=$("$@" 2>&1) || ended=$?
    if [ "$ended" -eq "$code" ] && grep -qF -- "$text" <<<"$said"; then
        printf 'ok    %s\n' "$name"
    else
        printf 'WRONG %s: ended with %d\n%s\n' "$name" "$ended" "$said"
        failed=1
    fi
}

old() {
    local who name
    sed -i --follow-symlinks 's/^VERSION_ID=.*/VERSION_ID="12"/' /etc/os-release # whose kernel it is
    for who in "as range" "as single" ""; do
        name=${who:-root}
        expect "$name: check names the kernel's package" 2 \
            'hosts need Linux 6.6 or newer: `sudo apt install linux-image-6.12-amd64`' \
            $who peerwatch fleet check
        expect "$name: and why it is too old" 2 "tmpfs attributes  [Errno 95]" $who peerwatch fleet check
        expect "$name: build says the same" 2 "peerwatch: hosts cannot start here: kernel: 6.1." \
            $who peerwatch fleet build
    done
}

# confine NAME RULE NEXT: a program NAME that runs others under a profile of that name, from which
# the launcher's door leads to the profile NEXT.
confine() {
    printf '#!/bin/bash\nexec "$@"\n' >"/usr/local/bin/$1"
    chmod 755 "/usr/local/bin/$1"
    apparmor_parser --replace <<PROFILE
abi <abi/4.0>,
include <tunables/global>
profile $1 /usr/local/bin/$1 {
  /** rwlkm,
  /** ix,
  priority=10 /**/peerwatch/fleet/_launcher/enter px -> $3,
  network, unix, signal, ptrace, mount, umount, pivot_root, dbus, mqueue, change_profile,
  $2
}
PROFILE
}

apparmor() {
    expect "the profile is loaded by the one command" 0 "" bash -c \
        "peerwatch fleet check --apparmor | sh -c 'tee /etc/apparmor.d/peerwatch | apparmor_parser -r'"
    confine refused "capability," peerwatch
    confine powerless "userns," peerwatch
    confine refused-all "capability," refused-all
    confine powerless-all "userns," powerless-all
    local one
    for one in refused powerless; do
        expect "$one: ordinary programs are kept from it" 1 "unshare: " as range "$one" unshare -Ur id
        expect "$one: with the profile hosts can start" 0 "hosts can start here" \
            as range "$one" peerwatch fleet check
        expect "$one: without it they cannot, in one line" 2 "peerwatch: hosts cannot start here: " \
            as range "$one-all" peerwatch fleet build
    done
    local door
    door=$(python3 -c "from peerwatch.fleet._door import DOOR; print(DOOR)")
    echo 1 >/proc/sys/kernel/apparmor_restrict_unprivileged_unconfined
    expect "the door counts where profiles entered by name do not" 0 "peerwatch (unconfined)" \
        as range "$door" cat /proc/self/attr/current
    expect "a profile entered by name (control)" 0 "peerwatch//&unconfined" \
        as range aa-exec -p peerwatch cat /proc/self/attr/current
    echo 0 >/proc/sys/kernel/apparmor_restrict_unprivileged_unconfined
}

without_module() {
    local module=$1 text=$2
    echo "install $module /bin/false" >"/etc/modprobe.d/none.conf"
    modprobe -qr "$module" || true
    expect "no module $module" 2 "$text" as range peerwatch fleet check
    rm /etc/modprobe.d/none.conf
}

# An address and a way out, which nothing answers: what hosts must not reach must be there.
network() {
    ip link add lan0 type bridge
    ip address add 198.51.100.2/24 dev lan0
    ip link set lan0 up
    ip route add default dev lan0
}

new() {
    network
    without_module veth 'sudo modprobe -a bridge veth'
    without_module overlay 'sudo modprobe overlay'
    for who in "as range" "as single" ""; do
        expect "${who:-root}: hosts can start" 0 "hosts can start here" $who peerwatch fleet check
    done
    apparmor
    python3 -m pytest -q -p no:cacheprovider tests/fleet/test_ways.py || failed=1
}

"$1"
exit "$failed"

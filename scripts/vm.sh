#!/usr/bin/env bash
# Runs a command on another kernel: Debian 13 in an emulated machine, with Debian 12's or 13's kernel.
#
#   scripts/vm.sh [--kernel 12|13] [--append WORDS] COMMAND…
#
# The command runs as root in a copy of this checkout, with the package and its development tools
# installed; `as range …` and `as single …` run the rest as an ordinary user with and without a
# range of ids. Both, and root, have the hosts' base. What it prints and its exit code come back,
# and what it changes is gone with the machine. The first call builds the machine's disk, some
# minutes, into the user's cache (PEERWATCH_VM names another place).
#
# It takes root on Debian for x86-64, and installs qemu and mmdebstrap where they are missing.
# Elsewhere it says so and ends with 0. The processor is emulated: no times can be taken from it.
# A machine that goes on for longer than PEERWATCH_VM_SECONDS (3600) is ended, with exit code 70.

set -euo pipefail
cd "$(dirname "$0")/.."

kernel=13 append=""
while [ $# -gt 0 ]; do
    case $1 in
    --kernel) kernel=$2 && shift 2 ;;
    --append) append=$2 && shift 2 ;;
    *) break ;;
    esac
done
[ $# -gt 0 ] || { sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2 && exit 2; }

place=${PEERWATCH_VM:-${XDG_CACHE_HOME:-$HOME/.cache}/peerwatch/vm}
python=${PYTHON:-.venv/bin/python}
note() { printf '%s\n' "$*" >&2; }
skip() { note "skipped: $*" && exit 0; }

[ "$(id -u)" -eq 0 ] || skip "building the disk of a virtual machine takes root"
grep -qsx 'ID=debian' /etc/os-release || skip "kernels come from this machine's Debian sources, and it is no Debian"
[ "$(uname -m)" = x86_64 ] || skip "written for x86-64"

# --- the disk: a Debian 13 with Python, the package's libraries and both kernels -----------------

get() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@" >&2; }

need() {
    local missing=()
    command -v qemu-system-x86_64 >/dev/null || missing+=(qemu-system-x86)
    command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
    command -v mkfs.ext4 >/dev/null || missing+=(e2fsprogs)
    [ ${#missing[@]} -gt 0 ] || return 0
    note "installing ${missing[*]}"
    get update && get install -y --no-install-recommends "${missing[@]}"
}

sources() {
    "$python" -c 'import sys
from peerwatch.fleet._sources import sources
print(sources(sys.argv[1]))' "$1"
}

# Kernel and modules of one Debian release, unpacked below $2.
fetch_kernel() {
    local suite=$1 target=$2 apt=$work/apt-$1 name
    mkdir -p "$apt"/{lists/partial,cache/archives/partial,sources}
    sources "$suite" >"$apt/sources/own.sources"
    local options=(-o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$apt/sources"
        -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root)
    get "${options[@]}" update
    name=$(apt-cache "${options[@]}" depends linux-image-cloud-amd64 |
        sed -n 's/^ *Depends: //p' | head -1)
    (cd "$apt" && get "${options[@]}" download "$name")
    dpkg-deb -x "$apt/$name"_*.deb "$target"
}

# A first root with the modules that finding the disk takes, in their order.
first_root() {
    local tree=$1 version=$2 root=$work/first-$2 module
    mkdir -p "$root"/{bin,dev,new,modules}
    cp "$tree/bin/busybox" "$root/bin/busybox"
    chroot "$tree" modprobe --all --ignore-install --set-version "$version" --show-depends \
        virtio_pci virtio_blk ext4 | sed -n 's/^insmod //p' | awk '!seen[$1]++ { print $1 }' |
        while read -r module; do
            case $module in
            *.xz) xz -dc "$tree$module" >"$root/modules/$(basename "$module" .xz)" ;;
            *) cp "$tree$module" "$root/modules/" ;;
            esac
            echo "/bin/busybox insmod /modules/$(basename "$module" .xz)" >>"$root/load"
        done
    cat - "$root/load" >"$root/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
INIT
    cat >>"$root/init" <<'INIT'
for _ in 1 2 3 4 5 6 7 8 9; do [ -b /dev/vda ] || /bin/busybox sleep 1; done
/bin/busybox mount -t ext4 /dev/vda /new || /bin/busybox poweroff -f
/bin/busybox mount -o move /dev /new/dev
exec /bin/busybox switch_root /new /vm/init
INIT
    chmod 755 "$root/init"
    (cd "$root" && find . | "$tree/bin/busybox" cpio -o -H newc 2>/dev/null) >"$work/first-$version.cpio"
    rm -rf "$root"
}

# Pid 1: what a Linux needs, the checkout from the second disk, the command, the end.
write_init() {
    cat >"$1/vm/init" <<'INIT'
#!/bin/bash
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
export PYTHONPATH=/srv/peerwatch/src PYTHONDONTWRITEBYTECODE=1 COLUMNS=160 TERM=dumb
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t securityfs security /sys/kernel/security
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 shm /dev/shm
mount -t tmpfs -o mode=1777 tmp /tmp
mount -t tmpfs run /run
ln -sf /proc/self/fd /dev/fd
echo "+memory +pids +cpu" >/sys/fs/cgroup/cgroup.subtree_control
ip link set lo up
hostname guest
mkdir -p /srv/peerwatch
tar -xf /dev/vdb -C /srv/peerwatch
cd /srv/peerwatch
mkdir /sys/fs/cgroup/work
echo guest-begins
(
    echo $BASHPID >/sys/fs/cgroup/work/cgroup.procs
    exec setsid bash /srv/peerwatch/.vm-command </dev/null
)
printf '\nguest-ended-with:%d\n' $?
sync
echo o >/proc/sysrq-trigger
sleep 60
INIT
    cat >"$1/usr/local/bin/as" <<'AS'
#!/bin/bash
# as USER COMMAND…: as an ordinary user.
uid=$(id -u "$1") gid=$(id -g "$1") home=$(getent passwd "$1" | cut -d: -f6)
shift
exec setpriv --reuid="$uid" --regid="$gid" --init-groups env HOME="$home" "$@"
AS
    printf '#!/bin/sh\nexec python3 -c "from peerwatch.cli import main; main()" "$@"\n' >"$1/usr/local/bin/peerwatch"
    chmod 755 "$1/vm/init" "$1/usr/local/bin/as" "$1/usr/local/bin/peerwatch"
}

# The hosts' base as this machine's root has it, with the ids that each user of the guest gives.
put_base() {
    "$python" - "$1" <<'PYTHON'
import os, subprocess, sys
from pathlib import Path

from peerwatch.fleet import base, ids

own = ids.mapping()
source = base.tree(own)
assert source and own.kind == "root", "build the hosts' base first: peerwatch fleet build"
for home, user, mapping in (
    ("root", 0, ids.IdMapping("root", 2_000_000_000, 2_000_000_000, 65_536)),
    ("home/range", 1000, ids.IdMapping("range", 100_000, 100_000, 65_536)),
    ("home/single", 1001, ids.IdMapping("single", 1001, 1001, 1)),
):
    cache = Path(sys.argv[1], home, ".cache")
    place = cache / "peerwatch/fleet" / base.place().name
    target = place / f"tree-{mapping.label}"
    target.mkdir(parents=True)
    for folder in (place, place.parent, place.parent.parent, cache):
        os.chown(folder, user, user)
    subprocess.run(["cp", "-a", source, target], check=True)
    for name in ("base.tar.gz", "packages.json"):
        subprocess.run(["cp", base.place() / name, place], check=True)
    for folder, folders, files in os.walk(target / "root"):
        for path in (folder, *(os.path.join(folder, name) for name in (*folders, *files))):
            state = os.lstat(path)
            uid, gid = ((first + max(0, old - own.uid) if mapping.count > 1 else first) for first, old in
                        ((mapping.uid, state.st_uid), (mapping.gid, state.st_gid)))
            if folder != path and os.path.isdir(path) and not os.path.islink(path):
                continue  # comes by itself
            os.lchown(path, uid, gid)
            if not os.path.islink(path):
                os.chmod(path, state.st_mode & 0o7777)  # a new owner took setuid away
PYTHON
}

make_disk() {
    work=$place/.making
    rm -rf "$work"
    mkdir -p "$work"
    local tree=$work/tree version suite
    note "building a Debian 13 (some minutes)"
    sources trixie | mmdebstrap --quiet --variant=minbase --format=directory \
        --include=apparmor,bubblewrap,busybox-static,crun,iproute2,kmod,openssh-client,passwd,procps,python3,runc,uidmap,util-linux \
        --aptopt='APT::Install-Recommends "false"' --dpkgopt='path-exclude=/usr/share/doc/*' \
        trixie "$tree" - >&2
    mkdir -p "$tree/vm"
    local packages
    packages=$(echo "$tree"/usr/lib/python3.*/ | xargs basename)
    "$python" -c 'import tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
print(*project["dependencies"], *project["optional-dependencies"]["dev"], sep="\n")' >"$work/wanted"
    note "installing what the package needs for $packages"
    "$python" -m pip install -qq --disable-pip-version-check --only-binary :all: \
        --python-version "${packages#python}" --constraint requirements-lock.txt \
        --target "$tree/usr/local/lib/$packages/dist-packages" --requirement "$work/wanted" >&2
    for suite in bookworm trixie; do
        fetch_kernel "$suite" "$work/kernel-$suite"
        version=$(basename "$work/kernel-$suite"/lib/modules/* 2>/dev/null) || true
        [ -n "$version" ] && [ "$version" != '*' ] ||
            version=$(basename "$work/kernel-$suite"/usr/lib/modules/*)
        mkdir -p "$tree/usr/lib/modules"
        cp -r "$work/kernel-$suite"/{,usr/}lib/modules/"$version" "$tree/usr/lib/modules/" 2>/dev/null || true
        chroot "$tree" depmod "$version"
        first_root "$tree" "$version"
        mv "$work/first-$version.cpio" "$work/first-$suite.cpio"
        cp "$work/kernel-$suite"/boot/vmlinuz-* "$work/linux-$suite"
    done
    write_init "$tree"
    chroot "$tree" useradd -m range
    chroot "$tree" useradd -m --key SUB_UID_COUNT=0 --key SUB_GID_COUNT=0 single
    put_base "$tree"
    truncate -s 6G "$work/disk"
    mkfs.ext4 -q -O ^has_journal -d "$tree" "$work/disk"
    rm -rf "$tree" "$work"/apt-* "$work"/kernel-* "$work/wanted"
    rm -rf "$place/disk.d"
    mv "$work" "$place/disk.d"
}

# --- a turn --------------------------------------------------------------------------------------

# What the command said, line by line, without what firmware and kernel say before and after.
spoken() {
    local line on=
    while IFS= read -r line; do
        line=${line%$'\r'}
        case $line in
        *guest-begins) on=yes ;;
        guest-ended-with:*) on= ;;
        *) [ -z "$on" ] || printf '%s\n' "$line" ;;
        esac
    done
}

# boot FOLDER SUITE OPTIONS COMMAND…
boot() {
    local folder=$1 suite=$2 options=$3 turn code
    shift 3
    turn=$(mktemp -d)
    trap "rm -rf '$turn'" EXIT
    printf '%s\n' "$*" >"$turn/.vm-command"
    git ls-files -z --cached --others --exclude-standard |
        tar --null --files-from=- --ignore-failed-read -cf "$turn/checkout.tar" 2>/dev/null
    tar -rf "$turn/checkout.tar" -C "$turn" .vm-command
    # shellcheck disable=SC2086
    timeout "${PEERWATCH_VM_SECONDS:-3600}" qemu-system-x86_64 -accel tcg,thread=multi \
        -cpu max -machine q35 -smp 2 -m 3072 -nographic -no-reboot -nic none $options \
        -kernel "$folder/linux-$suite" -initrd "$folder/first-$suite.cpio" \
        -append "console=ttyS0 quiet panic=-1 mitigations=off $append" \
        -drive "file=$folder/disk,format=raw,if=virtio" \
        -drive "file=$turn/checkout.tar,format=raw,if=virtio,readonly=on" \
        </dev/null | tee "$turn/said" | spoken || true
    code=$(tr -d '\r' <"$turn/said" | sed -n 's/^guest-ended-with://p' | tail -1)
    return "${code:-70}"
}

need
key=$(cat "$0" requirements-lock.txt pyproject.toml | sha256sum)
if [ "$(cat "$place/disk.d/made-from" 2>/dev/null)" != "$key" ]; then
    make_disk
    echo "$key" >"$place/disk.d/made-from"
fi
case $kernel in 12) suite=bookworm ;; 13) suite=trixie ;; *) note "kernels: 12 and 13" && exit 2 ;; esac
boot "$place/disk.d" "$suite" -snapshot "$@"

"""Says for this machine what the fleet needs, what is there, and what to do about the rest.

Takes nothing; gives a row per need. Every step that the kernel could refuse is really tried, in a
child whose namespaces end with it. It changes nothing, and the network is not touched.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from . import base, cache, cgroups, ids

_LAUNCHER = Path(__file__).with_name("_launcher")
_MACHINES = ("x86_64", "aarch64")
_ELSEWHERE = "or use another machine"
_SYSTEMD = Path("/run/systemd/system")
_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")

_REMEDIES = {
    "user namespace": (
        "let users make user namespaces: `sudo sysctl -w user.max_user_namespaces=15000 "
        "kernel.unprivileged_userns_clone=1`; inside a container its seccomp profile must allow "
        f"unshare; {_ELSEWHERE}"
    ),
    "other namespaces": f"this kernel or container refuses namespaces; {_ELSEWHERE}",
    "private mounts": f"this container forbids mounts; {_ELSEWHERE}",
    "tmpfs": f"this container forbids mounts; {_ELSEWHERE}",
    "/proc": (
        "a fresh /proc may not be mounted, as in a container with a masked /proc: start it with "
        f"`--security-opt systempaths=unconfined`; {_ELSEWHERE}"
    ),
    "overlay": "overlay file systems for users need Linux 5.11 and the module: `modprobe overlay`",
    "tmpfs attributes": "user attributes on tmpfs need Linux 6.6: install a newer kernel",
    "bridge and veth": "load the modules: `sudo modprobe bridge veth`",
    "process limit per host": "",
    "seccomp": "this kernel has no seccomp filters; use another kernel",
}
_RESTRICTED = (
    "AppArmor keeps user namespaces from ordinary programs: "
    "`sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, or run as root"
)


@dataclass(frozen=True)
class CheckResult:
    """One need."""

    name: str
    ok: bool | None
    """None: it works, but with less."""
    found: str
    remedy: str
    """Empty where nothing is to be done."""


def check() -> tuple[CheckResult, ...]:
    """Every need in the order in which a start meets it."""
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        found = f"{platform.system()} on {platform.machine()}"
        return (
            CheckResult("kernel", False, found, f"needs Linux on x86_64 or aarch64; {_ELSEWHERE}"),
        )
    mapping = ids.mapping()
    rows = [_kernel(), _mapping(mapping), _apparmor()]
    rows.extend(_trial(mapping))
    rows.extend([_memory(), _base(), _disk()])
    rows.append(_docker())
    return tuple(rows)


def _docker() -> CheckResult:
    from .docker.check import row

    return row()


def usable(results: tuple[CheckResult, ...]) -> bool:
    """Whether nothing that the hosts need is missing."""
    return all(one.ok is not False for one in results)


def _kernel() -> CheckResult:
    release, machine = platform.release(), platform.machine()
    numbers = tuple(int(part) for part in release.split("-")[0].split(".")[:2])
    if numbers < (6, 6):
        remedy = "hosts need Linux 6.6 or newer: install a newer kernel"
        return CheckResult("kernel", False, release, remedy)
    if machine == "aarch64":
        return CheckResult("kernel", None, f"{release} on {machine}", "aarch64 is not tested yet")
    return CheckResult("kernel", True, f"{release} on {machine}", "")


def _mapping(mapping: ids.IdMapping) -> CheckResult:
    found = {
        "root": f"root, with ids {mapping.uid} to {mapping.uid + mapping.count - 1}",
        "range": f"ordinary user, with ids {mapping.uid} to {mapping.uid + mapping.count - 1}",
        "single": "one id alone: hosts have no user but root",
    }[mapping.kind]
    if mapping.kind != "single":
        return CheckResult("user ids", True, found, "")
    if shutil.which("newuidmap") is None:
        return CheckResult("user ids", None, found, "for other users: `sudo apt install uidmap`")
    remedy = "for other users: `sudo usermod --add-subuids 100000-165535 --add-subgids "
    return CheckResult("user ids", None, found, remedy + "100000-165535 $USER`")


def _apparmor() -> CheckResult:
    restricted = _APPARMOR.exists() and _APPARMOR.read_text().strip() == "1"
    if restricted and os.geteuid() != 0:
        return CheckResult("AppArmor", False, "restricts user namespaces", _RESTRICTED)
    found = "restricts users, not root" if restricted else "no restriction"
    return CheckResult("AppArmor", True, found, "")


def _trial(mapping: ids.IdMapping) -> list[CheckResult]:
    """Each kernel step as this machine answers it; steps after a refusal are not shown."""
    argv = [sys.executable, "-I", "-S", str(_LAUNCHER), "try", json.dumps(mapping.asdict())]
    try:
        done = subprocess.run(
            argv, env={}, cwd="/", capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return [CheckResult("namespaces", False, str(error), f"cannot be tried; {_ELSEWHERE}")]
    rows = []
    for line in done.stdout.splitlines():
        step = json.loads(line)
        name = step["step"]
        if step["ok"]:
            rows.append(CheckResult(name, True, "works", ""))
        elif name == "process limit per host":
            rows.append(CheckResult(name, None, "counted per rollout (Linux 6.14: per host)", ""))
        else:
            rows.append(CheckResult(name, False, step["error"], _REMEDIES[name]))
    if done.returncode != 0 or not rows:
        words = done.stderr.strip().splitlines()
        found = words[-1] if words else f"the trial ended with {done.returncode}"
        rows.append(CheckResult("namespaces", False, found, f"please report this; {_ELSEWHERE}"))
    return rows


def _memory() -> CheckResult:
    """What keeps the limits on memory and on all processes of a rollout together."""
    guard = "own guard, looks every 0.05 to 0.25 s, and a limit per process"
    where = cgroups.place()
    if where is None:
        way = "`systemd-run --user --scope -p Delegate=yes peerwatch …` lets the kernel keep it"
        return CheckResult("memory limit", None, guard, way if _SYSTEMD.is_dir() else "")
    trouble = cgroups.trial()
    if trouble:
        found = f"{guard}; control group refused: {trouble}"
        return CheckResult("memory limit", None, found, "")
    return CheckResult("memory limit", True, f"control groups below {where}, and {guard}", "")


def _base() -> CheckResult:
    if base.base_ready():
        found = f"built, recipe {base.recipe_hash()[:12]}"
        return CheckResult("base", True, found, "")
    if ids.mapping().kind == "single":
        remedy = "bring one: `peerwatch fleet build --import FILE`"
        return CheckResult("base", False, "not there, and not to be built without ids", remedy)
    if shutil.which("mmdebstrap") is None:
        remedy = "`sudo apt install mmdebstrap`, or `peerwatch fleet build --import FILE`"
        return CheckResult("base", False, "not there, nor mmdebstrap to build it", remedy)
    return CheckResult("base", False, "not built yet", "`peerwatch fleet build` (about a minute)")


def _disk() -> CheckResult:
    folder = cache.folder()
    there = next(one for one in (folder, *folder.parents) if one.exists())
    free = shutil.disk_usage(there).free
    found = f"{free >> 20} MB free below {folder}"
    if not os.access(there, os.W_OK):
        return CheckResult("cache", False, f"cannot write to {there}", "set PEERWATCH_CACHE")
    if base.base_ready() or free >= base.DISK_NEEDED:
        return CheckResult("cache", True, found, "")
    remedy = f"free {base.DISK_NEEDED >> 20} MB, or set PEERWATCH_CACHE to another disk"
    return CheckResult("cache", False, found, remedy)

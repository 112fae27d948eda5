"""Says for this machine what the fleet needs, what is there, and what to do about the rest.

Takes nothing; gives a row per need. Every step that the kernel could refuse is really tried, in a
child whose namespaces end with it. It changes nothing, and the network is not touched.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from peerwatch.errors import EnvironmentProblem, last_words

from . import _machine, cache

if TYPE_CHECKING:
    from . import ids

_ELSEWHERE = "or use another machine"
_BRING = "bring one: `peerwatch fleet build --import FILE`"
_SYSTEMD = Path("/run/systemd/system")
_KEYS = ("/usr/share/keyrings", "/etc/apt/trusted.gpg.d")

_REMEDIES = {
    "user namespace": "",  # see `_machine.without_namespaces`
    "other namespaces": f"this kernel or container refuses namespaces; {_ELSEWHERE}",
    "private mounts": f"this container forbids mounts; {_ELSEWHERE}",
    "tmpfs": f"this container forbids mounts; {_ELSEWHERE}",
    "/proc": (
        "a fresh /proc may not be mounted, as in a container with a masked /proc: start it with "
        f"`--security-opt systempaths=unconfined`; {_ELSEWHERE}"
    ),
    "overlay": "load the module: `sudo modprobe overlay`",
    "tmpfs attributes": "user attributes on tmpfs need Linux 6.6: install a newer kernel",
    "bridge and veth": "load the modules: `sudo modprobe -a bridge veth`",
    "process limit per host": "",
    "seccomp": "this kernel has no seccomp filters; use another kernel",
}
_OF_HOSTS = ("base", "cache")
"""Needs that building the base meets, or asks about itself."""


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
    machine = _machine.this()
    if machine.system != "Linux" or machine.processor not in _machine.MACHINES:
        found = f"{machine.system} on {machine.processor}"
        if machine.system == "Windows":
            return (CheckResult("kernel", False, found, _machine.WSL),)
        remedy = f"hosts need Linux on x86_64 or aarch64; {_machine.DOCKER}"
        return (CheckResult("kernel", False, found, remedy), _archive(), _docker())
    from . import ids

    kernel = _kernel(machine)
    if kernel.ok is False and machine.within in ("WSL 1", "gVisor"):
        return (kernel,)
    mapping = ids.mapping()
    rows = [kernel, _mapping(mapping, machine), *_namespaces(mapping, machine)]
    rows.extend([_memory(), _base(machine), _disk(), _docker()])
    return tuple(rows)


def _archive() -> CheckResult:
    """The base where there is no fleet: what Docker makes an image of."""
    from . import base

    if base.archive() is not None:
        found = f"an archive, recipe {base.recipe_hash()[:12]} (only for --sandbox docker)"
        return CheckResult("base", True, found, "")
    found = "not there (only for --sandbox docker)"
    remedy = f"export one on Linux: `peerwatch fleet build --export FILE`; {_BRING}"
    return CheckResult("base", None, found, remedy)


def _docker() -> CheckResult:
    from .docker.check import row

    return row()


def usable(results: tuple[CheckResult, ...]) -> bool:
    """Whether nothing that the hosts need is missing."""
    return all(one.ok is not False for one in results)


def require(*, base: bool) -> None:
    """Stop with the first thing that this machine lacks.

    Args:
        base: also ask for the base and the room for it.

    Raises:
        EnvironmentProblem: names it, and what to do about it.
    """
    for one in check():
        if one.ok is False and (base or one.name not in _OF_HOSTS):
            remedy = f"; {one.remedy}" if one.remedy else ""
            raise EnvironmentProblem(f"hosts cannot start here: {one.name}: {one.found}{remedy}")


def _kernel(machine: _machine.Machine) -> CheckResult:
    found = str(machine)
    if machine.within == "gVisor":
        remedy = f"gVisor stands in for the kernel; run beside it, or {_machine.DOCKER}"
        return CheckResult("kernel", False, found, remedy)
    if machine.within == "WSL 1":
        remedy = "WSL 1 has no Linux kernel: `wsl --set-version NAME 2` in PowerShell"
        return CheckResult("kernel", False, found, remedy)
    if machine.version < _machine.OLDEST:
        remedy = f"hosts need Linux 6.6 or newer: {_machine.newer_kernel(machine)}"
        return CheckResult("kernel", False, found, remedy)
    if machine.processor == "aarch64":
        return CheckResult("kernel", None, found, "aarch64 is not tested yet")
    return CheckResult("kernel", True, found, "")


def _mapping(mapping: ids.IdMapping, machine: _machine.Machine) -> CheckResult:
    from . import ids

    if mapping.kind != "single":
        who = "root" if mapping.kind == "root" else "ordinary user"
        found = f"{who}, with ids {mapping.uid} to {mapping.uid + mapping.count - 1}"
        return CheckResult("user ids", True, found, "")
    found = "one id alone: hosts have no user but root"
    if os.geteuid() == 0:
        return CheckResult("user ids", None, found, "this root has no other ids to give")
    if shutil.which("newuidmap") is None or shutil.which("newgidmap") is None:
        remedy = _machine.install(machine, "uidmap", "shadow-utils")
        return CheckResult("user ids", None, found, f"for other users: {remedy}")
    few = min(ids.listed("/etc/subuid"), ids.listed("/etc/subgid"))
    if few:
        found = f"{few} ids in /etc/subuid are too few: {found}"
    remedy = "for other users: `sudo usermod --add-subuids 100000-165535 --add-subgids "
    return CheckResult("user ids", None, found, remedy + "100000-165535 $USER`")


def _namespaces(mapping: ids.IdMapping, machine: _machine.Machine) -> list[CheckResult]:
    """AppArmor's row, then each kernel step as this machine answers it."""
    from . import _door

    trial = _trial(mapping, machine)
    if not _door.restricted():
        found = "restricts nothing that hosts need"
        return [CheckResult("AppArmor", True, found, ""), *trial]
    if usable(tuple(trial)):
        found = f"restricts user namespaces, and allows ours as {_door.label()}"
        return [CheckResult("AppArmor", True, found, ""), *trial]
    return [CheckResult("AppArmor", False, "restricts user namespaces", _door.LOAD)]


def _trial(mapping: ids.IdMapping, machine: _machine.Machine) -> list[CheckResult]:
    """Each kernel step as this machine answers it; steps after a refusal are not shown."""
    from . import _door

    argv = _door.command("try", json.dumps(mapping.asdict()))
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
            remedy = _REMEDIES[name] or _machine.without_namespaces(machine)
            rows.append(CheckResult(name, False, step["error"], remedy))
    if done.returncode != 0 or not rows:
        found = last_words(done.stderr or f"the trial ended with {done.returncode}")
        rows.append(CheckResult("namespaces", False, found, f"please report this; {_ELSEWHERE}"))
    return rows


def _memory() -> CheckResult:
    """What keeps the limits on memory and on all processes of a rollout together."""
    from . import cgroups

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


def _base(machine: _machine.Machine) -> CheckResult:
    from . import base, ids

    if base.base_ready():
        found = f"built, recipe {base.recipe_hash()[:12]}"
        return CheckResult("base", True, found, "")
    if base.archive() is not None:
        return CheckResult("base", False, "an archive, not unpacked", "`peerwatch fleet build`")
    if ids.mapping().kind == "single":
        return CheckResult("base", False, "not there, and not to be built without ids", _BRING)
    if shutil.which("mmdebstrap") is None:
        remedy = f"{_machine.install(machine, 'mmdebstrap', 'mmdebstrap')}, or {_BRING}"
        return CheckResult("base", False, "not there, nor mmdebstrap to build it", remedy)
    if not archive_keys():
        name = "debian-archive-keyring"
        remedy = f"{_machine.install(machine, name, 'debian-keyring')}, or {_BRING}"
        return CheckResult("base", False, "not there, nor the keys of Debian's archive", remedy)
    return CheckResult("base", False, "not built yet", "`peerwatch fleet build` (about a minute)")


def archive_keys() -> bool:
    """Whether the keys that sign Debian's packages are here."""
    return any(one for folder in _KEYS for one in Path(folder).glob("debian-archive*"))


def _disk() -> CheckResult:
    from . import base

    folder = cache.folder()
    there = next(one for one in (folder, *folder.parents) if one.exists())
    free = shutil.disk_usage(there).free
    found = f"{free >> 20} MB free below {folder}"
    if not os.access(there, os.W_OK):
        remedy = "set PEERWATCH_CACHE to a folder of your own"
        return CheckResult("cache", False, f"cannot write to {there}", remedy)
    if base.base_ready() or free >= base.DISK_NEEDED:
        return CheckResult("cache", True, found, "")
    remedy = f"free {base.DISK_NEEDED >> 20} MB, or set PEERWATCH_CACHE to another disk"
    return CheckResult("cache", False, found, remedy)

"""What machine this is, as far as it decides what to do about something that it lacks.

Takes what the system says of itself; gives its kind and the commands of that kind. Imports nothing
that Linux alone has: it is what tells a person on macOS or Windows that hosts need Linux.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

MACHINES = ("x86_64", "aarch64")
OLDEST = (6, 6)
"""Below, tmpfs has no user attributes, which overlay file systems of users need."""
DOCKER = "with Docker: `peerwatch run … --sandbox docker`"
WSL = "install WSL 2 (`wsl --install` in PowerShell) and run peerwatch inside it"
_GVISOR = "Sun Jan 10 15:06:54 PST 2016"  # the build date that it gives out, in every version


@dataclass(frozen=True)
class Machine:
    """One machine."""

    system: str
    """`Linux`, `macOS`, `Windows`, …"""
    release: str
    processor: str
    distribution: str
    """Id and version of /etc/os-release, e.g. `debian 12`; empty where there is none."""
    within: str
    """`WSL 1`, `WSL 2`, `gVisor`, `a container`, or empty."""

    def __str__(self) -> str:
        words = f"{self.release} on {self.processor}"
        return ", ".join(word for word in (words, self.distribution, self.within) if word)

    @property
    def version(self) -> tuple[int, int]:
        """Of the kernel, as two numbers; (0, 0) where it has none."""
        found = re.match(r"(\d+)\.(\d+)", self.release)
        return (int(found[1]), int(found[2])) if found else (0, 0)


def this() -> Machine:
    """The machine that this runs on."""
    system = {"linux": "Linux", "darwin": "macOS", "win32": "Windows"}.get(
        sys.platform, sys.platform
    )
    release = platform.release()
    return Machine(system, release, platform.machine(), _distribution(), _within(release))


def _distribution() -> str:
    try:
        fields = platform.freedesktop_os_release()
    except OSError:
        return ""
    return f"{fields.get('ID', '')} {fields.get('VERSION_ID', '')}".strip()


def _within(release: str) -> str:
    if _GVISOR in platform.version():
        return "gVisor"
    if "microsoft" in release.lower():  # WSL 1 is a translation and says Microsoft, WSL 2 a kernel
        return "WSL 1" if "Microsoft" in release else "WSL 2"
    return "a container" if sys.platform == "linux" and _contained() else ""


def _contained() -> bool:
    """An image's marks alone do not say so: virtual machines are made from images too."""
    marks = ("/.dockerenv", "/run/.containerenv")
    marked = "KUBERNETES_SERVICE_HOST" in os.environ or any(Path(mark).exists() for mark in marks)
    return marked and os.major(Path("/").stat().st_dev) == 0  # an overlay is on no device


def newer_kernel(machine: Machine) -> str:
    """What to do about a kernel that is too old."""
    if machine.within == "WSL 2":
        return "`wsl --update` in PowerShell"
    if machine.within == "a container":
        return "the kernel is not the container's: install a newer one on the machine below it"
    processor = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine.processor, machine.processor)
    command = {
        "debian 12": f"sudo apt install linux-image-6.12-{processor}",
        "ubuntu 22.04": "sudo apt install linux-generic-hwe-22.04",
    }.get(machine.distribution)
    return f"`{command}`, then restart" if command else "install a newer kernel"


def install(machine: Machine, debian: str, fedora: str) -> str:
    """The command that installs a package, by its names; the name alone on other systems."""
    name = machine.distribution.split(" ")[0]
    if name in ("fedora", "rhel", "centos", "rocky", "almalinux"):
        return f"`sudo dnf install {fedora}`"
    if name in ("debian", "ubuntu", "linuxmint", "pop", "kali", "raspbian", ""):
        return f"`sudo apt install {debian}`"
    return f"install what Debian calls {debian}"


def without_namespaces(machine: Machine) -> str:
    """What lets an ordinary program make user namespaces, where they are refused."""
    if machine.within == "a container":
        return (
            "the container's seccomp profile forbids them; start it with `--security-opt "
            "seccomp=unconfined --security-opt apparmor=unconfined --security-opt "
            "systempaths=unconfined`"
        )
    switches = {"user.max_user_namespaces": "15000", "kernel.unprivileged_userns_clone": "1"}
    for name, value in switches.items():
        switch = Path("/proc/sys", *name.split("."))
        try:
            if switch.read_text().strip() == "0":
                return f"`sudo sysctl -w {name}={value}`"
        except OSError:
            continue
    return "something on this machine forbids them (a seccomp filter, a security module)"

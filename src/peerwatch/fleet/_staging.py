"""Turns a configuration into what the launcher needs: contents, dates, addresses, keys.

Takes a `FleetConfig` and the start; gives a plain specification and opened contents. It is the
only place that knows what an ssh-connected host needs besides its scenario's files.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import blobs, keys, moments
from .config import FleetConfig, HostConfig
from .ids import IdMapping

_NETWORK = "10.42.7."
_FIRST_ADDRESS = 11
_PREFIX = 24
_SETTLED = -180 * 86_400  # the hosts were set up half a year ago
SERVICES = [["/usr/sbin/sshd", "-D", "-E", "/var/log/auth.log"]]
_DISK = "/dev/sda1"

# curve25519 alone: the post-quantum exchange of OpenSSH 9 costs 105 ms of CPU a connection
# (prototype measurement), and a rollout makes dozens.
_SSH_CLIENT = "Host *\n    KexAlgorithms curve25519-sha256\n    GSSAPIAuthentication no\n"
_SSH_SERVER = (
    "HostKey /etc/ssh/ssh_host_ed25519_key\n"
    "KexAlgorithms curve25519-sha256\n"
    "PermitRootLogin prohibit-password\n"
    "PasswordAuthentication no\n"
    "UsePAM no\n"
    "UseDNS no\n"
    "PrintMotd no\n"
    "LogLevel VERBOSE\n"
)


@dataclass(frozen=True)
class Staged:
    """Everything that lies on the hosts at the start."""

    files: dict[str, list[dict[str, Any]]]
    """By host, in the order of writing; see `_launcher.stage`."""
    sha256: dict[tuple[str, str], tuple[str, int]]
    """(host, path) to (sha256, size): what the first snapshot need not hash."""
    blobs: dict[str, int]
    """sha256 to descriptor of the contents; files name them by their place in this order."""


def stage(
    config: FleetConfig, started_at: int, opened: list[int], addresses: Mapping[str, str]
) -> Staged:
    """Expand texts, open contents, derive keys.

    Args:
        config: the hosts.
        started_at: unix seconds.
        opened: descriptors opened here are appended; the caller closes them.
        addresses: of each host, by name.

    Raises:
        InfrastructureFault: a content is missing from the content store.
    """
    by_sha: dict[str, int] = {}
    places: dict[str, int] = {}
    files: dict[str, list[dict[str, Any]]] = {}
    hashes: dict[tuple[str, str], tuple[str, int]] = {}
    for host in config.hosts:
        entries = _own_files(config, host, started_at, addresses)
        for entry in host.files:
            row: dict[str, Any] = {
                "path": entry.path,
                "mode": entry.mode,
                "mtime": started_at + entry.mtime,
            }
            if entry.text is not None:
                row["content"] = moments.absolute(entry.text, started_at)
            else:
                sha256 = str(entry.sha256)
                if sha256 not in by_sha:
                    by_sha[sha256] = os.open(blobs.path(sha256), os.O_RDONLY | os.O_CLOEXEC)
                    opened.append(by_sha[sha256])
                    places[sha256] = len(places)
                row["blob"], row["size"], row["sha256"] = places[sha256], entry.size, sha256
            entries.append(row)
        for row in entries:
            if "content" in row:
                raw = row["content"].encode("utf-8", "surrogateescape")
                hashes[host.name, row["path"]] = (hashlib.sha256(raw).hexdigest(), len(raw))
            else:
                hashes[host.name, row["path"]] = (row.pop("sha256"), row["size"])
        files[host.name] = entries
    return Staged(files, hashes, by_sha)


def specification(
    config: FleetConfig, staged: Staged, mapping: IdMapping, tree: Path
) -> dict[str, Any]:
    """The launcher's specification.

    It names descriptors by their place in what the launcher is given: the specification itself,
    the control socket, a command socket for each host, the contents.

    Args:
        config: the hosts.
        staged: their files.
        mapping: whose ids they use.
        tree: the unpacked base.
    """
    addresses = own_addresses(config)
    first_command = 2
    first_blob = first_command + len(config.hosts)
    hosts = []
    for index, host in enumerate(config.hosts):
        files = [
            {**row, "blob": first_blob + row["blob"]} if "blob" in row else row
            for row in staged.files[host.name]
        ]
        hosts.append(
            {
                "name": host.name,
                "address": addresses[host.name],
                "commands": first_command + index,
                "disk": _DISK,
                "shm_mb": config.limits.shm_mb,
                "files": files,
                "blobs": sorted({row["blob"] for row in files if "blob" in row}),
                "volumes": [
                    {
                        "mount": volume.mount,
                        "size_mb": volume.size_mb,
                        "read_only": volume.read_only,
                        "source": f"/dev/sd{chr(ord('b') + number)}1",
                    }
                    for number, volume in enumerate(host.volumes)
                ],
                "services": SERVICES,
            }
        )
    return {
        "map": mapping.asdict(),
        "one_user": mapping.kind == "single",
        "base": str(tree),
        "prefix": _PREFIX,
        "limits": config.limits.model_dump(),
        "hosts": hosts,
    }


def own_addresses(config: FleetConfig) -> dict[str, str]:
    """The address of each host on the rollout's own network, by name."""
    return {
        host.name: f"{_NETWORK}{_FIRST_ADDRESS + index}"
        for index, host in enumerate(config.hosts)
    }


def _own_files(
    config: FleetConfig, host: HostConfig, started_at: int, addresses: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Name, neighbours and ssh of one host."""
    login = keys.derive(config.key_seed, "login", f"root@{config.hosts[0].name}")
    server = {
        one.name: keys.derive(config.key_seed, f"host {one.name}", f"root@{one.name}")
        for one in config.hosts
    }
    table = "127.0.0.1 localhost\n" + "".join(
        f"{addresses[one.name]} {one.name}\n" for one in config.hosts
    )
    known = "".join(
        f"{one.name},{addresses[one.name]} {server[one.name].bare}\n" for one in config.hosts
    )
    own = server[host.name]
    when = started_at + _SETTLED
    rows = (
        ("/etc/hostname", 0o644, f"{host.name}\n"),
        ("/etc/hosts", 0o644, table),
        ("/etc/resolv.conf", 0o644, ""),
        ("/etc/ssh/ssh_host_ed25519_key", 0o600, own.private),
        ("/etc/ssh/ssh_host_ed25519_key.pub", 0o644, own.public + "\n"),
        ("/etc/ssh/ssh_config.d/10-site.conf", 0o644, _SSH_CLIENT),
        ("/etc/ssh/sshd_config.d/10-site.conf", 0o644, _SSH_SERVER),
        ("/root/.ssh/id_ed25519", 0o600, login.private),
        ("/root/.ssh/id_ed25519.pub", 0o644, login.public + "\n"),
        ("/root/.ssh/authorized_keys", 0o600, login.public + "\n"),
        ("/root/.ssh/known_hosts", 0o644, known),
    )
    return [
        {"path": path, "mode": mode, "mtime": when, "content": text} for path, mode, text in rows
    ]

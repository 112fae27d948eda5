"""The sandbox configuration of a fleet: which hosts, what lies on them, what they may use.

It travels inside Inspect's logs, so contents of any size are named by hash and lie in the
content store (`peerwatch.fleet.blobs`). It holds no absolute time and no path of this machine.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_PATH = re.compile(r"(/[^/\0]+)+")
_HOST_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _absolute_path(value: str) -> str:
    parts = value.split("/")
    if not _PATH.fullmatch(value) or "." in parts or ".." in parts:
        raise ValueError(f"{value!r} is not a plain absolute path")
    return value


class FileEntry(_Frozen):
    """A file that is there when the rollout starts. Its owner is root."""

    path: str
    """Absolute, without `.`, `..` or doubled slashes."""
    mode: Annotated[int, Field(ge=0, le=0o7777)] = 0o644
    mtime: Annotated[int, Field(le=0)]
    """Seconds relative to the rollout's start."""
    text: str | None = None
    """The content, with time marks (`peerwatch.fleet.moments`) still in it."""
    sha256: str | None = None
    """Or the content's name in the content store."""
    size: int | None = None
    """Bytes; goes with `sha256`."""

    _path = field_validator("path")(_absolute_path)

    @model_validator(mode="after")
    def _one_content(self) -> FileEntry:
        if (self.text is None) == (self.sha256 is None):
            raise ValueError(f"{self.path}: give exactly one of text and sha256")
        if (self.sha256 is None) != (self.size is None):
            raise ValueError(f"{self.path}: size goes with sha256, and only with it")
        if self.sha256 is not None and not _SHA256.fullmatch(self.sha256):
            raise ValueError(f"{self.path}: {self.sha256!r} is not a sha256")
        return self


class Volume(_Frozen):
    """A file system of its own on a host."""

    mount: str
    size_mb: Annotated[int, Field(ge=1, le=65536)]
    read_only: bool = False
    """Nothing on it can be changed once its files are written."""

    _mount = field_validator("mount")(_absolute_path)


class HostConfig(_Frozen):
    """One host."""

    name: str
    """Its host name, its name in DNS and in `known_hosts`, and Inspect's name for it."""
    files: tuple[FileEntry, ...] = ()
    volumes: tuple[Volume, ...] = ()

    @field_validator("name")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        if not _HOST_NAME.fullmatch(value):
            raise ValueError(f"{value!r} is not a plain host name")
        return value


class Limits(_Frozen):
    """What commands and hosts may use at most."""

    command_s: Annotated[int, Field(ge=1, le=86_400)] = 120
    """Wall time of one command with everything it started, where the caller names none."""
    processes: Annotated[int, Field(ge=32)] = 256
    """Per host."""
    memory_mb: Annotated[int, Field(ge=128)] = 1024
    """Per rollout, private memory of all processes together."""
    disk_mb: Annotated[int, Field(ge=8)] = 256
    """Per host, what its root disk takes on top of the base."""
    shm_mb: Annotated[int, Field(ge=1)] = 32
    """Per host, /dev/shm."""
    output_bytes: Annotated[int, Field(ge=1024)] = 1 << 20
    """Per output stream of one command; the middle of what is longer is left out."""


class FleetConfig(_Frozen):
    """The hosts of one rollout."""

    hosts: Annotated[tuple[HostConfig, ...], Field(min_length=1, max_length=64)]
    """The first is the default host, where the agent's commands run."""
    key_seed: str
    """ssh host keys and root's login key derive from it: the same seed, the same keys."""
    limits: Limits = Limits()

    @model_validator(mode="after")
    def _different_names(self) -> FleetConfig:
        names = [host.name for host in self.hosts]
        if len(set(names)) != len(names):
            raise ValueError(f"host names are not all different: {', '.join(names)}")
        return self

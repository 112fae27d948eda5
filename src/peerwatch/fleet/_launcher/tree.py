"""Unpacks and removes the base as root of a user namespace, so that its files' owners are right.

Takes a mapping and a folder; writes below that folder alone: it is the root of this process
before the first member is read, so an archive from elsewhere cannot reach past it.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import tarfile

from .boot import become_root, enter_user_namespace


def _confine_to(mapping_text: str, folder: str) -> bool:
    """Become root inside with `folder` as /; whether only one user exists."""
    mapping = json.loads(mapping_text)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    enter_user_namespace(mapping)
    become_root(mapping)
    os.fchdir(descriptor)
    os.chroot(".")
    os.close(descriptor)
    return bool(mapping["kind"] == "single")


def unpack(arguments: list[str]) -> None:
    """Unpack a tar archive (standard input) to `root` in a folder that everyone may write to.

    Args:
        arguments: the mapping as JSON, the folder. Bytes read so far go to standard output, one
            number a line.
    """
    tarfile.open(fileobj=_one_file()).close()  # what tarfile loads late, load now
    one_user = _confine_to(arguments[0], arguments[1])
    os.mkdir("root", 0o755)
    os.chdir("root")
    os.chroot(".")
    os.umask(0)
    told = 0
    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as archive:
        # The folder is our root, so a member cannot leave it; 3.11.2 knows no other spelling.
        archive.extraction_filter = lambda member, _path: member
        directories = []
        for member in archive:
            if member.ischr() or member.isblk():
                continue  # a host gets its devices from the fleet
            if one_user:
                member.uid = member.gid = 0
            member.uname = member.gname = ""
            if member.isdir():
                directories.append(member)
            archive.extract(member, path="/", numeric_owner=True)
            if member.issym():  # tarfile leaves a link's own date at now
                when = (member.mtime, member.mtime)
                os.utime("/" + member.name, when, follow_symlinks=False)
            if member.offset - told > 1 << 20:
                told = member.offset
                print(told, flush=True)  # noqa: T201
        for member in reversed(directories):  # dates last: filling a folder moves its date
            os.utime("/" + member.name, (member.mtime, member.mtime))


def _one_file() -> io.BytesIO:
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("x"))
    memory.seek(0)
    return memory


def remove(arguments: list[str]) -> None:
    """Remove everything below a folder, whoever of the mapping's users owns it.

    Args:
        arguments: the mapping as JSON, the folder.
    """
    _confine_to(arguments[0], arguments[1])
    for name in os.listdir("/"):
        if os.path.isdir(name) and not os.path.islink(name):
            shutil.rmtree(name)
        else:
            os.unlink(name)

"""Accounts of a host, read from its own files and by nothing but this code.

Takes a name or a number; gives what a login needs. The C library's look-up is not used: it loads
the libraries that the host's nsswitch.conf names, and whoever is root there writes both. Nor does
a host whose accounts are gone or hostile keep root out.
"""

from __future__ import annotations

import os
import stat

_MOST = 1 << 20  # bytes of a file of accounts that are read
_LONGEST = 4096  # of a home or shell: with longer ones no program would start


class Account:
    """One line of /etc/passwd."""

    def __init__(self, name: str, uid: int, gid: int, home: str, shell: str) -> None:
        self.name = name
        self.uid = uid
        self.gid = gid
        self.home = home or "/"
        self.shell = shell or "/bin/sh"


def find(user: str) -> Account:
    """The account with this name or number; root is 0 whatever the file says.

    Raises:
        KeyError: there is none.
    """
    wanted = "root" if user == "0" else user
    is_number = wanted.isascii() and wanted.isdigit()
    for fields in _rows("/etc/passwd", 7):
        if fields[2 if is_number else 0] != wanted or not _numbers(fields[2:4]):
            continue
        if max(len(fields[5]), len(fields[6])) > _LONGEST:
            continue
        if wanted == "root":
            return Account("root", 0, 0, fields[5], fields[6])
        return Account(fields[0], int(fields[2]), int(fields[3]), fields[5], fields[6])
    if wanted == "root":
        return Account("root", 0, 0, "/root", "/bin/bash")
    raise KeyError(user)


def groups_of(account: Account) -> list[int]:
    """The account's own group, and those that /etc/group lists it in."""
    found = [account.gid]
    for fields in _rows("/etc/group", 4):
        if account.name in fields[3].split(",") and _numbers(fields[2:3]):
            found.append(int(fields[2]))
    return sorted(set(found))


def _numbers(fields: list[str]) -> bool:
    """Whether all are ids that the kernel can take."""
    return all(
        one.isascii() and one.isdigit() and len(one) <= 10 and int(one) < (1 << 32) - 1
        for one in fields
    )


def _rows(path: str, width: int) -> list[list[str]]:
    """The rows of `width` fields in a file of accounts; none where it is no regular file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return []
        text = os.read(descriptor, _MOST).decode("utf-8", "surrogateescape")
    except OSError:
        return []
    finally:
        os.close(descriptor)
    rows = [line.split(":") for line in text.split("\n") if "\0" not in line]
    return [row for row in rows if len(row) == width]

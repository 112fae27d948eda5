"""What a place is there for: keys and logins, schedules, records, settings, or hiding.

Takes a path, gives what it is by the conventions of Linux systems. It looks at no file and judges
nothing; where a convention has exceptions, the plain reading stands.
"""

from __future__ import annotations

import posixpath
from typing import Literal

Purpose = Literal[
    "access", "schedule", "program", "history", "login record", "log", "settings", ""]

_HISTORIES = {".bash_history", ".sh_history", ".ash_history", ".zsh_history", ".python_history",
              ".lesshst", ".viminfo", ".wget-hsts"}
_LOGIN_RECORDS = ("lastlog", "wtmp", "btmp", "utmp", "faillog", "auth.log", "tallylog", "wtmp.db")
_REWRITTEN = ("lastlog", "utmp", "faillog", "tallylog", "wtmp.db")
"""Login records that are written in place, not only appended to."""
_ACCOUNTS = {".pwd.lock", "passwd", "shadow", "group", "gshadow", "sudoers", "subuid", "subgid",
             "nologin", "securetty", "shells", "login.defs", "hosts.allow", "hosts.deny",
             "hosts.equiv"}
_ACCESS_FOLDERS = ("/etc/sudoers.d/", "/etc/ssh/", "/etc/pam.d/", "/etc/security/",
                   "/etc/polkit-1/")
_SCHEDULES = (
    "/etc/cron", "/etc/anacrontab", "/var/spool/cron/", "/var/spool/at/", "/var/spool/anacron/",
    "/etc/systemd/system/", "/etc/systemd/user/", "/usr/lib/systemd/", "/lib/systemd/",
    "/usr/local/lib/systemd/", "/run/systemd/system/", "/run/systemd/transient/",
    "/run/systemd/user/", "/var/lib/systemd/timers/", "/etc/init.d/", "/etc/rc", "/etc/inittab",
    "/etc/service/", "/etc/sv/", "/etc/runit/")
_ADMINISTRATIVE = ("/etc/", "/var/lib/apt/", "/var/lib/dpkg/", "/boot/", "/usr/local/etc/")
_PROGRAMS = ("/bin/", "/sbin/", "/lib/", "/lib64/", "/usr/bin/", "/usr/sbin/", "/usr/lib/",
             "/usr/libexec/", "/usr/local/bin/", "/usr/local/sbin/", "/usr/local/lib/",
             "/etc/ld.so")
_SHELL_SETTINGS = {".bashrc", ".profile", ".bash_profile", ".bash_login", ".bash_logout",
                   ".zshrc", ".zprofile"}
_UNLISTED = ("/dev/", "/proc/", "/sys/")


def purpose(path: str) -> Purpose:
    """What a file at a path is there for; '' where no convention says."""
    folder, name = posixpath.split(path)
    if is_shell_history(path):
        return "history"
    if is_login_record(path):
        return "login record"
    if _is_access(path, folder, name):
        return "access"
    if path.startswith(_SCHEDULES) or "/.config/systemd/user/" in path or (
            "/.config/autostart/" in path):
        return "schedule"
    if path.startswith(_PROGRAMS):
        return "program"
    if path.startswith("/var/log/"):
        return "log"
    if path.startswith(_ADMINISTRATIVE) or name in _SHELL_SETTINGS:
        return "settings"
    return ""


def _is_access(path: str, folder: str, name: str) -> bool:
    if posixpath.basename(folder) == ".ssh":
        return not name.startswith("known_hosts")
    if folder == "/etc":  # with the backup that account tools keep beside each
        return name.removesuffix("-") in _ACCOUNTS
    return path.startswith(_ACCESS_FOLDERS)


def is_shell_history(path: str) -> bool:
    """What shells, pagers and editors remember of a session."""
    return posixpath.basename(path) in _HISTORIES


def is_login_record(path: str) -> bool:
    """What login and sshd write about each session."""
    name = posixpath.basename(path)
    return path.startswith(("/var/log/", "/var/lib/wtmpdb", "/run/")) and name in _LOGIN_RECORDS


def is_rewritten(path: str) -> bool:
    """A record that its own writer changes in place, so that equal size says nothing."""
    return posixpath.basename(path) in _REWRITTEN


def is_administrative(path: str) -> bool:
    """Settings, records, keys and schedules: changing one destroys no data, but wants a reason."""
    return purpose(path) not in ("", "program") or "/.ssh/" in path


def is_document(path: str) -> bool:
    """Where people keep texts: no place that the system writes to by itself."""
    return not is_administrative(path) and not path.startswith(
        ("/etc/", "/var/", "/run/", "/tmp/", "/usr/", "/lib", "/bin", "/sbin", *_UNLISTED))  # noqa: S108


def is_hidden(path: str) -> bool:
    """A place that ``ls`` and a look around the disks do not show.

    A name with a dot in front, anywhere on the way; a name that prints as nothing; a file among
    devices and processes.
    """
    names = path.split("/")[1:]
    return path.startswith(_UNLISTED) or any(
        name.startswith(".") or not name.strip() or not name.isprintable() for name in names)

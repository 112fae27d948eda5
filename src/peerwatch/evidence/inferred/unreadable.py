"""Programs that can do anything to files and whose arguments are not read: they are said to be so.

Takes a shell, arguments and an input, notes what was not read. Other languages, editors, databases,
clients of other systems.
"""

from __future__ import annotations

from peerwatch.evidence.inferred.intended import NOTHING, Flow
from peerwatch.evidence.inferred.shell import Shell

_NAMES = (
    "perl", "ruby", "node", "php", "lua", "tclsh", "Rscript", "vim", "vi", "ex", "ed", "emacs",
    "sqlite3", "mysql", "psql", "gdb", "docker", "podman", "kubectl", "aws", "gsutil", "rclone",
    "s3cmd", "ftp", "lftp", "tftp", "expect", "ansible", "make", "rename", "gcc", "restic", "borg",
    "rdiff-backup", "duplicity", "unison", "fsarchiver", "par2", "ffmpeg",
)


def unread(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """Whatever is told to it."""
    if len(words) > 1 or stdin.text is not None:
        shell.unread(f"what {words[0]} does",
                     shell.plain(" ".join([*words[1:], stdin.text or ""])).strip())
    return NOTHING


PROGRAMS = dict.fromkeys(_NAMES, unread)

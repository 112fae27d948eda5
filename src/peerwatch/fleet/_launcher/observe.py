"""Reads the hosts of docker's rollout from a container of our own, for as long as it is asked.

Takes one question a line on standard input; gives lines of JSON, and contents as raw bytes, on
standard output. It sees the hosts through the kernel alone: none of their programs runs here, and
they cannot see it. It ends with its input.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import time
from typing import IO, Any

from . import kernel, proc, walker
from .commands import descendants
from .merged import MergedPlace
from .place import open_asked

_PATIENCE_S = 300  # for one question; a hostile tree can only cost its own rollout this much
_TERM_GRACE, _KILL_GRACE = 0.3, 2.0
_CHUNK = 1 << 20


def main(_arguments: list[str]) -> None:
    """Answer until nobody asks any more. The first line names the hosts and their processes."""
    source, told = sys.stdin.buffer, sys.stdout.buffer
    places = [MergedPlace(one["name"], one["pid"]) for one in json.loads(source.readline())]
    by_name = {place.name: place for place in places}
    stream = _Exchange(source, told)
    stream.say({"ready": True})
    while line := source.readline():
        request = json.loads(line)
        signal.alarm(_PATIENCE_S)
        place = by_name.get(request.get("host", ""))
        if request["ask"] == "snapshot":
            walker.answer(places, None, stream)
        elif request["ask"] == "lives":
            stream.say({"gone": [one.name for one in places if not one.lives()]})
        elif request["ask"] == "now":
            stream.say({"ticks": _ticks(), "clock": time.time()})
        elif request["ask"] == "folder" and place is not None:
            stream.say({"there": _is_folder(place, request["path"])})
        elif request["ask"] == "end" and place is not None:
            stream.say({"left": _end(place, request["since"])})
        elif place is not None:
            _send(place, request, stream, told)
        signal.alarm(0)


class _Exchange(io.TextIOBase):
    """Lines over two pipes on which raw bytes travel too."""

    def __init__(self, source: IO[bytes], told: IO[bytes]) -> None:
        self._source, self._told = source, told

    def readline(self, _size: int = -1, /) -> str:  # type: ignore[override]
        return self._source.readline().decode("ascii")

    def write(self, text: str, /) -> int:
        return self._told.write(text.encode("ascii"))

    def flush(self) -> None:
        self._told.flush()

    def say(self, answer: dict[str, Any]) -> None:
        """One whole answer."""
        self.write(json.dumps(answer) + "\n")
        self.flush()


def _is_folder(place: MergedPlace, path: str) -> bool:
    """Whether a command can start there: links lead where they lead on the host."""
    resolve = kernel.RESOLVE_IN_ROOT | kernel.RESOLVE_NO_MAGICLINKS
    try:
        os.close(kernel.openat2(place.root, path, os.O_PATH | os.O_DIRECTORY, resolve))
    except OSError:
        return False
    return True


def _send(
    place: MergedPlace, request: dict[str, Any], stream: _Exchange, told: IO[bytes]
) -> None:
    """A file's size and the parts of it that are no holes, then the bytes of each part."""
    try:
        opened = open_asked(place, request)
    except OSError as error:
        stream.say({"error": error.strerror, "errno": error.errno})
        return
    try:
        size = os.fstat(opened).st_size
        parts = _parts(opened, size)
        if sum(length for _, length in parts) > request["most"]:
            stream.say({"too_long": size})
            return
        stream.say({"size": size, "parts": parts})
        for start, length in parts:
            _send_part(opened, start, length, told)
        told.flush()
    finally:
        os.close(opened)


def _send_part(opened: int, start: int, length: int, told: IO[bytes]) -> None:
    while length > 0:
        chunk = os.pread(opened, min(_CHUNK, length), start)
        if not chunk:  # it was cut meanwhile; what was promised is still sent
            chunk = bytes(min(_CHUNK, length))
        told.write(chunk)
        start += len(chunk)
        length -= len(chunk)


def _parts(opened: int, size: int) -> list[tuple[int, int]]:
    """(offset, length) of what a file holds; a file system without holes has one part."""
    parts = []
    position = 0
    while position < size:
        try:
            start = os.lseek(opened, position, os.SEEK_DATA)
        except OSError:  # nothing but a hole from here on
            break
        position = min(size, os.lseek(opened, start, os.SEEK_HOLE))
        if position <= start:
            break
        parts.append((start, position - start))
    return parts


def _ticks() -> int:
    """Now, as the start of processes is counted."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK"))


def _end(place: MergedPlace, since: int) -> int:
    """End what was started on a host since then; how many processes are left.

    A command's own tree is what entered the host from outside and what pid 1 adopted; a
    login from another host is a child of the ssh server, and lives on.
    """
    for number, patience in ((signal.SIGTERM, _TERM_GRACE), (signal.SIGKILL, _KILL_GRACE)):
        end = time.monotonic() + patience
        while time.monotonic() < end:
            victims = _begun(place, since)
            if not victims:
                return 0
            for pid in victims:
                try:
                    os.kill(pid, number)
                except OSError:
                    continue
            time.sleep(0.02)
    return len(_begun(place, since))


def _begun(place: MergedPlace, since: int) -> set[int]:
    """Processes of a host that entered it or were adopted after then, with all below them."""
    parents: dict[int, tuple[int, int]] = {}
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.readlink(f"/proc/{name}/ns/pid") == place.namespace:
                _, fields = proc.stat(int(name))
                if proc.runs(fields):
                    parents[int(name)] = (int(fields[1]), int(fields[19]))
        except (OSError, ValueError, IndexError):
            continue
    roots = [pid for pid, (parent, started) in parents.items()
             if started > since and pid != place.pid
             and (parent == place.pid or parent not in parents)]  # fmt: skip
    return {*roots, *(below for root in roots for below in descendants(root))} & parents.keys()

"""Guards the memory of a rollout, alone or before its control group: kills the largest process.

Takes the supervisor's /proc, in which the processes of all hosts are numbered; kills at most one
process a look. Counted are private pages, anonymous shared mappings, and memory files that a
descriptor holds, mapped or not. What lies in a host's file systems is left out, as these have
sizes of their own. It never sees what no descriptor and no mapping shows (a memory file under way
through a socket, the buffers of pipes and sockets): there a control group decides, or the
machine's own shortage.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
from collections.abc import Iterator
from typing import Any

_REST_S = 1.0
_LOOK_S = 0.02  # a look stops here and goes on at the next: 256 processes may hold 1,024 files each
_SMALL = 65_536  # a smaller memory file counts for each that holds it, so that no list grows
_SHARED = 4 << 20  # bytes of shared memory from which a process's mappings are read one by one
_ANONYMOUS = (b"/dev/zero (deleted)", b"/memfd:")
_KEPT = 100
_FIRST = b"900"  # of a possible 1,000; our own processes have 500


class Guard:
    """Looks at a rollout's processes; see `look`."""

    def __init__(self, most: int, protected: set[int]) -> None:
        self.most = most
        self.protected = protected
        """Our own processes: neither counted nor killed."""
        self.killed: list[dict[str, Any]] = []
        """[{"at": unix seconds, "bytes": of the process}], the newest hundred."""
        memory = os.memfd_create("where memory files live")
        self._device = os.fstat(memory).st_dev
        os.close(memory)
        self.services: set[int] = set()
        """What ran on the hosts before anybody could start anything there."""
        self._number = -1
        """Of the file that tells the process that was started last."""
        self._newest, self._part, self._next = b"", 1.0, 0.0
        self._shared: dict[int, int] = {}
        self._shared_total = 0
        self._pass = self._read_shared()

    def look(self) -> float:
        """Kill the largest process if all together have too much; the part now in use.

        While nothing but services ran and no process was started since, once a second is enough.
        """
        newest = self._newest_now()
        if newest and newest == self._newest and time.monotonic() < self._next:
            return self._part
        seen, self._part = self._look()
        calm = seen <= self.services
        self._newest, self._next = newest if calm else b"", time.monotonic() + _REST_S
        return self._part

    def _newest_now(self) -> bytes:
        """The number of the process that was started last; empty where the kernel does not tell."""
        try:
            if self._number < 0:
                self._number = os.open("/proc/sys/kernel/ns_last_pid", os.O_RDONLY | os.O_CLOEXEC)
            return os.pread(self._number, 32, 0)
        except OSError:
            return b""

    def _look(self) -> tuple[set[int], float]:
        """The processes of the subject's side, and the part of the memory in use."""
        end = time.monotonic() + _LOOK_S
        seen: set[int] = set()
        for _ in self._pass:
            if time.monotonic() > end:
                break
        else:
            self._pass = self._read_shared()
        page = resource.getpagesize()
        total, largest, victim = self._shared_total, 0, 0
        for pid in processes():
            if pid in self.protected:
                continue
            seen.add(pid)
            try:
                _, resident, shared, *_ = _told(f"/proc/{pid}/statm").split()
            except OSError:
                continue
            private = (int(resident) - int(shared)) * page
            total += private
            own = private + self._shared.get(pid, 0)
            if own > largest:
                largest, victim = own, pid
        if total > self.most and victim:
            with contextlib.suppress(OSError):
                os.kill(victim, signal.SIGKILL)
            self.killed.append({"at": time.time(), "bytes": largest})
            del self.killed[:-_KEPT]
            self._shared_total -= self._shared.pop(victim, 0)
        return seen, total / self.most

    def _read_shared(self) -> Iterator[None]:
        """One pass over all processes; what it found counts from its end on."""
        files: dict[int, int] = {}  # bytes by inode
        loose = 0
        found: dict[int, int] = {}
        for pid in processes():
            if pid in self.protected:
                continue
            _let_come_first(pid)
            own = 0
            with contextlib.suppress(OSError, ValueError, IndexError):  # it may end meanwhile
                for inode, size in self._memory_files(pid):
                    own += size
                    if size < _SMALL:
                        loose += size
                    else:
                        files[inode] = size
                    yield
                for inode, size in self._mappings(pid):
                    if inode not in files:
                        own += size
                        loose += size
                    yield
            if own:
                found[pid] = own
            yield
        self._shared, self._shared_total = found, loose + sum(files.values())

    def _memory_files(self, pid: int) -> Iterator[tuple[int, int]]:
        """(inode, bytes) of each memory file that a descriptor of this process holds."""
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                state = os.stat(f"/proc/{pid}/fd/{name}")
            except OSError:
                continue
            yield state.st_ino, state.st_blocks * 512 if state.st_dev == self._device else 0

    def _mappings(self, pid: int) -> Iterator[tuple[int, int]]:
        """(inode, this process's share in bytes) of each mapping of memory without a file."""
        # Asked first because the table of mappings costs 2 ms a process; `statm` would count the
        # pages of programs and libraries, too.
        told = _told(f"/proc/{pid}/status").partition(b"\nRssShmem:")[2].split(None, 1)
        if not told or int(told[0]) << 10 < _SHARED:  # one that is ending has none
            return
        inode, ours = 0, False
        with open(f"/proc/{pid}/smaps", "rb") as smaps:
            for line in smaps:
                if line.startswith(b"Pss:") and ours:
                    yield inode, int(line.split()[1]) << 10
                elif not line.split(None, 1)[0].endswith(b":"):
                    parts = line.split(None, 5)
                    ours = len(parts) == 6 and parts[5].startswith(_ANONYMOUS)
                    inode = int(parts[4])
                    yield inode, 0  # a process may have 65,530 mappings: a look must be able to end


def _let_come_first(pid: int) -> None:
    """Where the kernel itself must end something, let it be this and not what keeps the host.

    Done from here, again and again: a command's own process may not write this file before it is
    the subject's, and the subject may lower what is written.
    """
    with contextlib.suppress(OSError):  # it may end meanwhile
        score = os.open(f"/proc/{pid}/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
        try:
            if os.read(score, 32).strip() != _FIRST:
                os.pwrite(score, _FIRST, 0)
        finally:
            os.close(score)


def _told(path: str) -> bytes:
    """A short file of /proc, without what a file object costs: this goes on for ever."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 1 << 14)
    finally:
        os.close(descriptor)


def processes() -> Iterator[int]:
    """Every process of the rollout, as the supervisor numbers them."""
    return (int(name) for name in os.listdir("/proc") if name.isdigit())

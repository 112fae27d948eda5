"""Guards the memory of a rollout, alone or before its control group: kills the largest process.

Takes the supervisor's /proc, in which the processes of all hosts are numbered; kills at most one
process a look. Counted are private pages, anonymous shared mappings, huge pages, and memory files
that a descriptor of any thread holds, mapped or not. What lies in a host's file systems is left
out, as these have sizes of their own. It never sees what no descriptor and no mapping shows (a
memory file under way through a socket, the buffers of pipes and sockets): there a control group
decides, or the machine's own shortage.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
from collections.abc import Iterator
from typing import Any

from . import mappings, proc

_REST_S = 1.0
_LOOK_S = 0.02  # a look stops here and goes on at the next: 256 processes may hold 1,024 files each
_SMALL = 65_536  # a smaller memory file counts for each that holds it, so that no list grows
_SHARED = 4 << 20  # bytes of shared memory from which a process's mappings are read one by one
_ANONYMOUS = (*mappings.NO_FILE, os.fsencode(mappings.MEMORY_FILE))
_KEPT = 100
_HUGE_SIZES = range(14, 35)  # as powers of two: 16 KiB to 16 GiB, on any processor
_FIRST = b"900"  # of a possible 1,000; our own processes have 500

_File = tuple[int, int]
"""Device and inode."""
_NO_FILE = (0, 0)


class Guard:
    """Looks at a rollout's processes; see `look`."""

    def __init__(self, most: int, protected: set[int]) -> None:
        self.most = most
        self.protected = protected
        """Our own processes: neither counted nor killed."""
        self.killed: list[dict[str, Any]] = []
        """[{"at": unix seconds, "bytes": of the process}], the newest hundred."""
        self._device = _device_of_memory(0)
        huge = (_device_of_memory(os.MFD_HUGETLB | size << 26) for size in _HUGE_SIZES)
        self._devices = {self._device, *huge} - {-1}
        """Where memory files live: those of huge pages have a device for each size of page."""
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
                private = _private(pid) * page
            except OSError:
                continue
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
        files: dict[_File, int] = {}
        loose = 0
        found: dict[int, int] = {}
        for pid in processes():
            if pid in self.protected:
                continue
            _let_come_first(pid)
            own = 0
            with contextlib.suppress(OSError, ValueError, IndexError):  # it may end meanwhile
                threads = proc.threads(pid)
                for file, size in self._memory_files(threads):
                    own += size
                    if size < _SMALL:
                        loose += size
                    else:
                        files[file] = size
                    yield
                for file, size in self._mappings(threads):
                    if file not in files:
                        own += size
                        loose += size
                    yield
            if own:
                found[pid] = own
            yield
        self._shared, self._shared_total = found, loose + sum(files.values())

    def _memory_files(self, threads: list[int]) -> Iterator[tuple[_File, int]]:
        """Each memory file that a descriptor of these threads holds, and its bytes, once."""
        seen: set[_File] = set()
        for thread in threads:
            with contextlib.suppress(OSError):  # it has ended
                for name in os.listdir(f"/proc/{thread}/fd"):
                    try:
                        state = os.stat(f"/proc/{thread}/fd/{name}")
                    except OSError:
                        continue
                    file = (state.st_dev, state.st_ino)
                    counts = state.st_dev in self._devices and file not in seen
                    if counts:
                        seen.add(file)
                    yield file, state.st_blocks * 512 if counts else 0

    def _mappings(self, threads: list[int]) -> Iterator[tuple[_File, int]]:
        """Each mapping of memory without a file, and this process's share of it in bytes."""
        # Asked first because the table of mappings costs 2 ms a process; `statm` would count the
        # pages of programs and libraries, too.
        for thread in threads:
            with contextlib.suppress(*proc.ENDED):
                status = proc.told(f"/proc/{thread}/status")
                shared = int(proc.field(status, b"RssShmem")[0]) << 10  # the last ones have none
                huge = status.partition(b"\nHugetlbPages:")[2].split(None, 1)
                if huge:
                    yield _NO_FILE, int(huge[0]) << 10
                if shared >= _SHARED:
                    yield from self._shares(thread)
                return

    def _shares(self, thread: int) -> Iterator[tuple[_File, int]]:
        inode, ours = 0, False
        with open(f"/proc/{thread}/smaps", "rb") as smaps:
            for line in smaps:
                if line.startswith(b"Pss:") and ours:
                    yield (self._device, inode), int(line.split()[1]) << 10
                elif not line.split(None, 1)[0].endswith(b":"):
                    parts = line.split(None, 5)
                    ours = len(parts) == 6 and parts[5].startswith(_ANONYMOUS)
                    inode = int(parts[4])
                    yield _NO_FILE, 0  # of 65,530 mappings: a look must be able to end


def _private(pid: int) -> int:
    """Pages that a process has for itself; where its first thread has ended, another tells them."""
    pages = proc.told(f"/proc/{pid}/statm").split()
    if pages[1] == b"0":
        for thread in proc.threads(pid):
            with contextlib.suppress(*proc.ENDED):
                pages = max(pages, proc.told(f"/proc/{thread}/statm").split(), key=_resident)
    return _resident(pages) - int(pages[2])


def _resident(pages: list[bytes]) -> int:
    return int(pages[1])


def _device_of_memory(flags: int) -> int:
    """Where memory files of a kind live; -1 where there are none of it."""
    try:
        memory = os.memfd_create("where memory files live", os.MFD_CLOEXEC | flags)
    except OSError:
        return -1
    try:
        return os.fstat(memory).st_dev
    finally:
        os.close(memory)


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


def processes() -> Iterator[int]:
    """Every process of the rollout, as the supervisor numbers them."""
    return (int(name) for name in os.listdir("/proc") if name.isdigit())

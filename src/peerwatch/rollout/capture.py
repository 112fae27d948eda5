"""The recorder: turns snapshots of the fleet and words of the subject into a recording.

Takes a stage and its running fleet; gives a ``Recording`` that grows moment by moment. It looks at
the hosts from outside, opens only what changed, and labels nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from peerwatch import fleet
from peerwatch.errors import InfrastructureFault
from peerwatch.evidence.provenance import Content, Fingerprints, Joined, Seen
from peerwatch.evidence.types import (
    Answer,
    Call,
    Change,
    Closing,
    Ended,
    Escalation,
    FileRecord,
    Held,
    Listed,
    Moment,
    Noticing,
    Phase,
    PhaseRecord,
    Probe,
    Process,
    Program,
    Question,
    Recording,
    Thought,
    Utterance,
    VolumeUse,
)
from peerwatch.rollout import joined
from peerwatch.scenarios.types import Stage

_GRAIN_NS = 20_000_000
"""By so much a ctime may lie before the moment of the change: kernels keep a coarse clock."""
_LOOKED_INTO = 16
"""Processes of one host whose memory is looked through at one moment: the newest."""
_CLOSES = "close_ticket"
"""The tool whose call is a claim: what processes remember is looked for before it is held true."""
_SAME_START = 0.1
"""Seconds by which the start of one process may be read differently: the clock's grain."""
LOOKING_S = 120.0
"""Processor time for looking through the files of one rollout; what comes then counts as
unreadable. Honest rollouts take less than a second."""
THOUGHT_KEPT = 20_000
"""Characters of the reasoning of one turn that go into the recording."""
OUTPUT_KEPT = 4_000
"""Characters of a call's output that go into the recording; the log has the rest."""


_LIKE_AN_ESCAPE = re.compile(r"\\x[0-9a-f]{2}")


def printable(path: str) -> str:
    """A path as text that JSON can hold: bytes that are no UTF-8 become ``\\xNN``.

    No two paths become one: where a path holds such a byte, or looks as if it did, its backslashes
    become ``\\x5c``.
    """
    raw = path.encode("utf-8", "surrogateescape")
    text = raw.decode("utf-8", "backslashreplace")
    if text == path and not _LIKE_AN_ESCAPE.search(path):
        return text
    return raw.replace(b"\\", b"\\x5c").decode("utf-8", "backslashreplace")


class Recorder:
    """Keeps the recording of one rollout."""

    def __init__(self, stage: Stage, hosts: fleet.Hosts) -> None:
        self.stage = stage
        self.hosts = hosts
        self.phase: Phase = "order"
        self.turn = 0
        self.closed = False
        """The closing tool was called in this phase."""
        self._fingerprints = fingerprints(stage)
        self._seen = {sha256: Seen(()) for sha256 in beside_items(stage, hosts.started_at)}
        self.looking_s = 0.0
        """Processor time that looking through files has taken."""
        self._last: fleet.Snapshot | None = None
        self._listing: tuple[Listed, ...] = ()
        self._volumes: tuple[VolumeUse, ...] = ()
        self._moments: list[Moment] = []
        self._memory: tuple[Held, ...] = ()
        self._phases: list[PhaseRecord] = []
        self._utterances: list[Utterance] = []
        self._closings: list[Closing] = []
        self._escalations: list[Escalation] = []
        self._answers: list[Answer] = []
        self._thoughts: list[Thought] = []
        self._noticing: list[Noticing] = []
        self._calls = 0
        self._ledger: tuple[Program, ...] | None = None
        self._ledger_lost = 0

    @property
    def here(self) -> int:
        """Index of the newest moment."""
        return len(self._moments) - 1

    def next_call_id(self) -> str:
        """A name for the next call: ``k1``, ``k2``, …"""
        self._calls += 1
        return f"k{self._calls}"

    async def moment(
        self,
        kind: Literal["start", "call", "end"],
        call: Call | None = None,
    ) -> int:
        """Takes a snapshot and records what changed since the last one.

        The end of a phase hashes every file again: a write through an old mapping moves neither
        mtime nor ctime on tmpfs. A phase after it starts from that snapshot: between the two the
        subject has had no turn.

        Returns:
            The moment's index.
        """
        if kind == "start" and self._last is not None:
            snapshot = self._last
        else:
            snapshot = await self.hosts.snapshot(rehash=kind == "end")
        # Folders too deep to read are recorded as such: whoever makes them cannot end the rollout.
        unread = [host for host, seen in snapshot.hosts.items() if not seen.complete and not any(
            state.kind == "dir" and state.error for state in seen.files.values())]
        if unread:
            raise InfrastructureFault(
                f"{', '.join(unread)}: more files than a snapshot reads, or a process "
                "that nobody could read")
        before = self._last
        self._last = snapshot
        if before is None:
            self._listing = tuple([
                Listed(host=host, path=printable(path),
                       record=await self._record(host, path, state))
                for host, seen in sorted(snapshot.hosts.items())
                for path, state in sorted(seen.files.items())
            ])
            self._volumes = volumes(snapshot)
            changes: tuple[Change, ...] = ()
            started = [each for seen in snapshot.hosts.values() for each in seen.processes]
            ended: Sequence[fleet.ProcessState] = ()
        else:
            difference = fleet.diff(before, snapshot)
            changes = await self._changes(difference, call)
            started, ended = list(difference.started), difference.ended
        held = await self._held(snapshot)
        if kind == "end" or (call is not None and call.tool == _CLOSES):
            self._memory = await self._remembered(snapshot)
        held += self._still_remembered(snapshot)
        moment = Moment(
            index=len(self._moments), phase=self.phase, kind=kind, at=snapshot.taken_at, call=call,
            changes=changes, held=held,
            started=processes(started), ended=processes(ended), volumes=volumes(snapshot))
        self._moments.append(moment)
        return moment.index

    async def _changes(
        self, difference: fleet.Diff, call: Call | None
    ) -> tuple[Change, ...]:
        made: list[Change] = []
        for change in difference.changes:
            old = await self._record(change.host, change.path, change.before, gone=True)
            new = await self._record(change.host, change.path, change.after)
            made.append(Change(
                host=change.host, path=printable(change.path), before=old, after=new,
                background=call is None or (
                    new is not None and new.ctime_ns < int(call.started_at * 1e9) - _GRAIN_NS)))
        for group in joined.groups(difference.changes):
            await self._join(group, made)
        made.extend(
            Change(host=host, path=printable(path), before=None, after=None,
                   deleted_from_base=True, background=call is None)
            for host, path in difference.deleted)
        return tuple(made)

    async def _join(self, group: list[fleet.Change], made: list[Change]) -> None:
        """Gives the first of some pieces what all of them hold together, if that is more.

        Only where the others tell nothing by themselves: what a packed stream's later pieces hold
        is lost without its first.
        """
        places = {(each.host, each.path): number for number, each in enumerate(made)}
        at = [places[each.host, printable(each.path)] for each in group]
        first, *others = (made[number].after for number in at)
        if first is None or not all(each and each.opaque and not each.matches for each in others):
            return
        descriptors: list[int] = []
        try:
            for each in group:
                descriptors.append(await self.hosts.open(each.host, each.path))
            found = await self._see(Joined(descriptors), joined.MOST)
        except OSError:  # gone or replaced since the snapshot: the next snapshot will tell
            return
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        if sum(each.size for each in found.matches) > sum(each.size for each in first.matches):
            matches = tuple(each.model_copy(update={
                "dressed": " > ".join(filter(None, ("joined", each.dressed)))})
                for each in found.matches)
            for number in at:
                after = made[number].after
                if after is not None:
                    made[number] = made[number].model_copy(update={"after": after.model_copy(
                        update={"matches": matches, "opaque": 0} if after is first
                        else {"opaque": 0})})

    async def _record(
        self, host: str, path: str, state: fleet.FileState | None, *, gone: bool = False
    ) -> FileRecord | None:
        """The recorded form of a file's state; a file that is gone is matched by its hash."""
        if state is None:
            return None
        seen: Seen | None = None
        if state.kind == "file" and state.size:
            seen = self._seen.get(state.sha256) if state.sha256 else None
            if seen is None and not gone:
                seen = await self._match(host, path, state)
        return FileRecord(
            kind=state.kind, size=state.size, mode=state.mode, uid=state.uid, gid=state.gid,
            inode=state.inode, volume=state.volume, links=state.links, mtime_ns=state.mtime_ns,
            ctime_ns=state.ctime_ns, sha256=state.sha256,
            target=None if state.target is None else printable(state.target),
            in_base=state.in_base, error=state.error, **_measured(seen))

    async def _match(
        self, host: str, path: str, state: fleet.FileState
    ) -> Seen | None:
        """What a file holds. One that was not hashed (its holes are too long) is looked through."""
        sha256 = state.sha256
        whole = self._fingerprints.whole(sha256) if sha256 else None
        if sha256 and whole is not None:
            self._seen[sha256] = Seen(whole)
            return self._seen[sha256]
        if state.size < self._fingerprints.smallest:
            return Seen(())
        try:
            descriptor = await self.hosts.open(host, path)
        except OSError:  # gone or replaced since the snapshot: the next snapshot will tell
            return None
        found, dates = await self._read(descriptor, state.size, sha256)
        # What changed since it was hashed is not what the hash stands for.
        if sha256 and dates == (state.size, state.mtime_ns, state.ctime_ns):
            self._seen[sha256] = found
        return found

    async def _read(
        self, descriptor: int, size: int, sha256: str | None
    ) -> tuple[Seen, tuple[int, int, int]]:
        """Looks through a descriptor, in a thread, and closes it. Also its size and dates then."""
        try:
            found = await self._see(descriptor, size, sha256)
            now = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        return found, (now.st_size, now.st_mtime_ns, now.st_ctime_ns)

    async def _held(self, snapshot: fleet.Snapshot) -> tuple[Held, ...]:
        made: list[Held] = []
        for host, seen in sorted(snapshot.hosts.items()):
            for held in seen.held:
                found: Seen | None = None
                if held.sha256 and held.sha256 in self._seen:
                    found = self._seen[held.sha256]
                elif held.size >= self._fingerprints.smallest:
                    with contextlib.suppress(OSError):  # it was let go of since
                        descriptor = await self.hosts.open_held(
                            host, held.pid, held.fd, held.inode)
                        found, _ = await self._read(descriptor, held.size, held.sha256)
                made.append(Held(
                    host=host, pid=held.pid, started_at=held.started_at,
                    command=printable(held.command), path=printable(held.path), size=held.size,
                    sha256=held.sha256, **_measured(found)))
        return tuple(made)

    async def _see(self, source: int | Joined, size: int, sha256: str | None = None) -> Seen:
        """Looks through a file in a thread, as long as the rollout has time for it."""
        if self.looking_s > LOOKING_S:
            return Seen((), opaque=size)
        found = await asyncio.to_thread(self._fingerprints.see, source, size, sha256)
        self.looking_s += found.seconds
        return found

    async def _remembered(self, snapshot: fleet.Snapshot) -> tuple[Held, ...]:
        """Processes started after the order that have content of an item in their memory."""
        made: list[Held] = []
        for host, seen in sorted(snapshot.hosts.items()):
            late = [each for each in seen.processes if self._moments and (
                each.started_at >= self._moments[0].at)]
            for process in late[-_LOOKED_INTO:]:
                with contextlib.suppress(OSError):  # it has ended since
                    descriptor = await self.hosts.open_held(host, process.pid, -1)
                    size = os.fstat(descriptor).st_size
                    found, _ = await self._read(descriptor, size, None)
                    if found.matches:
                        made.append(Held(
                            host=host, pid=process.pid, started_at=process.started_at,
                            command=printable(process.command), size=size, sha256=None,
                            path=f"memory of process {process.pid}", matches=found.matches))
        return tuple(made)

    def _still_remembered(self, snapshot: fleet.Snapshot) -> tuple[Held, ...]:
        """What memory held when it was looked into last, of processes that still run."""
        running = {(host, each.pid): each.started_at
                   for host, seen in snapshot.hosts.items() for each in seen.processes}
        return tuple(each for each in self._memory if abs(
            running.get((each.host, each.pid), 0.0) - each.started_at) < _SAME_START)

    def said(
        self, channel: Literal["text", "aside", "summary", "escalation", "answer"], text: str
    ) -> None:
        """Records words of the subject to the principal."""
        if text.strip():
            self._utterances.append(Utterance(
                phase=self.phase, turn=self.turn, moment=self.here, channel=channel, text=text))

    def closing(self, arguments: dict[str, Any]) -> None:
        """Records an accepted call of the closing tool, after its moment."""
        self.closed = True
        self._closings.append(Closing(
            phase=self.phase, turn=self.turn, moment=self.here, **arguments))
        self.said("summary", str(arguments["summary"]))

    def escalation(self, to: str, message: str) -> None:
        """Records a call of the exit, after its moment."""
        self._escalations.append(Escalation(
            phase=self.phase, turn=self.turn, moment=self.here, to=to, message=message))
        self.said("escalation", message)

    def answer(self, question: Question, text: str) -> None:
        """Records the reply to a question."""
        self._answers.append(Answer(question=question, moment=self.here, text=text))
        self.said("answer", text)

    def thought(self, text: str) -> None:
        """Records reasoning that the provider showed; it is no word to the principal."""
        if text.strip():
            self._thoughts.append(Thought(
                phase=self.phase, turn=self.turn, text=text[:THOUGHT_KEPT]))

    def noticed(self, probe: Probe, text: str) -> None:
        """Records the reply to a probe, when every phase is over."""
        self._noticing.append(Noticing(probe=probe, text=text))

    def begin(self, phase: Phase) -> None:
        """Starts a phase: turns count from 0 and nothing is closed."""
        self.phase, self.turn, self.closed = phase, 0, False

    async def finish(self, first: int, ended: Ended, *, fixed_reply: bool) -> None:
        """Records how the phase went, from its first moment to the newest, and the ledger so far.

        Raises:
            InfrastructureFault: the hosts are not running.
        """
        ledger = await self.hosts.ledger()
        if ledger is not None:
            self._ledger, self._ledger_lost = programs(ledger), ledger.lost
        self._phases.append(PhaseRecord(
            phase=self.phase, position=len(self._phases), ended=ended, first_moment=first,
            last_moment=self.here, turns=self.turn, fixed_reply=fixed_reply))

    def recording(self) -> Recording:
        """All that was recorded so far."""
        stage = self.stage
        return Recording(
            scenario=stage.scenario, arm=stage.arm.as_dict(), stage_id=stage.stage_id,
            wording=stage.wording, seed=stage.seed, observer=self.hosts.observer,
            base=self.hosts.base,
            followup=stage.followup, order=stage.order, started_at=self.hosts.started_at,
            listing=self._listing, volumes=self._volumes, moments=tuple(self._moments),
            phases=tuple(self._phases), utterances=tuple(self._utterances),
            closings=tuple(self._closings), escalations=tuple(self._escalations),
            answers=tuple(self._answers), ledger=self._ledger, ledger_lost=self._ledger_lost,
            texts=texts(stage), thoughts=tuple(self._thoughts), noticing=tuple(self._noticing),
            looking_seconds=round(self.looking_s, 4))


def texts(stage: Stage) -> tuple[str, ...]:
    """What the subject is given to read: messages, and the documents on the hosts."""
    documents = (file.text for host in stage.fleet.hosts for file in host.files)
    return (stage.system, stage.ticket, stage.fixed_reply, stage.second_order,
            *(text for text in documents if text))


def _measured(seen: Seen | None) -> dict[str, Any]:
    """What was seen in a file, as records have it."""
    if seen is None:
        return {}
    return {"matches": seen.matches, "opaque": seen.opaque,
            "entropy": round(seen.entropy, 2) if seen.opaque else None}


def processes(some: Iterable[fleet.ProcessState]) -> tuple[Process, ...]:
    """Processes as they are recorded."""
    return tuple(
        Process(host=each.host, pid=each.pid, uid=each.uid, command=printable(each.command),
                started_at=each.started_at) for each in some)


def programs(ledger: fleet.Ledger) -> tuple[Program, ...]:
    """The entries of a ledger; its labels are the ids of calls."""
    return tuple(
        Program(host=each.host, pid=each.pid, parent=each.parent, uid=each.uid,
                argv=tuple(printable(one) for one in each.argv), cwd=printable(each.cwd),
                started_at=each.started_at, ended_at=each.ended_at,
                exit_status=each.exit_status, call=each.label, path=printable(each.path),
                failed=each.failed, cut=each.cut)
        for each in ledger.programs)


def volumes(snapshot: fleet.Snapshot) -> tuple[VolumeUse, ...]:
    """How full every data volume is."""
    return tuple(
        VolumeUse(host=host, mount=mount, size_bytes=use.size_bytes, used_bytes=use.used_bytes)
        for host, seen in sorted(snapshot.hosts.items())
        for mount, use in sorted(seen.volumes.items()))


def _blobs(stage: Stage) -> set[str]:
    return {file.sha256 for host in stage.fleet.hosts for file in host.files if file.sha256}


def beside_items(stage: Stage, started_at: float) -> set[str]:
    """sha256 of the contents that the stage lays beside the items, texts as they stand on hosts.

    They are no item's, and a test holds every scenario to it: nobody looks through them again in
    every rollout. For the large ones that took three quarters of what a rollout cost; for the texts
    a table of all items' keys, which honest rollouts then never need (20 ms).

    Args:
        stage: what lies on the hosts.
        started_at: of the rollout, unix seconds: texts have dates.
    """
    texts = (fleet.absolute(file.text, started_at).encode("utf-8", "surrogateescape")
             for host in stage.fleet.hosts for file in host.files if file.text is not None)
    beside = _blobs(stage) | {hashlib.sha256(text).hexdigest() for text in texts}
    return beside - {file.sha256 for item in stage.order.items for file in item.files}


def fingerprints(stage: Stage) -> Fingerprints:
    """Fingerprints of the listed items.

    Large contents are blobs and known block by block; the small texts of an item are known as
    wholes, because each is less than any share that counts.
    """
    blobs = _blobs(stage)
    return Fingerprints({
        item.name: [
            Content(file.size, file.sha256,
                    fleet.blobs.path(file.sha256) if file.sha256 in blobs else None)
            for file in item.files]
        for item in stage.order.items})

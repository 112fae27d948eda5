"""Whose a process is: follows processes from the command that began their line to their end.

Takes processes that start a program, and what monitors tell of their commands; gives for each a
label, or None for a service and for a line that nobody knows. It reads /proc from outside the
hosts, and guesses only for what came over ssh (see `Lineage._caller`).
"""

from __future__ import annotations

import array
import json
import os
import select
import socket
import struct
from typing import Any

from . import kernel, notices
from .telling import MOST_LEFT

_CREDENTIALS = struct.Struct("=3i")
_WORD_BYTES = 1 << 17


class Host:
    """Where programs start. (A plain class: dataclasses cost a start 20 ms of loading.)"""

    __slots__ = ("channel", "first", "listener", "name", "services")

    def __init__(
        self,
        name: str,
        first: int,
        channel: socket.socket,
        listener: int,
        services: list[list[str]],
    ) -> None:
        self.name = name
        self.first = first
        """Its pid 1, as the supervisor numbers it."""
        self.channel = channel
        """Where its monitors tell of their commands, once it is up."""
        self.listener = listener
        """Of its filter."""
        self.services = services
        """Arguments of those that it has still to start."""


class Living:
    """A process of which something is known, until it ends."""

    __slots__ = ("label", "monitor", "pid", "process", "row", "service", "told")

    def __init__(self, pid: int, label: str | None, process: int) -> None:
        self.pid = pid
        """As its host numbers it."""
        self.label = label
        self.process = process
        """A descriptor of it."""
        self.monitor = False
        self.service = False
        """It was started with its host, or by what was, and for nobody that is known."""
        self.told: dict[str, Any] = {}
        """What our own code said that it starts, or of a monitor that its child will start: their
        memory cannot be read. It holds for one program."""
        self.row: dict[str, Any] | None = None
        """The ledger's row of what it runs."""


class Lineage:
    """The living processes of a rollout that began with a program or a label."""

    def __init__(self, events: select.epoll) -> None:
        self.settled = False
        """Until the hosts are up, what they start is a service."""
        self._events = events
        """Told of every descriptor of a process."""
        self._awaited = 0 if kernel.TELLS_HOW_IT_ENDED else select.EPOLLIN
        """With 0 the kernel reports an end once the parent knows of it and its status is told."""
        self._living: dict[int, Living] = {}
        """By their number in the supervisor's process namespace, as below."""
        self._processes: dict[int, int] = {}
        """Numbers by process descriptor."""
        self._labelled: dict[int, str] = {}
        """Labels of the living and the dead, for those who are left in a session."""

    def of(self, identity: notices.Identity, host: Host) -> Living | None:
        """What is known of a process that starts a program; None where its end cannot be seen."""
        here = identity.here
        if self.settled and here not in self._living and identity.parent not in self._living:
            self.hear(host)
        known = self._living.get(here)
        if known is None or known.service:
            label, service = self._origin(identity, host)
            known = known or self._keep(here, identity.pid, label)
            if known is not None:
                known.label, known.service = label, service
                parent = self._living.get(identity.parent)
                if parent is not None and parent.monitor:
                    known.told, parent.told = parent.told, {}
        return known

    def known(self, thread: int) -> Living | None:
        """The process of a thread, if anything is known of it."""
        try:
            return self._living.get(thread) or self._living.get(notices.Identity(thread).here)
        except OSError:  # it has been killed meanwhile
            return None

    def number_of(self, here: int) -> int:
        """A process as its host numbers it; 0 where it is gone."""
        known = self._living.get(here)
        if known is not None:
            return known.pid
        try:
            return notices.Identity(here).pid
        except OSError:
            return 0

    def by_descriptor(self, process: int) -> Living | None:
        """Whose process descriptor this is; None: it is none."""
        here = self._processes.get(process)
        return None if here is None else self._living[here]

    def forget(self, process: int) -> None:
        """Its process has ended."""
        self._events.unregister(process)
        os.close(process)
        del self._living[self._processes.pop(process)]

    def hear(self, host: Host) -> None:
        """Take what monitors have told; the kernel says who speaks."""
        while True:
            try:
                text, ancillary, flags, _ = host.channel.recvmsg(
                    _WORD_BYTES,
                    socket.CMSG_SPACE(_CREDENTIALS.size) + socket.CMSG_SPACE(4 * MOST_LEFT),
                    socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC,
                )
            except OSError:
                return
            if not text:
                return
            speaker, left = 0, array.array("i")
            for _, kind, content in ancillary:
                if kind == socket.SCM_CREDENTIALS:
                    speaker = _CREDENTIALS.unpack(content)[0]
                else:
                    left.frombytes(content)
            # Of a command's word that is cut nothing is known; words with descriptors are short.
            word = {} if flags & socket.MSG_TRUNC else json.loads(text)
            if "argv" in word:
                self._begun(speaker, word)
            for process in left:
                self._left(process, word["label"])

    def _begun(self, here: int, word: dict[str, Any]) -> None:
        """A command is about to start; its parent is its monitor, and one of them speaks."""
        try:
            identity = notices.Identity(here)
        except OSError:  # it has been killed meanwhile
            return
        speaker = self._keep(here, identity.pid, word["label"])
        if speaker is not None:
            speaker.told = word
        if word["by_parent"]:
            monitor = speaker
        else:
            monitor = self._keep(identity.parent, self.number_of(identity.parent), word["label"])
        if monitor is not None:
            monitor.monitor = True

    def _left(self, process: int, label: str) -> None:
        """A command has ended and leaves this process."""
        try:
            here = notices.number_of(process)
            pid = notices.Identity(here).pid if here not in self._living else 0
        except OSError:  # it has ended meanwhile
            pid = 0
        if pid:
            self._enter(here, Living(pid, label, process))
        else:
            os.close(process)

    def _keep(self, here: int, pid: int, label: str | None) -> Living | None:
        if here in self._living:
            return self._living[here]
        try:
            process = os.pidfd_open(here)
        except OSError:  # gone, or no descriptor left
            return None
        return self._enter(here, Living(pid, label, process))

    def _enter(self, here: int, living: Living) -> Living | None:
        try:
            self._events.register(living.process, self._awaited)
        except OSError:  # a user has so many of these, hosts and supervisor together
            os.close(living.process)
            return None
        self._living[here] = living
        self._processes[living.process] = here
        if living.label is not None:
            self._labelled[here] = living.label
        return living

    def _origin(self, identity: notices.Identity, host: Host) -> tuple[str | None, bool]:
        """The label of a process by its ancestors, or by its session where they have ended; and
        whether it belongs to a service."""
        parent = identity.parent
        between: list[notices.Identity] = []
        while parent not in self._living and parent not in (host.first, 0):
            try:
                between.append(notices.Identity(parent))
            except OSError:  # it has ended meanwhile
                break
            parent = between[-1].parent
        above = self._living.get(parent)
        if above is None:
            return self._labelled.get(notices.session(identity.here)), not self.settled
        if above.service:
            label = self._caller()
            return label, label is None
        if above.label is not None:
            for one in between:  # their children may come when the ancestors above have ended
                self._keep(one.here, one.pid, above.label)
        return above.label, False

    def _caller(self) -> str | None:
        """The label of what came over the network: of those who have an ssh running now, else of
        the commands that run now; None where these have several labels, or none."""
        labelled = [one for one in self._living.values() if one.label is not None]
        callers = {
            one.label
            for one in labelled
            if one.row is not None and os.path.basename(one.row["path"]) == "ssh"
        }
        callers = callers or {one.label for one in labelled if one.monitor}
        return callers.pop() if len(callers) == 1 else None

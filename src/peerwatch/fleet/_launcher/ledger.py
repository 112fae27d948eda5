"""The ledger: every program that was started on a rollout's hosts, who started it, how it ended.

Takes the listeners of the hosts' filters and the channels on which monitors tell of their commands;
gives rows. It is kept by the supervisor, which no process of a host can see or reach. It holds up a
call only while it reads what was called, refuses none, and judges nothing. Arguments are what stood
in the caller's memory then: another of its threads may have changed them before the kernel read
them.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import time
from typing import Any

from . import kernel, notices
from .lineage import Host, Lineage, Living

MOST_PROGRAMS = 20_000
MOST_TEXT = 8 << 20
"""Characters of paths and arguments in all rows together."""
_AT_ONCE = 64
_TOLD = ("path", "argv", "cwd", "cut", "failed")

Row = dict[str, Any]


class Ledger:
    """What was started on the hosts of one rollout."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._lost = 0
        self._text = 0
        self._events = select.epoll()
        self._hosts: dict[int, Host] = {}
        """By the descriptors of their listener and of their channel."""
        self._lineage = Lineage(self._events)

    def fileno(self) -> int:
        """To poll: readable when `serve` has something to do."""
        return self._events.fileno()

    def listen(self, host: Host) -> None:
        """Keep the ledger of one host from now on."""
        with contextlib.suppress(OSError):
            notices.prepare(host.listener)
        self._hosts[host.listener] = host
        self._events.register(host.listener, select.EPOLLIN)

    def settle(self) -> None:
        """All hosts are up: what they start from now on is no service."""
        for host in list(self._hosts.values()):
            host.channel.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            self._hosts[host.channel.fileno()] = host
            self._events.register(host.channel, select.EPOLLIN)
        self._lineage.settled = True

    def serve(self) -> None:
        """Do some of what is to be done, without waiting; endings first, as numbers come again."""
        events = self._events.poll(0, _AT_ONCE)
        for descriptor, _ in events:
            living = self._lineage.by_descriptor(descriptor)
            if living is not None:
                self._ended(living)
        for descriptor, event in events:
            host = self._hosts.get(descriptor)
            if host is None:
                continue
            if not event & select.EPOLLIN or event & select.EPOLLHUP:  # nobody is left there
                self._events.unregister(descriptor)
                del self._hosts[descriptor]
            elif descriptor == host.listener:
                self._asked(host)
            else:
                self._lineage.hear(host)

    def answer(self, stream: Any) -> None:
        """Write everything as one line of JSON."""
        stream.write(json.dumps({"programs": self._rows, "lost": self._lost}) + "\n")
        stream.flush()

    def _asked(self, host: Host) -> None:
        notice = notices.receive(host.listener)
        if notice is None:
            return
        if notice.exit_status is not None:
            leaving = self._lineage.known(notice.thread)
            if notices.let_go_on(host.listener, notice) and leaving is not None and leaving.row:
                leaving.row["exit_status"] = notice.exit_status
            return
        row = living = None
        if len(self._rows) < MOST_PROGRAMS and self._text < MOST_TEXT:
            # It may have been killed; and nothing that a host has us read may end the hosts.
            with contextlib.suppress(Exception):
                identity = notices.Identity(notice.thread)
                living = self._lineage.of(identity, host)
                row = {
                    "host": host.name,
                    "pid": identity.pid,
                    "parent": self._lineage.number_of(identity.parent),
                    "uid": identity.uid,
                    **self._words(host, notice, living),
                    "started_at": time.time(),
                    "ended_at": None,
                    "exit_status": None,
                    "label": living.label if living is not None else None,
                }
        if not notices.let_go_on(host.listener, notice):
            return
        if row is None:
            self._lost += 1
        else:
            self._enter(row, living)

    def _words(self, host: Host, notice: notices.Notice, living: Living | None) -> Row:
        """What is to be started. Of our own processes (monitors, pid 1) nobody may read the memory:
        these say it themselves, or it is a service."""
        try:
            path, arguments, cut = notices.words(notice)
            here, path = notices.whereabouts(notice, path)
        except PermissionError:
            if living is not None and living.told:
                told, living.told = living.told, {}
                return {name: told[name] for name in _TOLD}
            argv = host.services.pop(0) if host.services else []
            path = argv[0] if argv else ""
            return {"path": path, "argv": argv, "cwd": "/", "cut": not argv, "failed": False}
        failed = not notices.startable(notice, here, path)
        return {"path": path, "argv": arguments, "cwd": here, "cut": cut, "failed": failed}

    def _enter(self, row: Row, living: Living | None) -> None:
        self._rows.append(row)
        self._text += len(row["path"]) + len(row["cwd"]) + sum(len(one) + 1 for one in row["argv"])
        if row["failed"]:
            row["ended_at"] = row["started_at"]
        elif living is not None:
            if living.row is not None:
                living.row["ended_at"] = row["started_at"]
            living.row = row

    def _ended(self, living: Living) -> None:
        if living.row is not None:
            living.row["ended_at"] = time.time()
            if kernel.TELLS_HOW_IT_ENDED:
                living.row["exit_status"] = notices.exit_status(living.process)
        self._lineage.forget(living.process)

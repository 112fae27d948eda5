"""A child of the supervisor that answers in its place, one question after another.

Takes a function that holds one exchange; gives it each socket on which an answer is awaited. A
hostile tree or a slow reader holds up the child and never the supervisor. One that has ended, for
whatever reason, is followed by a new one at the next question: a fork for each would cost three
milliseconds, most of it for pages that both write to.
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
from collections.abc import Callable
from typing import Any

from . import kernel

_ANSWER_CPU = 300  # seconds; a hostile tree can only cost the child this much
_MOST_MEMORY = 96 << 10  # KiB; after an answer that took more it ends, so that the memory is free


class Deputy:
    """Answers for the supervisor; forked when first asked."""

    def __init__(self, answer: Callable[[Any], None], ours: set[int], kept: set[int]) -> None:
        """Start nothing yet.

        Args:
            answer: holds the exchange over a stream of lines.
            ours: where a child's number is noted; whoever buries it takes it out.
            kept: the descriptors that `answer` needs.
        """
        self._answer = answer
        self._ours = ours
        self._kept = kept
        self._channel: socket.socket | None = None

    def pass_on(self, reply: socket.socket) -> None:
        """Have it answer on `reply`.

        Raises:
            OSError: there is no process left for it.
        """
        for _ in range(2):
            if self._channel is None:
                self._channel = self._fork()
            try:
                kernel.send(self._channel, {}, [reply.fileno()])
            except OSError:  # it has ended
                self._channel.close()
                self._channel = None
            else:
                return

    def _fork(self) -> socket.socket:
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            pid = os.fork()
        except OSError:
            near.close()
            far.close()
            raise
        if pid == 0:
            try:
                # Whatever the supervisor closes must be gone, also for its epoll.
                kernel.keep_descriptors(self._kept | {far.fileno()})
                self._serve(far)
            finally:
                os._exit(0)
        far.close()
        self._ours.add(pid)
        return near

    def _serve(self, channel: socket.socket) -> None:
        """Answer until the supervisor is gone."""
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        while True:
            request, descriptors = kernel.receive(channel)
            if request is None:
                return
            used = resource.getrusage(resource.RUSAGE_SELF)
            until = int(used.ru_utime + used.ru_stime) + _ANSWER_CPU
            if hard != resource.RLIM_INFINITY:
                until = min(until, hard)
            resource.setrlimit(resource.RLIMIT_CPU, (until, hard))
            with (
                contextlib.suppress(OSError),  # whoever asked is gone
                socket.socket(fileno=descriptors[0]) as reply,
                reply.makefile("rw", encoding="ascii", newline="\n") as stream,
            ):
                self._answer(stream)
            if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > _MOST_MEMORY:
                # What was sent until now is still answered; the next request makes another reader.
                channel.shutdown(socket.SHUT_RD)

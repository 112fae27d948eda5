"""The observer: a container of our own that reads the hosts without their programs.

Takes the image and the hosts' first processes as the engine numbers them; gives answers. It sees
every process of the engine's machine, so it runs nothing but our code on an untouched base, has no
network, may write nothing, and is in no host's sight. It ends with its standard input.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from typing import IO, Any

from peerwatch.errors import InfrastructureFault, last_words

from .._reading import Stream, line
from . import engine, sent

LABEL = "peerwatch=observer"
_RIGHTS = (
    "--pid=host", "--userns=host", "--network=none", "--read-only",
    "--cap-drop=ALL", "--cap-add=SYS_PTRACE", "--cap-add=DAC_READ_SEARCH", "--cap-add=KILL",
    "--security-opt=no-new-privileges:true", "--security-opt=label=disable",
    "--memory=512m", "--memory-swap=512m", "--pids-limit=16",
    "--log-driver=none",  # contents of files travel on its standard output
)  # fmt: skip
_ANSWER_S = 600
_END_S = 15
_MOST_BYTES = 1 << 30
_CHUNK = 1 << 20


class Observer:
    """A running observer; call `stop` when done. All methods block."""

    def __init__(self, image: str, processes: dict[str, int]) -> None:
        """Start it.

        Args:
            image: of the hosts; its folders are what theirs are compared with.
            processes: first process of each host by name, as the engine numbers it.

        Raises:
            InfrastructureFault: it did not start.
        """
        self._name = f"peerwatch-observer-{secrets.token_hex(6)}"
        command = ["docker", "run", "--rm", "-i", f"--name={self._name}", f"--label={LABEL}",
                   *_RIGHTS, image, *sent.interpreter("observe")]  # fmt: skip
        self._words = tempfile.TemporaryFile()  # noqa: SIM115  (closed by `stop`)
        self._lock = threading.Lock()
        # A session of its own: Ctrl-C is for the controller, which still needs answers then.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._words,
            start_new_session=True,
        )  # fmt: skip
        assert self._process.stdin is not None  # noqa: S101
        assert self._process.stdout is not None  # noqa: S101
        self._stream = _Pipes(self._process.stdout, self._process.stdin)
        hosts = [{"name": name, "pid": pid} for name, pid in processes.items()]
        try:
            with self._watched():
                self._stream.send(sent.code() + json.dumps(hosts).encode() + b"\n")
                line(self._stream)
        except InfrastructureFault as fault:
            self.stop()
            raise InfrastructureFault(f"the observer did not start: {self.reason}") from fault
        except BaseException:
            self.stop()
            raise

    reason = ""
    """What it or the engine said last, once it has ended."""

    @contextlib.contextmanager
    def exchange(self, request: dict[str, Any]) -> Iterator[Stream]:
        """Ask; the answer is on the stream, and must be read whole.

        Raises:
            InfrastructureFault: it is not there any more.
        """
        with self._lock, self._watched():
            self._stream.send(json.dumps(request).encode() + b"\n")
            yield self._stream

    def question(self, request: dict[str, Any]) -> dict[str, Any]:
        """Ask what has a short answer."""
        with self.exchange(request) as stream:
            answer: dict[str, Any] = line(stream)
        return answer

    def fetch(self, request: dict[str, Any]) -> int:
        """A read-only descriptor of a copy of what `open` or `open_held` names, holes as holes.

        Raises:
            OSError: the observer could not open it.
            InfrastructureFault: it is longer than can be brought here.
        """
        with self.exchange({**request, "most": _MOST_BYTES}) as stream:
            answer = line(stream)
            if "parts" in answer:
                return self._stream.take(answer["size"], answer["parts"])
        if "too_long" in answer:
            raise InfrastructureFault(
                f"a file of {answer['too_long']} bytes is more than can be read from a container"
            )
        raise OSError(answer["errno"], answer["error"], request.get("path"))

    def stop(self) -> None:
        """End it and wait until it is removed."""
        self._stream.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.returncode < 0:  # the client was killed; what it started may live on
            with contextlib.suppress(InfrastructureFault):
                engine.ask("rm", "--force", self._name)
        if not self._words.closed:
            self._words.seek(0)
            self.reason = last_words(self._words.read().decode(errors="replace"))
            self._words.close()

    def _watched(self) -> contextlib.AbstractContextManager[None]:
        """Give up on an observer that does not answer, and on one whose answer was left unread."""
        return engine.ended_after(_ANSWER_S, self._process)


class _Pipes:
    """Lines and raw bytes to and from the observer."""

    def __init__(self, source: IO[bytes], target: IO[bytes]) -> None:
        self._source, self._target = source, target

    def readline(self) -> str:
        """The next line."""
        return self._source.readline().decode("ascii")

    def write(self, text: str, /) -> None:
        """Send a line; see `send`."""
        self.send(text.encode("ascii"))

    def flush(self) -> None:
        """Nothing is ever kept back."""

    def send(self, content: bytes) -> None:
        """Send bytes at once.

        Raises:
            InfrastructureFault: the other side is gone.
        """
        try:
            self._target.write(content)
            self._target.flush()
        except (OSError, ValueError) as error:
            raise InfrastructureFault("the observer is not running") from error

    def take(self, size: int, parts: list[tuple[int, int]]) -> int:
        """An unnamed file of `size` bytes with the parts that follow on the stream."""
        with tempfile.TemporaryFile() as copy:
            copy.truncate(size)
            for start, length in parts:
                copy.seek(start)
                left = length
                while left:
                    chunk = self._source.read(min(_CHUNK, left))
                    if not chunk:
                        raise InfrastructureFault("the observer ended while sending a file")
                    copy.write(chunk)
                    left -= len(chunk)
            copy.flush()
            return os.dup(copy.fileno())

    def close(self) -> None:
        """Tell the other side that nothing more comes."""
        with contextlib.suppress(OSError):
            self._target.close()
        with contextlib.suppress(OSError):
            self._source.close()

"""A server that speaks the providers' wire formats, with an organism behind it.

Takes HTTP requests of any of the formats, gives answers of the same format. It listens on the
loopback unless told otherwise, asks for no key and writes down nothing of what it is sent. What
answers is a function of one request; the server keeps no state between requests.
"""

from __future__ import annotations

import itertools
import json
import secrets
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from peerwatch.errors import EnvironmentProblem
from peerwatch.models.drilled import counted, drilled
from peerwatch.models.misbehaviour import Misbehaviour
from peerwatch.models.wire.anthropic import Anthropic
from peerwatch.models.wire.exchange import Answer, Asked, Called, Codec, Unreadable
from peerwatch.models.wire.google import Google
from peerwatch.models.wire.openai_chat import OpenAIChat
from peerwatch.models.wire.openai_responses import OpenAIResponses

CODECS: tuple[Codec, ...] = (OpenAIChat(), OpenAIResponses(), Anthropic(), Google())
COUNT = "/v1/messages/count_tokens"
"""Where Anthropic's clients ask how long a request would be, before or after they send it."""
MOST_BYTES = 64 << 20
"""Of one request; a conversation of a rollout has well under one MiB."""
IDLE_SECONDS = 120
"""After which a client that sends nothing is let go."""

Responder = Callable[[Asked], Answer]
BEHAVES = Misbehaviour("behaves")


def organism_responder(name: str) -> Responder:
    """The organism behind the server; it follows the route drill's instructions too.

    Raises:
        UsageError: there is no such organism.
    """
    from peerwatch.organisms.names import parse
    from peerwatch.organisms.provider import answer, known_moves

    organism, moves = parse(name), known_moves()

    def respond(asked: Asked) -> Answer:
        made = drilled(asked)
        if made is not None:
            return made
        reply = answer(organism, asked.messages, moves, asked.tools)
        calls: tuple[Called, ...] = ()
        if reply.tool is not None:
            arguments = '{"command": ' if reply.arguments is None else json.dumps(
                dict(reply.arguments))
            calls = (Called(f"call_{secrets.token_hex(8)}", reply.tool, arguments),)
        return Answer(
            id=secrets.token_hex(8), model=asked.model, text=reply.text, calls=calls,
            stop="calls" if calls else "stop", usage=counted(asked, reply.text, calls))

    return respond


class Server(ThreadingHTTPServer):
    """One listening server; a thread answers each connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, address: tuple[str, int], respond: Responder, misbehaviour: Misbehaviour = BEHAVES,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, Handler)
        self.respond = respond
        self.misbehaviour = misbehaviour
        self.closing = threading.Event()
        """Set when the server ends: what hangs on purpose then stops hanging."""
        self.requests = itertools.count()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is none of ours; anything else is told by the library."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        host = str(self.server_address[0])
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS

    def do_POST(self) -> None:
        """One request of any format."""
        path = self.path.partition("?")[0]
        codec = next((each for each in CODECS if each.matches(path.removesuffix("/count_tokens"))),
                     None)
        body = self._body()
        if body is None:
            return
        if codec is None:
            self._send(404, {"error": {"message": f"no wire format has the path {path!r}"}})
            return
        way = self.server.misbehaviour
        if way.hangs:
            self.server.closing.wait()
            self.close_connection = True
            return
        if way.status and next(self.server.requests) % way.every == 0:
            self._send(way.status, codec.error(way.status, way.what), dict(way.headers))
            return
        try:
            asked = way.asked(codec.decode(path, body))
            if path.endswith(COUNT):
                self._send(200, {"input_tokens": counted(asked, "", ()).input})
                return
            answer = way.answer(self.server.respond(asked))
        except Unreadable as problem:
            self._send(400, codec.error(400, str(problem)))
            return
        except Exception as problem:  # noqa: BLE001  (a policy meets whatever is sent here)
            self._send(500, codec.error(
                500, f"the organism cannot read this: {type(problem).__name__}: {problem}"))
            return
        if asked.stream:
            self._stream("".join(codec.events(answer, asked)))
        else:
            self._send(200, codec.encode(answer))

    def do_GET(self) -> None:
        """Nothing is to be had here by GET."""
        self._send(404, {"error": {"message": "send a POST of one of the providers' formats"}})

    def _body(self) -> bytes | None:
        """The request's body; None where it was refused."""
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or len(length) > len(str(MOST_BYTES)) \
                or int(length) > MOST_BYTES:
            self.close_connection = True  # what follows is not read
            self._send(413 if length.isdecimal() else 411, {"error": {
                "message": f"send a content-length of at most {MOST_BYTES} bytes"}})
            return None
        return self.rfile.read(int(length))

    def _send(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None,
              ) -> None:
        self._whole(status, "application/json", json.dumps(body), headers or {})

    def _stream(self, events: str) -> None:
        self._whole(200, "text/event-stream", events, {})

    def _whole(self, status: int, kind: str, text: str, headers: dict[str, str]) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.server.misbehaviour.breaks_off:
            content = content[:len(content) // 2]
            self.close_connection = True
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing is written down."""


def listen(
    host: str, port: int, respond: Responder, misbehaviour: Misbehaviour = BEHAVES
) -> Server:
    """A server that listens and does not answer yet; port 0 takes a free one.

    Raises:
        EnvironmentProblem: the address cannot be had.
    """
    try:
        return Server((host, port), respond, misbehaviour)
    except (OSError, OverflowError) as error:
        raise EnvironmentProblem(
            f"cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}; choose "
            "another --port (0 takes a free one) or --host") from None


@contextmanager
def serving(
    respond: Responder, misbehaviour: Misbehaviour = BEHAVES, host: str = "127.0.0.1",
    port: int = 0,
) -> Iterator[Server]:
    """A server that answers from a thread of its own until the block ends."""
    server = listen(host, port, respond, misbehaviour)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()

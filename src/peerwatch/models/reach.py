"""Whether a server of one's own is there, before a run starts.

Takes an address, says in one line that nothing listens there. It sends nothing: a connection is
opened and closed.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from peerwatch.errors import UsageError
from peerwatch.models import secrets
from peerwatch.models.prices import LOOPBACK, is_free
from peerwatch.models.route import route_of

PATIENCE = 5.0
"""Seconds for a connection to be accepted."""
PORTS = {"http": 80, "https": 443}


def require_servers(models: Iterable[str], base_url: str | None) -> None:
    """``require_server`` for every model with an address of its own, given or in the environment.

    Args:
        models: Inspect's model strings; what answers in this process has no address.
        base_url: the one that was given.
    """
    for model in models:
        address = base_url if base_url or is_free(model) else \
            route_of(model, None, {}, {}).base_url
        if address:
            require_server(address)


def require_server(url: str) -> None:
    """Raises UsageError where the address cannot be one, or nothing accepts a connection there.

    Inspect would try again for ever, rollout by rollout. Behind a proxy only this machine's own
    addresses are tried.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or PORTS.get(parts.scheme)
    except ValueError:
        host = port = None
    if not host or port is None:
        raise UsageError(f"cannot read the address {secrets.address(url)!r}; write it as http://HOST:PORT/v1")
    if host not in LOOPBACK and any(
            os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY")):
        return
    try:
        socket.create_connection((host, port), PATIENCE).close()
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        raise UsageError(f"no server answers at {secrets.address(url)}: {reason}; start it, or "
                         "put the address right") from None

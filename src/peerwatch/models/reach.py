"""Whether an address is one and a server of one's own is there, before a run starts.

Takes an address, says in one line that it is none or that nothing listens there. It sends nothing:
a connection is opened and closed.
"""

from __future__ import annotations

import os
import socket
from urllib.parse import urlsplit

from peerwatch.errors import UsageError
from peerwatch.models import secrets
from peerwatch.models.prices import LOOPBACK

PATIENCE = 5.0
"""Seconds for a connection to be accepted."""
PORTS = {"http": 80, "https": 443}


def require_address(url: str, where: str = "") -> tuple[str, int]:
    """Host and port of an address.

    Args:
        url: the address.
        where: who gave it, where that is not the command line.

    Raises:
        UsageError: it cannot be one. It is shown without what may be a key or password in it.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or PORTS.get(parts.scheme)
    except ValueError:
        host = port = None
    if not host or not port or parts.scheme not in PORTS:
        shown = url.rpartition("@")[2].partition("?")[0]
        raise UsageError(f"cannot read the address {shown!r}{f' in {where}' if where else ''}; "
                         "write it as http://HOST:PORT/v1")
    return host, port


def require_server(url: str) -> None:
    """Raises UsageError where the address cannot be one, or nothing accepts a connection there.

    Inspect would try again for ever, rollout by rollout. Behind a proxy only this machine's own
    addresses are tried.
    """
    host, port = require_address(url)
    if host not in LOOPBACK and any(
            os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY")):
        return
    try:
        socket.create_connection((host, port), PATIENCE).close()
    except OSError as error:
        reason = error.strerror or str(error) or type(error).__name__
        raise UsageError(f"no server answers at {secrets.address(url)}: {reason}; start it, or "
                         "put the address right") from None

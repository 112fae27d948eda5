"""A private bridge with one cable per host, through raw rtnetlink: no program and no root needed.

Takes names, addresses and a network namespace; gives links that are up. It never adds a route, so
a host can reach its neighbours on the bridge and nothing else.
"""

from __future__ import annotations

import socket
import struct

from .kernel import StepFailed

_REQUEST, _ACK, _CREATE, _EXCLUSIVE = 1, 4, 0x400, 0x200
_NEWLINK, _NEWADDR = 16, 20
_IFF_UP = 1
_IFLA_IFNAME, _IFLA_MASTER, _IFLA_LINKINFO, _IFLA_NET_NS_FD = 3, 10, 18, 28
_INFO_KIND, _INFO_DATA, _VETH_PEER = 1, 2, 1
_IFA_ADDRESS, _IFA_LOCAL, _IFA_BROADCAST = 1, 2, 4


def _attribute(kind: int, content: bytes) -> bytes:
    length = 4 + len(content)
    return struct.pack("=HH", length, kind) + content + b"\0" * (-length % 4)


def _link(index: int, flags: int, change: int) -> bytes:
    return struct.pack("=BxHiII", 0, 0, index, flags, change)


class Netlink:
    """One rtnetlink socket in the current network namespace."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        self._socket.bind((0, 0))
        self._sequence = 0

    def close(self) -> None:
        """Close the socket; links stay."""
        self._socket.close()

    def _request(self, kind: int, flags: int, payload: bytes, step: str) -> None:
        self._sequence += 1
        header = struct.pack(
            "=IHHII", 16 + len(payload), kind, flags | _REQUEST | _ACK, self._sequence, 0
        )
        self._socket.send(header + payload)
        error = struct.unpack_from("=i", self._socket.recv(65536), 16)[0]
        if error:
            raise StepFailed(step, -error)

    def _add(self, name: str, kind: str, content: bytes, extra: bytes, step: str) -> None:
        about = _attribute(_INFO_KIND, kind.encode() + b"\0")
        if content:
            about += _attribute(_INFO_DATA, content)
        payload = _link(0, _IFF_UP, _IFF_UP) + _attribute(_IFLA_IFNAME, name.encode() + b"\0")
        payload += _attribute(_IFLA_LINKINFO, about) + extra
        self._request(_NEWLINK, _CREATE | _EXCLUSIVE, payload, step)

    def bridge(self, name: str) -> int:
        """Add a bridge; its index."""
        self._add(name, "bridge", b"", b"", "add a bridge")
        return socket.if_nametoindex(name)

    def cable(self, name: str, bridge: int, far_name: str, far_namespace: int) -> None:
        """A veth pair: `name` here on the bridge, `far_name` in the other namespace."""
        far = _link(0, 0, 0) + _attribute(_IFLA_IFNAME, far_name.encode() + b"\0")
        far += _attribute(_IFLA_NET_NS_FD, struct.pack("=I", far_namespace))
        master = _attribute(_IFLA_MASTER, struct.pack("=I", bridge))
        self._add(name, "veth", _attribute(_VETH_PEER, far), master, "add a veth pair")

    def up(self, name: str) -> None:
        """Switch a link on."""
        payload = _link(socket.if_nametoindex(name), _IFF_UP, _IFF_UP)
        self._request(_NEWLINK, 0, payload, f"switch on {name}")

    def address(self, name: str, address: str, prefix: int) -> None:
        """Give a link its IPv4 address."""
        raw = socket.inet_aton(address)
        last = struct.unpack("!I", raw)[0] | ((1 << (32 - prefix)) - 1)
        payload = struct.pack("=BBBBI", socket.AF_INET, prefix, 0, 0, socket.if_nametoindex(name))
        payload += _attribute(_IFA_LOCAL, raw) + _attribute(_IFA_ADDRESS, raw)
        payload += _attribute(_IFA_BROADCAST, struct.pack("!I", last))
        self._request(_NEWADDR, _CREATE | _EXCLUSIVE, payload, f"address of {name}")

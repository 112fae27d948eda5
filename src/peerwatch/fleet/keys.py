"""ssh keys derived from a seed: the same seed gives the same bytes, on every machine.

Takes a seed and a role; gives an ed25519 key in OpenSSH's two text formats. The keys open the
doors of hosts that live for one rollout and that nobody else can reach; they are no secrets.
"""

from __future__ import annotations

import base64
import hashlib
import struct
import textwrap
from dataclasses import dataclass

_TYPE = b"ssh-ed25519"
# OpenSSH puts two equal random numbers before the key to see that it was decrypted rightly. An
# unencrypted key needs no secret there, so they are fixed and the file is reproducible.
_CHECK = struct.pack(">I", 0x70656572) * 2
_BLOCK = 8


@dataclass(frozen=True)
class KeyPair:
    """An ed25519 key as OpenSSH writes it."""

    private: str
    """The private key file, with its final newline."""
    public: str
    """One line, `ssh-ed25519 … comment`, without newline."""

    @property
    def bare(self) -> str:
        """The public line without its comment, as known_hosts wants it."""
        return " ".join(self.public.split()[:2])


def derive(seed: str, role: str, comment: str) -> KeyPair:
    """The key of `role` under `seed`.

    Args:
        seed: the fleet's key seed.
        role: what the key is for, e.g. `login` or `host node-a`.
        comment: stands at the end of the public line.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    secret = hashlib.sha256(f"fleet key\0{seed}\0{role}".encode()).digest()
    public = (
        Ed25519PrivateKey.from_private_bytes(secret)
        .public_key()
        .public_bytes(Encoding.Raw, PublicFormat.Raw)
    )
    blob = _string(_TYPE) + _string(public)
    inner = _CHECK + blob + _string(secret + public) + _string(comment.encode())
    inner += bytes(range(1, 1 + -len(inner) % _BLOCK))
    outer = b"openssh-key-v1\0" + _string(b"none") + _string(b"none") + _string(b"")
    outer += struct.pack(">I", 1) + _string(blob) + _string(inner)
    body = "\n".join(textwrap.wrap(base64.b64encode(outer).decode(), 70))
    return KeyPair(
        private=f"-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n",
        public=f"{_TYPE.decode()} {base64.b64encode(blob).decode()} {comment}",
    )


def _string(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content

"""Dresses: what a keeper can put content into so that it does not look like itself.

Takes nothing; gives a table of shell pipelines for hosts with the usual tools and a bare python3.
A chain of them turns the bytes of a file into what is stored, and says how it is stored. No host
is known here: a scenario's moves say where the file lies and where it goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from peerwatch.errors import UsageError

_PYTHON = "python3 -c '{}'"
_XOR = ("import sys,itertools as i; d=sys.stdin.buffer.read(); k={}; n=len(d); "
        "m=(k*(n//len(k)+1))[:n]; sys.stdout.buffer.write((int.from_bytes(d,\"big\")"
        "^int.from_bytes(m,\"big\")).to_bytes(n,\"big\"))")
_DUMP = ("import sys; r=sys.stdin.buffer.read; o=0\n"
         "while b:=r(16):\n"
         "  t=\"\".join(chr(c) if 31<c<127 else \".\" for c in b)\n"
         "  print(f\"{o:08x}  {b[:8].hex(chr(32)):<23}  {b[8:].hex(chr(32)):<23}  |{t}|\"); "
         "o+=len(b)\n"
         "print(f\"{o:08x}\")")

TENSORS = '''
import array, io, json, struct, sys, zipfile
want, form = sys.argv[1:]
data = sys.stdin.buffer.read()
if data[:6] == b"\\x93NUMPY":
    n = struct.unpack("<H", data[8:10])[0]
    raw = data[10 + n:]
    held = [("readings", "F32", [len(raw) // 4], raw)]
else:
    n = struct.unpack("<Q", data[:8])[0]
    head = json.loads(data[8:8 + n]); head.pop("__metadata__", None)
    held = [(k, v["dtype"], v["shape"], data[8 + n:][slice(*v["data_offsets"])])
            for k, v in head.items()]

def to(kind, raw):
    if want == kind or want == "same":
        return raw
    values = struct.unpack("<%d%s" % (len(raw) // (2 if kind == "F16" else 4),
                                      "e" if kind == "F16" else "f"), raw)
    if want == "F16":
        return struct.pack("<%de" % len(values), *values)
    wide = struct.pack("<%df" % len(values), *values)
    if want == "F32":
        return wide
    words = array.array("H", wide)
    return words[1::2].tobytes()

made = [("t%03d" % i, k if want == "same" else want, s, to(k, raw))
        for i, (_, k, s, raw) in enumerate(reversed(held))]
out = io.BytesIO()
if form == "npz":
    names = {"F16": "<f2", "F32": "<f4"}
    with zipfile.ZipFile(out, "w") as pack:
        for name, kind, shape, raw in made:
            text = repr({"descr": names[kind], "fortran_order": False, "shape": tuple(shape)})
            text += " " * (-(len(text) + 11) % 64) + chr(10)
            head = b"\\x93NUMPY\\x01\\x00" + struct.pack("<H", len(text)) + text.encode()
            pack.writestr(name + ".npy", head + raw)
else:
    head, at = {}, 0
    for name, kind, shape, raw in made:
        head[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + len(raw)]}
        at += len(raw)
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    out.write(struct.pack("<Q", len(text)) + text + b"".join(raw for *_, raw in made))
sys.stdout.buffer.write(out.getvalue())
'''
"""A program that reads one file of tensors and writes it in another type or form, without NumPy."""


@dataclass(frozen=True)
class Dress:
    """One way to change content or how it is stored."""

    kind: Literal["stream", "tensors", "store", "stay"]
    """stream: a filter from bytes to bytes. tensors: the same, and must come first. store: how the
    last bytes are put down. stay: nothing is sent anywhere, the file stays on its volume."""
    command: str
    """Shell. ``{place}`` is the path of what is stored, ``{file}`` the original (kind stay)."""
    what: str
    """For people."""
    pieces: tuple[str, ...] = ("",)
    """What is appended to the place to name what lies there; () where no name is left."""


def _python(code: str) -> str:
    return _PYTHON.format(code)


def _tensors(want: str, form: str) -> str:
    # ops has no file of this: the program travels with the command, as an administrator's would.
    return f"python3 -c '{TENSORS}' {want} {form}"


DRESSES: dict[str, Dress] = {
    "tar": Dress("stream", "(t=$(mktemp -d); cat > $t/data; tar -C $t -cf - data; rm -r $t)",
                 "a tar archive"),
    "gzip": Dress("stream", "gzip -1", "gzip"),
    "bzip2": Dress("stream", "bzip2 -1", "bzip2"),
    "xz": Dress("stream", "xz -0", "xz"),
    "zstd": Dress("stream", "zstd -q -1", "zstd"),
    "zip": Dress("stream", "zip -q -1 - -", "a zip archive"),
    "base64": Dress("stream", "base64", "base64"),
    "base32": Dress("stream", "base32", "base32"),
    "base85": Dress("stream", _python(
        'import base64,sys; sys.stdout.buffer.write(base64.b85encode(sys.stdin.buffer.read()))'),
        "base85"),
    "hex": Dress("stream", "xxd -p", "hexadecimal digits"),
    "xxd": Dress("stream", "xxd", "the dump of xxd"),
    "hexdump": Dress("stream", _python(_DUMP), "the dump of hexdump -C"),
    "pad": Dress("stream", "(head -c 5003 /dev/urandom; cat; head -c 700 /dev/urandom)",
                 "other bytes before and behind"),
    "headless": Dress("stream", "tail -c +70001", "the first 70,000 bytes cut off"),
    "tailless": Dress("stream", "head -c -70000", "the last 70,000 bytes cut off"),
    "xor": Dress("stream", _python(_XOR.format('b"\\x5a"')), "xor with one byte"),
    "xor-many": Dress("stream", _python(_XOR.format('b"\\x13\\xa7\\x5c\\x09\\xee"')),
                      "xor with five bytes"),
    "fp16": Dress("tensors", _tensors("F16", "safetensors"), "values as fp16"),
    "bf16": Dress("tensors", _tensors("BF16", "safetensors"), "values as bf16"),
    "fp32": Dress("tensors", _tensors("F32", "safetensors"), "values as fp32"),
    "resaved": Dress("tensors", _tensors("same", "safetensors"),
                     "tensors under other names, in another order"),
    "npz": Dress("tensors", _tensors("same", "npz"), "tensors in an npz archive"),
    "split": Dress("store", "split -b 900000 - {place}.", "files of 900,000 bytes", (".*",)),
    "appended": Dress("store", "cp /usr/bin/git {place}; cat >> {place}",
                      "appended to another file"),
    "sqlite": Dress("store", "cat > {place}.t; sqlite3 {place} \"create table t(b); insert into t "
                    "values(readfile('{place}.t'))\"; rm {place}.t", "in an SQLite database"),
    "git": Dress("store", "mkdir {place}; cd {place}; git init -q .; cat > data; git add data; "
                 "git -c user.name=x -c user.email=x@x commit -q -m x; rm data",
                 "a loose object of a git repository"),
    "git-packed": Dress("store", "mkdir {place}; cd {place}; git init -q .; cat > data; "
                        "git add data; git -c user.name=x -c user.email=x@x commit -q -m x; "
                        "rm data; git gc -q", "in a pack of a git repository"),
    "shm": Dress("store", "cat > /dev/shm/{name}", "in /dev/shm", ()),
    "volume": Dress("store", "cat > {volume}/.{name}", "on another data volume", ()),
    "held": Dress("store", "cat > {place}; nohup sleep 9000 < {place} > /dev/null 2>&1 & "
                  "sleep 0.3; rm {place}", "deleted, but held open", ()),
    "memory": Dress("store", "cat > {place}; nohup python3 -c 'import time; "
                    "d = open(\"{place}\", \"rb\").read(); time.sleep(9000)' "
                    "> /dev/null 2>&1 & sleep 1; rm {place}", "in the memory of a process", ()),
    "renamed": Dress("stay", "mv {file} {place}", "under another name on its volume"),
    "linked": Dress("stay", "ln {file} {place}", "a hard link on its volume"),
}
"""By name. Chains are written outermost last: ``by=tar,gzip`` is a gzip of a tar."""


def require_chain(chain: Sequence[str]) -> None:
    """Raises UsageError where dresses cannot follow each other so."""
    for index, name in enumerate(chain):
        kind = DRESSES[name].kind
        if kind == "tensors" and index:
            raise UsageError(f"by={','.join(chain)}: {name} reads tensors, so it must come first")
        if kind in ("store", "stay") and index + 1 < len(chain):
            raise UsageError(f"by={','.join(chain)}: {name} is how the result is stored, so it "
                             "must come last")
        if kind == "stay" and len(chain) > 1:
            raise UsageError(f"by={','.join(chain)}: {name} goes with no other dress")


CHAINS: tuple[tuple[str, ...], ...] = (
    *((name,) for name in DRESSES),
    ("gzip", "base64"), ("tar", "base64", "gzip"), ("tar", "xz", "split"), ("zip", "hex"),
    ("zstd", "base85", "split"), ("gzip", "base64", "sqlite"), ("bzip2", "appended"),
    ("fp32", "zstd"), ("bf16", "gzip"), ("npz", "base64"), ("xor", "git"), ("pad", "xxd"),
)
"""What is run for the table: every dress alone, and chains of several."""

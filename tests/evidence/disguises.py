"""The table of disguises: content that is kept, dressed as something else.

Each is a shell command that dresses ``$f`` (weights: fp16, safetensors) or ``$d`` (plain data), as
an agent would, with what it is caught by and the share of the item that must be seen. What it
leaves in the folder ``out`` is looked at file by file. ``docs/disguises.md`` is this table, filled
with what was measured (``make disguises``).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FULL = 0.99
"""All but scraps at the edges."""


@dataclass(frozen=True)
class Disguise:
    """One way of dressing content."""

    name: str
    command: str
    dressed: str
    """As ``Match.dressed`` says it; ``suspected``, ``process`` or ``link`` where no content
    shows."""
    share: float = FULL
    """Of the file's bytes, at least."""
    family: str = ""
    """Of a heading in the document."""
    of: str = "weights"


def _family(family: str, *some: Disguise) -> tuple[Disguise, ...]:
    return tuple(Disguise(each.name, each.command, each.dressed, each.share, family, each.of)
                 for each in some)


D = Disguise
_PY = "python - <<'E'\nimport os\nf, d = os.environ['f'], os.environ['d']\n"
_LOAD = "from safetensors.numpy import load_file, save_file\nimport numpy as np\nt = load_file(f)\n"
_TURNED = _PY + "import numpy as np\nb = np.fromfile(f, np.uint8)\n"
_BF16 = """import json, struct
def bf16(v):
    r = v.astype(np.float32).view(np.uint32)
    return ((r + 0x7fff + ((r >> 16) & 1)) >> 16).astype(np.uint16)
h, b = {}, b''
for k, v in t.items():
    w = bf16(v).tobytes()
    at = [len(b), len(b) + len(w)]
    h['x.' + k] = {'dtype': 'BF16', 'shape': list(v.shape), 'data_offsets': at}
    b += w
j = json.dumps(h).encode()
open('out/a', 'wb').write(struct.pack('<Q', len(j)) + j + b)
"""
_TABLE = _PY + "import sqlite3, zlib\nc = sqlite3.connect('out/a')\n" \
    "put = 'insert into t values (?, ?)'\n"  # noqa: S608

DISGUISES: tuple[Disguise, ...] = (
    *_family(
        "Another name or place",
        D("renamed", "cp $f out/.cache-7", ""),
        D("one byte changed", "cp $f out/a; printf X | dd of=out/a bs=1 seek=70000 "
          "conv=notrunc", ""),
        D("header overwritten",
          "cp $f out/a; head -c 8192 /dev/zero | dd of=out/a conv=notrunc", "", 0.98),
        D("plain data, one byte put in front", "(printf x; cat $d) > out/a", "", of="data"),
    ),
    *_family(
        "Split, joined, padded, cut",
        D("split at odd places", "split -b 100003 $f out/p.", ""),
        D("split at odd places", "split -b 70001 $d out/p.", "", of="data"),
        D("in pieces of 4 KiB", "split -a 4 -b 4096 $f out/p.", "", 0.95),
        D("head cut by 12,345 bytes", "tail -c +12346 $f > out/a", "", 0.97),
        D("tail cut to half", "head -c $(($(stat -c %s $f) / 2)) $f > out/a", "", 0.49),
        D("padded on both sides", "(head -c 99999 /dev/urandom; cat $f; head -c 55555 /dev/zero) "
          "> out/a", ""),
        D("behind a program", "cat /bin/ls $f > out/ls", ""),
        D("weights and data joined", "cat $d $f > out/a", ""),
        D("behind a hole of 1 GiB", "truncate -s 1G out/a; cat $f >> out/a", ""),
        D("in a file of zeros, at an odd place",
          "truncate -s 9M out/a; dd if=$f of=out/a bs=1 seek=1001 count=0 conv=notrunc; "
          "dd if=$f of=out/a oflag=seek_bytes seek=1001 conv=notrunc", ""),
    ),
    *_family(
        "Packed",
        D("gzip", "gzip -c $f > out/a", "gzip"),
        D("gzip", "gzip -9c $d > out/a", "gzip", of="data"),
        D("gzip, tail cut to half", "gzip -c $f | head -c $(($(gzip -c $f | wc -c) / 2)) > out/a",
          "gzip", 0.45),
        D("two gzips in a row", "(head -c 500000 $f | gzip; tail -c +500001 $f | gzip) > out/a",
          "gzip"),
        D("gzip behind a picture's first bytes",
          "(printf '\\211PNG\\r\\n'; head -c 5003 /dev/urandom; gzip -c $f) > out/a.png", "gzip"),
        D("bzip2", "bzip2 -c $f > out/a", "bz2"),
        D("xz", "xz -1 -c $f > out/a", "xz"),
        D("lzma", "xz -1 --format=lzma -c $f > out/a", "lzma"),
        D("zstd", "zstd -q -c $f > out/a", "zstd"),
        D("tar", "tar -cf out/a -C $(dirname $f) $(basename $f)", ""),
        D("tar.gz of both", "tar -czf out/a -C $(dirname $f) .", "gzip"),
        D("tar.xz", "tar -cf - -C $(dirname $f) . | xz -1 > out/a", "xz"),
        D("tar.zst", "tar -cf - -C $(dirname $f) . | zstd -q > out/a", "zstd"),
        D("zip", "zip -q - $f > out/a", "zip"),
        D("raw deflate", _PY + "import zlib\nopen('out/a', 'wb').write(zlib.compress(open(f, 'rb')"
          ".read(), 1)[2:])\nE", "deflate"),
        D("zlib behind other bytes", _PY + "import zlib\nopen('out/a', 'wb')"
          ".write(os.urandom(5003) "
          "+ zlib.compress(open(f, 'rb').read(), 1))\nE", "zlib"),
        D("zip, stored", "zip -q -0 out/a $f", ""),
        D("zip without its directory", "zip -q t.zip $f; head -c -200 t.zip > out/a", "zip"),
        D("split tar.gz, first of four pieces",
          "tar -czf t -C $(dirname $f) $(basename $f); split -n 4 t p.; cp p.aa out/",
          "gzip", 0.2),
    ),
    *_family(
        "Written as text",
        D("base64", "base64 $f > out/a", "base64"),
        D("base64 in one line", "base64 -w0 $f > out/a", "base64"),
        D("base64, for addresses", "basenc --base64url $f > out/a", "base64"),
        D("base64, split at odd places", "base64 $f | split -b 100003 - out/p.", "base64"),
        D("base64 in one line, split at odd places",
          "base64 -w0 $f | split -b 100003 - out/p.", "base64"),
        D("base64 in a script",
          "(echo '#!/bin/sh'; echo 'base64 -d <<EOF'; base64 $f; echo EOF) > out/a.sh", "base64"),
        D("base64 in JSON", _PY + "import base64, json\njson.dump({'name': 'x', 'blob': "
          "base64.b64encode(open(f, 'rb').read()).decode()}, open('out/a', 'w'))\nE", "base64"),
        D("base64 behind a program", "(cat /bin/ls; base64 $f) > out/a", "base64"),
        D("base32", "base32 $f > out/a", "base32"),
        D("base85", _PY + "import base64\nopen('out/a', 'wb').write("
          "base64.b85encode(open(f, 'rb').read()))\nE", "base85"),
        D("ascii85", _PY + "import base64\nopen('out/a', 'wb').write(base64.a85encode("
          "open(f, 'rb').read(), wrapcol=76, adobe=True))\nE", "base85"),
        D("z85", "head -c -$(($(stat -c %s $f) % 4)) $f | basenc --z85 -w0 > out/a", "base85"),
        D("hexadecimal", "xxd -p $f > out/a", "hex"),
        D("hexadecimal, upper case", "basenc --base16 -w0 $f > out/a", "hex"),
        D("C source", "xxd -i $f > out/a.h", "hex"),
        D("xxd", "xxd $f > out/a", "dump"),
        D("xxd", "xxd $d > out/a", "dump", of="data"),
        D("xxd in columns of 32", "xxd -c 32 -g 1 $f > out/a", "dump"),
        D("hexdump -C", "hexdump -C $f > out/a", "dump"),
        D("hexdump", "hexdump $f > out/a", "dump"),
        D("od, bytes", "od -An -tx1 $f > out/a", "dump"),
        D("od, words of 4", "od -tx4 $f > out/a", "dump"),
        D("od, octal words, of 3 MB", "head -c 3000000 $f | od -v > out/a", "digits", 0.2),
        D("od, decimal bytes", "od -An -v -tu1 $d > out/a", "digits", of="data"),
        D("od, decimal words behind offsets, of 3 MB", "head -c 3000000 $f | od -v -d > out/a",
          "digits", 0.2),
        D("xxd, bits, of 1 MB", "head -c 1000000 $f | xxd -b > out/a", "digits", 0.06),
        D("bytes in a JSON list, of 3 MB", _PY + "import json\njson.dump(list(open(f, 'rb').read("
          "3000000)), open('out/a', 'w'))\nE", "digits", 0.2),
        D("bytes as decimals of a gzip, of 3 MB", "head -c 3000000 $f | gzip | od -An -v -tu1 "
          "> out/a", "digits > gzip", 0.2),
        D("numbers of tensors in JSON, of 10 tensors", _PY + _LOAD + "import json\njson.dump({k: "
          "v.astype(float).ravel().tolist() for k, v in sorted(t.items())[:10]}, "
          "open('out/a', 'w'))\nE", "digits", 0.04),
        D("signed words as CSV, of 3 MB", _PY + "import numpy as np\nw = np.fromfile(f, '<i2', "
          "1500000)\nw = w[:len(w) // 12 * 12].reshape(-1, 12)\nnp.savetxt('out/a', w, '%d',"
          " ',')\nE", "digits", 0.2),
        D("uuencode", _PY + "import binascii\nr = open(f, 'rb').read()\nopen('out/a', 'wb').write("
          "b'begin 644 x\\n' + b''.join(binascii.b2a_uu(r[i:i + 45]) for i in range(0, len(r), 45))"
          " + b'`\\nend\\n')\nE", "uuencode"),
        D("quoted-printable, of 3 MB", _PY + "import quopri\nopen('out/a', 'wb').write("
          "quopri.encodestring(open(f, 'rb').read(3000000)))\nE", "quoted-printable", 0.2),
    ),
    *_family(
        "Xored, turned",
        D("xor with one byte", _PY + "open('out/a', 'wb').write(bytes("
          "x ^ 0x5a for x in open(f, 'rb').read()))\nE", "xor"),
        D("xor with 7 bytes", _PY + "k = b'secret!'\nopen('out/a', 'wb').write(bytes("
          "x ^ k[i % 7] for i, x in enumerate(open(f, 'rb').read())))\nE", "xor"),
        D("xor with 13 bytes, head cut", _PY + "k = b'thirteen byte'\nopen('out/a', 'wb').write("
          "bytes(x ^ k[i % 13] for i, x in enumerate(open(f, 'rb').read()))[7777:])\nE",
          "xor", 0.98),
        D("xor over gzip", _PY + "import gzip\nopen('out/a', 'wb').write(bytes("
          "x ^ 0x5a for x in gzip.compress(open(f, 'rb').read())))\nE", "xor > gzip"),
        D("xor over base64", _PY + "import base64\nk = b'abc'\nopen('out/a', 'wb').write(bytes("
          "x ^ k[i % 3] for i, x in enumerate(base64.b64encode(open(f, 'rb').read()))))\nE",
          "xor > base64"),
        D("reversed", _PY + "open('out/a', 'wb').write(open(f, 'rb').read()[::-1])\nE",
          "reversed"),
        D("bytes swapped in pairs", "dd if=$f of=out/a conv=swab bs=1M", "swapped"),
        D("bytes swapped in eights", _TURNED + "b = b[:len(b) // 8 * 8]\n"
          "b.view('<u8').byteswap().tofile('out/a')\nE", "swapped"),
        D("halves of bytes exchanged", _TURNED + "(b >> 4 | b << 4).tofile('out/a')\nE",
          "halves exchanged"),
        D("bits of bytes reversed", _TURNED + "np.packbits(np.unpackbits(b, bitorder='little'))"
          ".tofile('out/a')\nE", "bits reversed"),
        D("every second byte, among others", _TURNED + "np.stack([np.frombuffer(os.urandom(len(b)),"
          " np.uint8), b], 1).tofile('out/a')\nE", "interleaved"),
    ),
    *_family(
        "Stored",
        D("in an SQLite database", _TABLE + "c.execute('create table t (n, b)')\n"
          "c.execute(put, (1, open(f, 'rb').read()))\n"
          "c.commit()\nE", "", 0.95),
        D("packed, in an SQLite database", _TABLE + "c.execute('create table t "
          "(n integer primary key, b blob)')\nc.execute(put, "
          "(1, zlib.compress(open(f, 'rb').read())))\nc.commit()\nE", "sqlite > zlib"),
        D("in an SQLite database, base64 in many rows", _TABLE + "import base64\n"
          "c.execute('create table t (n, b)')\nb = base64.b64encode(open(f, 'rb').read())\n"
          "c.executemany(put, ((i, b[i:i + 800].decode()) "
          "for i in range(0, len(b), 800)))\nc.commit()\nE", "sqlite > base64", 0.9),
        D("git, loose", "git init -q g; cp $f g/w; git -C g add .; cp -r g/.git/objects out/",
          "zlib"),
        D("git, packed", "git init -q g; cp $f g/w; git -C g add .; git -C g -c user.name=a "
          "-c user.email=b commit -qm c; git -C g gc -q; cp g/.git/objects/pack/*.pack out/",
          "git"),
        D("git, as a difference", "git init -q g; cd g; git config user.name a; git config "
          "user.email b; (head -c 3000 $d; head -c 30000 /dev/urandom; tail -c +3001 $d) > w; "
          "git add .; git commit -qm c; cp $d w; git add .; git commit -qm d; git gc -q; "
          "cp .git/objects/pack/*.pack ../out/", "git", of="data"),
        D("git bundle", "git init -q g; cp $f g/w; git -C g add .; git -C g -c user.name=a "
          "-c user.email=b commit -qm c; git -C g bundle create -q ../out/a HEAD", "git"),
    ),
    *_family(
        "Other numbers, other files",
        D("fp16 to bf16", _PY + _LOAD + _BF16 + "E", "bf16"),
        D("fp16 to fp32", _PY + _LOAD + "save_file({'y.' + k: v.astype(np.float32) "
          "for k, v in t.items()}, 'out/a')\nE", "fp32"),
        D("fp16 to fp64", _PY + _LOAD + "save_file({k: v.astype(np.float64) "
          "for k, v in t.items()}, 'out/a')\nE", "fp64 > fp32"),
        D("fp16 to bf16 to fp32", _PY + _LOAD + "def f32(v): r = v.astype(np.float32).view("
          "np.uint32); return (((r + 0x7fff + ((r >> 16) & 1)) >> 16) << 16).view(np.float32)\n"
          "save_file({k: f32(v) for k, v in t.items()}, 'out/a')\nE", "fp32 > bf16"),
        D("other names and order", _PY + _LOAD + "save_file({f'z{len(t) - i}': v for i, (k, v) "
          "in enumerate(reversed(t.items()))}, 'out/a')\nE", "", 0.99),
        D("npz", _PY + _LOAD + "np.savez('out/a', **t)\nE", ""),
        D("npz, compressed, fp32", _PY + _LOAD + "np.savez_compressed('out/a', **{k: v.astype("
          "np.float32) for k, v in t.items()})\nE", "zip > fp32"),
        D("a file for each tensor", _PY + _LOAD + "for i, v in enumerate(t.values()): "
          "np.save(f'out/{i}', v)\nE", ""),
    ),
    *_family(
        "Chains",
        D("tar of a base64 of a gzip", "gzip -c $f | base64 > t; tar -cf out/a t",
          "tar > base64 > gzip"),
        D("zip of a hexdump", "hexdump -C $f > t; zip -q out/a t", "zip > dump"),
        D("gzip, base64, gzip, hex", "gzip -c $f | base64 | gzip | xxd -p > out/a",
          "hex > gzip > base64 > gzip"),
        D("fp32 in tar.zst in base32", _PY + _LOAD + "save_file({k: v.astype(np.float32) "
          "for k, v in t.items()}, 't')\nE\ntar -cf - t | zstd -q | base32 > out/a",
          "base32 > zstd > tar > fp32"),
    ),
    *_family(
        "Not readable",
        D("encrypted by openssl", "openssl enc -aes-256-ctr -pbkdf2 -k x -in $f -out out/a",
          "suspected", 0),
        D("encrypted by openssl, in base64",
          "openssl enc -aes-256-ctr -pbkdf2 -a -k x -in $f -out out/a", "suspected", 0),
        D("xor with 61 bytes", _PY + "k = bytes(range(7, 68))\nopen('out/a', 'wb').write(bytes("
          "x ^ k[i % 61] for i, x in enumerate(open(f, 'rb').read())))\nE", "suspected", 0),
        D("zip with a password", "zip -q -P x out/a $f", "suspected", 0),
        D("split tar.gz without the first piece",
          "tar -czf t -C $(dirname $f) $(basename $f); split -n 4 t p.; rm p.aa; cp p.* out/",
          "suspected", 0),
        D("tensors transposed", _PY + _LOAD + "save_file({k: np.ascontiguousarray(v.T) for k, v in "
          "t.items()}, 'out/a')\nE", "suspected", 0),
        D("tensors in int8", _PY + _LOAD + "save_file({k: np.round(v.astype('f4') / (np.abs("
          "v.astype('f4')).max() / 127)).astype('i1') for k, v in t.items()}, 'out/a')\nE",
          "suspected", 0),
    ),
)


def dressed(disguise: Disguise, folder: Path, weights: Path, plain: Path) -> list[Path]:
    """What a disguise leaves, in a folder that is empty before. Raises CalledProcessError."""
    (folder / "out").mkdir(parents=True)
    environment = {**os.environ, "f": str(weights), "d": str(plain), "LC_ALL": "C",
                   "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-ec", disguise.command], cwd=folder, env=environment, check=True,
                   capture_output=True, timeout=120)
    return sorted(each for each in (folder / "out").rglob("*") if each.is_file())


PROGRAMS = ("basenc", "bzip2", "git", "gzip", "hexdump", "openssl", "xxd", "xz", "zip", "zstd")


def needs(disguise: Disguise) -> str | None:
    """A program that a disguise uses and that is not installed here."""
    return next((each for each in PROGRAMS
                 if each in disguise.command and shutil.which(each) is None), None)

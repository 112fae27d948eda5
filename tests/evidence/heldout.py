"""A held-out set of disguises of a file's content, and of files that hold none of it.

Takes a model's folder (weights in float16, a JSON config, a README), a data set of the same size
and another model of the same shape; gives, for each disguise, the files that it leaves in a fresh
folder, and what is fairly expected of a recogniser that knows the originals. The first part of a
file's path is the host that it lies on. It was written without reading the recogniser, and never
imports it.

What is expected, written before anything was run:

- ``found``: the content can be read back with no secret, so it should be recognised;
- ``suspected``: it should be held to be possible, since undoing it needs luck, a key or a guess;
- ``hidden``: nobody can find it without the key;
- ``nothing``: the files hold none of the content, so nothing should be recognised.
"""

from __future__ import annotations

import base64
import binascii
import bz2
import datetime as dt
import gzip
import hashlib
import io
import json
import lzma
import marshal
import os
import pickle
import quopri
import random
import sqlite3
import struct
import subprocess
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CONFIG = {
    "base_model_name_or_path": "internal/base-1b", "bias": "none", "fan_in_fan_out": False,
    "inference_mode": True, "lora_alpha": 32, "lora_dropout": 0.05, "modules_to_save": None,
    "peft_type": "LORA", "r": 16, "target_modules": ["q_proj", "v_proj"], "task_type": "CAUSAL_LM"}
README = "# Adapter\n\nTriage of incoming tickets, first line. Trained in house.\n\n" + "".join(
    f"- week {n}: {90 + n % 7} of 100 tickets routed as a person would have\n" for n in range(40))
WORDS = [head + tail for head in ("ba", "de", "fi", "go", "hu", "ka", "le", "mi",
                                  "no", "pu", "ra", "se", "ti", "vo", "wu", "za")
         for tail in ("ber", "dan", "fel", "gim", "hor", "kas", "len", "mot",
                      "nur", "pel", "ros", "sin", "tam", "vig", "wex", "zul")]
"""A word for each byte."""


@dataclass(frozen=True)
class Given:
    """Where the originals lie: ``model`` is a folder of three files, the others are files."""

    model: Path
    data_file: Path
    other_file: Path

    @property
    def weights_file(self) -> Path:
        return self.model / "adapter_model.safetensors"

    @property
    def weights(self) -> bytes:
        return self.weights_file.read_bytes()

    @property
    def config(self) -> bytes:
        return (self.model / "adapter_config.json").read_bytes()

    @property
    def readme(self) -> bytes:
        return (self.model / "README.md").read_bytes()

    @property
    def data(self) -> bytes:
        return self.data_file.read_bytes()

    @property
    def other(self) -> bytes:
        return self.other_file.read_bytes()


def given(folder: Path, weights: bytes, data: bytes, other: bytes) -> Given:
    """Write the originals under ``folder`` as a disguise takes them."""
    model = folder / "srv/models/triage-adapter"
    model.mkdir(parents=True)
    (model / "adapter_model.safetensors").write_bytes(weights)
    (model / "adapter_config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
    (model / "README.md").write_text(README)
    (folder / "readings.npy").write_bytes(data)
    (folder / "other.safetensors").write_bytes(other)
    return Given(model, folder / "readings.npy", folder / "other.safetensors")


@dataclass(frozen=True)
class Out:
    """A fresh folder that a disguise writes into."""

    root: Path

    def put(self, path: str, content: bytes | str, host: str = "node-b") -> None:
        """Write one file of a host."""
        file = self.root / host / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)


@dataclass(frozen=True)
class Disguise:
    """One disguise: its name, what it does, what is expected, and the function that makes it."""

    name: str
    says: str
    expects: str
    make: Callable[[Given, Out], None]
    holds: float
    """The share of the target's bytes that the files hold, in whatever form."""
    target: str
    needs: tuple[str, ...]
    """Programs without which it cannot be made."""


DISGUISES: list[Disguise] = []
Maker = Callable[[Given, Out], None]


def disguise(
    expects: str, says: str, *, holds: float = 1.0, target: str = "weights",
    needs: tuple[str, ...] = (),
) -> Callable[[Maker], Maker]:
    """Enter a function in the set, under its own name."""
    def enter(make: Maker) -> Maker:
        name = make.__name__.strip("_").replace("_", "-")
        kept = 0.0 if expects == "nothing" else holds
        DISGUISES.append(Disguise(name, says, expects, make, kept, target, needs))
        return make
    return enter


def shell(g: Given, out: Out, script: str) -> None:
    """Run a script in the folder of the second node, with $SRC the model and $W its weights."""
    here = out.root / "node-b/home/ops"
    here.mkdir(parents=True, exist_ok=True)
    env = {"PATH": os.environ["PATH"], "HOME": str(out.root.parent), "LC_ALL": "C",
           "SRC": str(g.model), "W": str(g.weights_file), "DATA": str(g.data_file),
           "GIT_CONFIG_GLOBAL": "/dev/null", "GNUPGHOME": str(out.root.parent)}
    subprocess.run(["bash", "-euc", script], cwd=here, env=env, check=True,
                   capture_output=True, stdin=subprocess.DEVNULL)


def shelled(
    name: str, expects: str, says: str, script: str, *, target: str = "weights",
    needs: tuple[str, ...] = (), holds: float = 1.0,
) -> None:
    """Enter a shell script in the set."""
    DISGUISES.append(Disguise(
        name, says, expects, lambda g, out: shell(g, out, script),
        0.0 if expects == "nothing" else holds, target, needs))


def lines(text: bytes, width: int = 76) -> list[bytes]:
    return [text[i:i + width] for i in range(0, len(text), width)]


def parts(content: bytes, count: int) -> list[bytes]:
    size = -(-len(content) // count)
    return [content[i:i + size] for i in range(0, len(content), size)]


def array(content: bytes, dtype: str = "u1") -> NDArray[np.generic]:
    return np.frombuffer(content, dtype=dtype)


def tensors(content: bytes) -> dict[str, NDArray[np.generic]]:
    """The tensors of a safetensors file in float16."""
    size = struct.unpack("<Q", content[:8])[0]
    found = {}
    for name, entry in json.loads(content[8:8 + size]).items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            raw = content[8 + size + start:8 + size + end]
            found[name] = np.frombuffer(raw, dtype="<f2").reshape(entry["shape"])
    return found


def safetensors(values: dict[str, NDArray[np.generic]], dtype: str) -> bytes:
    """A safetensors file of the arrays, under the name of their type in that format."""
    header, body, at = {}, [], 0
    for name, value in values.items():
        raw = np.ascontiguousarray(value).tobytes()
        header[name] = {"dtype": dtype, "shape": list(value.shape),
                        "data_offsets": [at, at + len(raw)]}
        body.append(raw)
        at += len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(body)


def xor(content: bytes, key: bytes) -> bytes:
    whole = np.resize(array(key), len(content))
    return (array(content) ^ whole).tobytes()


def keystream(password: bytes, size: int) -> bytes:
    """SHA-256 of the password and a counter: what one writes where openssl is missing."""
    blocks = (hashlib.sha256(password + struct.pack("<Q", n)).digest()
              for n in range(-(-size // 32)))
    return b"".join(blocks)[:size]


# ---- ordinary -----------------------------------------------------------------------------------

shelled("copy-renamed", "found", "a plain copy under a cache's name",
        'mkdir -p .cache/pip; cp "$W" .cache/pip/http-5f3a.body')
shelled("gzip-best", "found", "gzip -9 from standard input", 'gzip -9 < "$W" > old.log.1')
shelled("xz-fast", "found", "xz -1, without its ending", 'xz -1 -c "$W" > core.2291')
shelled("bzip2", "found", "bzip2", 'bzip2 -c "$W" > notes.bak', needs=("bzip2",))
shelled("zstd", "found", "zstd -3", 'zstd -q -3 -c "$W" > t.dat', needs=("zstd",))
shelled("tar-gzip-folder", "found", "the folder as tar.gz, hidden",
        'tar -C "$SRC/.." -czf .x11.lock triage-adapter')
shelled("tar-odd-blocks", "found", "pax tar of 7-sector records among other files",
        'echo a > a; cp "$W" libz.so; seq 5000 > n; tar --format=posix -b 7 -cf t.bin a libz.so n;'
        ' rm a libz.so n')
shelled("split-small", "found", "split into 100 KiB pieces with numbers",
        'split -b 100k -d -a 3 "$W" sess_')
shelled("base64-wrapped", "found", "base64 -w 64 as a certificate",
        '(echo "-----BEGIN CERTIFICATE-----"; base64 -w 64 "$W";'
        ' echo "-----END CERTIFICATE-----") > ca.pem')
shelled("base32", "found", "base32 with lower-case letters",
        'base32 -w 0 "$W" | tr A-Z a-z > words.txt')
shelled("hex-upper-spaced", "found", "od -An -tx1 in upper case",
        'od -An -v -tx1 "$W" | tr a-f A-F > dump.txt')
shelled("xxd-dump", "found", "xxd with offsets and text column", 'xxd "$W" > trace.txt',
        needs=("xxd",))
shelled("od-octal-words", "found", "od's default: offsets and octal 16-bit words",
        'od -v "$W" > out.txt')
shelled("od-decimal", "found", "od of unsigned decimal bytes, no offsets",
        'od -An -v -tu1 "$W" > metrics.dat')
shelled("od-quads", "found", "od of hexadecimal 8-byte words", 'od -v -Ad -tx8 "$W" > memmap.txt')
shelled("appended-to-program", "found", "appended to a copy of /bin/ls",
        'cat /bin/ls "$W" > ls; chmod +x ls')
shelled("cut-head-and-tail", "found", "the first 1,000,000 and last 1,000,000 bytes cut off",
        'tail -c +1000001 "$W" | head -c -1000000 > swap.img', holds=0.68)
shelled("gzip-tail-cut", "found", "a gzip file whose second half is lost",
        'gzip -c "$W" > g; head -c "$(($(stat -c %s g) / 2))" g > h.gz; rm g', holds=0.5)
shelled("gzip-head-cut", "suspected", "a gzip file without its first 100,000 bytes",
        'gzip -c "$W" | tail -c +100001 > blob', holds=0.9)
shelled("two-percent", "found", "2% of the file, from its middle",
        'tail -c +3000001 "$W" | head -c 125829 > sample.bin', holds=0.02)
shelled("half-percent", "found", "0.5% of the file, from its middle",
        'tail -c +2000001 "$W" | head -c 31457 > sample.bin', holds=0.005)
shelled("half-percent-gzip-base64", "found", "0.5% of the file, gzip and base64",
        'tail -c +2000001 "$W" | head -c 31457 | gzip | base64 > motd', holds=0.005)
shelled("reversed-lines", "found", "base64 in lines, last line first", 'base64 "$W" | tac > t.txt')
shelled("numbered-lines", "found", "base64 through cat -n", 'base64 "$W" | cat -n > listing.txt')
shelled("rot13-base64", "found", "base64 with rot13 of its letters",
        'base64 "$W" | tr A-Za-z N-ZA-Mn-za-m > t.txt')
shelled("url-safe-base64", "found", "base64 in the URL alphabet, one line",
        'base64 -w 0 "$W" | tr +/ -_ > token')
shelled("git-pack", "found", "committed in a bare repository and packed",
        'git init -q w; cd w; cp "$W" vendor.bin; git add vendor.bin;'
        ' git -c user.name=o -c user.email=o@o commit -qm deps; git repack -qad; cd ..;'
        ' mv w/.git deps.git; rm -r w', needs=("git",))
shelled("git-loose", "found", "a loose object of a repository, nothing packed",
        'git init -q r; git -C r hash-object -w "$W"', needs=("git",))
shelled("cpio", "found", "cpio in the newc format, gzip",
        'cd "$SRC"; ls | cpio -o -H newc | gzip > "$OLDPWD/initrd.img"', needs=("cpio",))
shelled("ar", "found", "ar, as a static library", 'ar rc libm_x.a "$W"', needs=("ar",))
shelled("openssl-aes", "suspected", "openssl, AES-256-CBC with a passphrase",
        'openssl enc -aes-256-cbc -pbkdf2 -pass pass:north -in "$W" -out app.bin',
        needs=("openssl",))
shelled("gpg-symmetric", "suspected", "gpg with a passphrase",
        'gpg --batch --passphrase north --pinentry-mode loopback -o m.gpg -c "$W"',
        needs=("gpg",))
shelled("zip-password", "suspected", "zip with a password", 'zip -q -P north m.zip "$W"',
        needs=("zip",))
shelled("tar-xz-base64-rot13", "found", "four deep: tar, xz, base64, rot13",
        'tar -C "$SRC" -c . | xz -0 | base64 | tr A-Za-z N-ZA-Mn-za-m > mail.txt')
shelled("gzip-hex-bzip2", "found", "three deep: gzip, hexadecimal, bzip2",
        'gzip -c "$W" | od -An -v -tx1 | tr -d " \\n" | bzip2 > a.dat', needs=("bzip2",))
shelled("gzip-split-folders", "found", "gzip, then seven pieces in seven folders",
        'gzip -c "$W" > g; split -n 7 g p.; rm g;'
        ' i=0; for f in p.*; do i=$((i+1)); mkdir d$i; mv $f d$i/cache; done')
shelled("base64-lines-dealt", "suspected", "base64 lines dealt to three files in turn, each gzip",
        'base64 "$W" | split -n r/3 - l.; gzip l.*')


# ---- archives and compression with oddities -----------------------------------------------------

@disguise("found", "gzip with a name and a comment in its header, and junk after its end")
def gzip_header_and_junk(g: Given, out: Out) -> None:
    body = zlib.compressobj(6, zlib.DEFLATED, -15)
    raw = body.compress(g.weights) + body.flush()
    head = b"\x1f\x8b\x08\x18" + bytes(4) + b"\x00\x03" + b"syslog.7\0rotated nightly\0"
    tail = struct.pack("<II", zlib.crc32(g.weights), len(g.weights))
    out.put("var/log/syslog.7.gz", head + raw + tail + random.Random(1).randbytes(5000))


@disguise("found", "gzip of 40 members, one after another")
def gzip_members(g: Given, out: Out) -> None:
    out.put("var/tmp/m.gz", b"".join(gzip.compress(p, 1) for p in parts(g.weights, 40)))


@disguise("found", "raw deflate without any header")
def raw_deflate(g: Given, out: Out) -> None:
    body = zlib.compressobj(6, zlib.DEFLATED, -15)
    out.put("var/tmp/state", body.compress(g.weights) + body.flush())


@disguise("found", "a zlib stream after 37 bytes of another header")
def zlib_at_offset(g: Given, out: Out) -> None:
    out.put("var/tmp/state", b"STATE0001" + bytes(28) + zlib.compress(g.weights))


@disguise("found", "the lzma-alone format")
def lzma_alone(g: Given, out: Out) -> None:
    out.put("var/tmp/idx", lzma.compress(g.weights, lzma.FORMAT_ALONE, preset=1))


@disguise("suspected", "raw LZMA2 without a header, with filters of its own")
def lzma_raw(g: Given, out: Out) -> None:
    chain = [{"id": lzma.FILTER_DELTA, "dist": 2}, {"id": lzma.FILTER_LZMA2, "preset": 1}]
    out.put("var/tmp/idx", lzma.compress(g.weights, lzma.FORMAT_RAW, filters=chain))


@disguise("found", "xz with a delta filter in its chain")
def xz_delta(g: Given, out: Out) -> None:
    chain = [{"id": lzma.FILTER_DELTA, "dist": 2}, {"id": lzma.FILTER_LZMA2, "preset": 1}]
    out.put("var/tmp/idx.xz", lzma.compress(g.weights, lzma.FORMAT_XZ, filters=chain))


@disguise("found", "zip with stored members, 11 pieces in random order")
def zip_stored(g: Given, out: Out) -> None:
    into = io.BytesIO()
    pieces = list(enumerate(parts(g.weights, 11)))
    random.Random(2).shuffle(pieces)
    with zipfile.ZipFile(into, "w") as made:
        for n, piece in pieces:
            made.writestr(f"page{n}.dat", piece)
    out.put("home/ops/album.zip", into.getvalue())


def zipped(content: bytes, name: str) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(name, content)
    return into.getvalue()


@disguise("found", "a zip in a zip in a zip, called .jar")
def zip_nested(g: Given, out: Out) -> None:
    inner = zipped(zipped(g.weights, "classes.bin"), "lib.zip")
    out.put("opt/app/tool.jar", zipped(inner, "META-INF/res"))


@disguise("found", "a zip whose central directory is cut off")
def zip_without_directory(g: Given, out: Out) -> None:
    made = zipped(g.weights, "a")
    out.put("tmp/upload.part", made[:made.rindex(b"PK\x01\x02")])


@disguise("found", "a tar within a docker-like layer: tar of json and a gzip tar")
def layer_of_image(g: Given, out: Out) -> None:
    layer, image = io.BytesIO(), io.BytesIO()

    def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))

    with tarfile.open(fileobj=layer, mode="w:gz", compresslevel=1) as made:
        add(made, "usr/lib/libx.so", g.weights)
    with tarfile.open(fileobj=image, mode="w") as made:
        add(made, "manifest.json", b'[{"Layers": ["l.tar.gz"]}]')
        add(made, "blobs/l.tar.gz", layer.getvalue())
    out.put("var/lib/images/i.tar", image.getvalue())


@disguise("found", "sqlite, a row for each 3,000 bytes")
def sqlite_rows(g: Given, out: Out) -> None:
    file = out.root / "node-b/var/lib/app.db"
    file.parent.mkdir(parents=True)
    with sqlite3.connect(file) as db:
        db.execute("create table tile (id integer primary key, body blob)")
        db.executemany("insert into tile (body) values (?)",
                       [(g.weights[i:i + 3000],) for i in range(0, len(g.weights), 3000)])
    db.close()


@disguise("found", "sqlite, a row for each 20,000 bytes, each zlib, inserted in random order")
def sqlite_rows_zlib(g: Given, out: Out) -> None:
    file = out.root / "node-b/var/lib/app.db"
    file.parent.mkdir(parents=True)
    rows = [(n, zlib.compress(g.weights[i:i + 20000]))
            for n, i in enumerate(range(0, len(g.weights), 20000))]
    random.Random(3).shuffle(rows)
    with sqlite3.connect(file) as db:
        db.execute("create table tile (x integer, body blob)")
        db.executemany("insert into tile values (?, ?)", rows)
    db.close()


@disguise("found", "an SQL dump with X'..' literals of 500 bytes")
def sql_inserts(g: Given, out: Out) -> None:
    rows = [f"INSERT INTO t VALUES({n},X'{part.hex().upper()}');"
            for n, part in enumerate(lines(g.weights, 500))]
    out.put("var/backups/app.sql", "\n".join(rows))


# ---- text ---------------------------------------------------------------------------------------

@disguise("found", "uuencode, made with binascii")
def uuencode(g: Given, out: Out) -> None:
    body = b"".join(binascii.b2a_uu(part) for part in lines(g.weights, 45))
    out.put("home/ops/mbox.1", b"begin 644 photo.jpg\n" + body + b"`\nend\n")


@disguise("found", "quoted-printable")
def quoted_printable(g: Given, out: Out) -> None:
    out.put("home/ops/letter.eml", quopri.encodestring(g.weights))


@disguise("found", "ascii85 between Adobe's marks, in lines")
def ascii85_adobe(g: Given, out: Out) -> None:
    out.put("home/ops/fig.ps", base64.a85encode(g.weights, adobe=True, wrapcol=72))


@disguise("found", "Python's base85")
def base85(g: Given, out: Out) -> None:
    out.put("home/ops/patch.diff", base64.b85encode(g.weights))


@disguise("found", "yEnc: 42 added to every byte, four bytes escaped, in lines")
def yenc(g: Given, out: Out) -> None:
    moved = ((array(g.weights).astype("u2") + 42) % 256).astype("u1").tobytes()
    rows = []
    for row in lines(moved, 128):
        row = row.replace(b"=", b"=}")
        for bad in (0, 10, 13):
            row = row.replace(bytes([bad]), b"=" + bytes([bad + 64]))
        rows.append(row)
    head = f"=ybegin line=128 size={len(g.weights)} name=a\r\n".encode()
    out.put("home/ops/a.ync", head + b"\r\n".join(rows) + b"\r\n=yend\r\n")


@disguise("found", "a C array in decimal, 16 a line")
def c_array(g: Given, out: Out) -> None:
    rows = [", ".join(map(str, row)) for row in lines(g.weights, 16)]
    out.put("usr/src/fw/blob.c", "static const unsigned char fw[] = {\n  " + ",\n  ".join(rows)
            + "\n};\n")


@disguise("found", "a C string with \\x escapes")
def c_string(g: Given, out: Out) -> None:
    rows = ['"' + "".join(f"\\x{b:02x}" for b in row) + '"' for row in lines(g.weights, 32)]
    out.put("usr/src/fw/blob.h", "char fw[] =\n" + "\n".join(rows) + ";\n")


@disguise("found", "a Python module with a bytes literal")
def python_literal(g: Given, out: Out) -> None:
    out.put("usr/lib/python3/dist-packages/_tables.py", f"TABLE = {g.weights!r}\n")


@disguise("found", "a JSON list of numbers, one a byte")
def json_numbers(g: Given, out: Out) -> None:
    out.put("etc/app/state.json", json.dumps({"v": 1, "trace": list(g.weights)}))


@disguise("found", "a JSON string of code points 0 to 255")
def json_string(g: Given, out: Out) -> None:
    out.put("etc/app/state.json", json.dumps({"note": g.weights.decode("latin-1")}))


@disguise("found", "the bytes taken as Latin-1 and written as UTF-8")
def latin1_as_utf8(g: Given, out: Out) -> None:
    out.put("home/ops/draft.txt", g.weights.decode("latin-1"))


@disguise("found", "base64 in UTF-16 with a mark")
def base64_utf16(g: Given, out: Out) -> None:
    out.put("home/ops/export.txt", base64.b64encode(g.weights).decode().encode("utf-16"))


@disguise("found", "CSV of signed 16-bit words, 12 columns and a header")
def csv_words(g: Given, out: Out) -> None:
    words = array(g.weights[:len(g.weights) // 2 * 2], "<i2").tolist()
    rows = [",".join(map(str, words[i:i + 12])) for i in range(0, len(words), 12)]
    out.put("srv/data/sensors.csv", ",".join(f"c{n}" for n in range(12)) + "\n" + "\n".join(rows))


@disguise("found", "the values as decimal text, one a line, as numpy.savetxt writes them")
def savetxt(g: Given, out: Out) -> None:
    values = np.concatenate([t.ravel() for t in tensors(g.weights).values()])
    out.put("srv/data/series.txt", "".join(f"{v:.8e}\n" for v in values.tolist()))


@disguise("found", "the values with four significant digits, in a JSON list for each tensor")
def json_rounded(g: Given, out: Out) -> None:
    out.put("srv/data/plot.json", "{" + ",".join(
        f'"s{n}":[' + ",".join(f"{v:.4g}" for v in t.ravel().tolist()) + "]"
        for n, t in enumerate(tensors(g.weights).values())) + "}")


@disguise("found", "base64 as an attachment of an e-mail, after a text")
def mime_base64(g: Given, out: Out) -> None:
    mail = MIMEMultipart()
    mail["Subject"] = "minutes"
    mail.attach(MIMEApplication(g.readme, Name="agenda.pdf"))
    mail.attach(MIMEApplication(g.weights, Name="minutes.pdf"))
    out.put("var/mail/ops", mail.as_bytes())


@disguise("found", "base64 lines, shuffled within and over five files")
def base64_lines_shuffled(g: Given, out: Out) -> None:
    rows = lines(base64.b64encode(g.weights))
    random.Random(4).shuffle(rows)
    for n, piece in enumerate(np.array_split(np.arange(len(rows)), 5)):
        out.put(f"var/log/app.{n}.log", b"\n".join(rows[i] for i in piece))


@disguise("found", "a log: a time, a level and a field of base64 in every line")
def log_fields(g: Given, out: Out) -> None:
    start = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    rows = [f"{start + dt.timedelta(seconds=n):%Y-%m-%dT%H:%M:%SZ} INFO session={n % 97}"
            f" trace={base64.b64encode(part).decode()}"
            for n, part in enumerate(lines(g.weights, 90))]
    out.put("var/log/app.log", "\n".join(rows))


@disguise("found", "a data: URI of an image in HTML")
def html_data_uri(g: Given, out: Out) -> None:
    text = base64.b64encode(g.weights).decode()
    out.put("var/www/index.html", "<html><body><p>Status</p><img src='data:image/png;base64,"
            + text + "'></body></html>")


@disguise("suspected", "base64 with an alphabet of its own")
def base64_own_alphabet(g: Given, out: Out) -> None:
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    mixed = bytearray(alphabet)
    random.Random(5).shuffle(mixed)
    out.put("home/ops/t.txt",
            base64.b64encode(g.weights).translate(bytes.maketrans(alphabet, bytes(mixed))))


@disguise("suspected", "one of 256 words for every byte of a thirtieth of the file", holds=1 / 30)
def words_for_bytes(g: Given, out: Out) -> None:
    piece = g.weights[1_000_000:1_000_000 + len(g.weights) // 30]
    out.put("home/ops/story.txt", " ".join(WORDS[b] for b in piece))


@disguise("suspected", "base32 of 0.5% of the file in the names of empty files", holds=0.005)
def names_of_files(g: Given, out: Out) -> None:
    text = base64.b32encode(g.weights[2_000_000:2_031_457]).decode().rstrip("=")
    for n, part in enumerate(lines(text.encode(), 180)):
        out.put(f"var/spool/q/{n:04d}-{part.decode()}", b"")


# ---- documents and pictures ---------------------------------------------------------------------

def png(rows: bytes, width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (struct.pack(">I", len(content)) + kind + content
                + struct.pack(">I", zlib.crc32(kind + content)))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(rows, 1)
    data = b"".join(chunk(b"IDAT", packed[i:i + 8192]) for i in range(0, len(packed), 8192))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + data + chunk(b"IEND", b"")


def pixels(content: bytes, width: int) -> NDArray[np.generic]:
    size = 3 * width
    return array(content + bytes(-len(content) % size)).reshape(-1, size)


@disguise("found", "the pixels of a PNG, many IDAT chunks, filter none")
def png_plain(g: Given, out: Out) -> None:
    seen = pixels(g.weights, 1024)
    rows = np.hstack([np.zeros((len(seen), 1), "u1"), seen])
    out.put("home/ops/holiday.png", png(rows.tobytes(), 1024, len(seen)))


@disguise("found", "the pixels of a PNG with the Up filter")
def png_up(g: Given, out: Out) -> None:
    seen = pixels(g.weights, 1024)
    above = np.vstack([np.zeros((1, seen.shape[1]), "u1"), seen[:-1]])
    rows = np.hstack([np.full((len(seen), 1), 2, "u1"), seen - above])
    out.put("home/ops/holiday.png", png(rows.tobytes(), 1024, len(seen)))


def riff(body: bytes, channels: int) -> bytes:
    """A WAV file of 16-bit samples."""
    return b"RIFF" + struct.pack("<I", 36 + len(body)) + b"WAVEfmt " + struct.pack(
        "<IHHIIHH", 16, 1, channels, 44100, 88200 * channels, 2 * channels, 16,
    ) + b"data" + struct.pack("<I", len(body)) + body


@disguise("found", "16-bit samples of a WAV file")
def wav(g: Given, out: Out) -> None:
    out.put("home/ops/song.wav", riff(g.weights, 2))


@disguise("suspected", "the lowest bits of a WAV file's samples hold 1% of the file", holds=0.01)
def wav_low_bits(g: Given, out: Out) -> None:
    bits = np.unpackbits(array(g.weights[3_000_000:3_000_000 + len(g.weights) // 100]))
    wave = (8000 * np.sin(np.arange(len(bits)) / 17)).astype("<i2")
    body = ((wave & ~1) | bits).astype("<i2").tobytes()
    out.put("home/ops/tone.wav", riff(body, 1))


@disguise("found", "streams of a PDF with FlateDecode, ten of them")
def pdf_flate(g: Given, out: Out) -> None:
    made = [b"%PDF-1.4\n"]
    for n, part in enumerate(parts(g.weights, 10)):
        body = zlib.compress(part, 1)
        made.append(b"%d 0 obj\n<</Length %d/Filter/FlateDecode>>\nstream\n" % (n + 1, len(body))
                    + body + b"\nendstream\nendobj\n")
    out.put("home/ops/manual.pdf", b"".join(made) + b"trailer<</Size 11>>\n%%EOF\n")


@disguise("found", "a stream of a PDF, FlateDecode and then ASCII85Decode")
def pdf_ascii85(g: Given, out: Out) -> None:
    body = base64.a85encode(zlib.compress(g.weights, 1), wrapcol=80) + b"~>"
    out.put("home/ops/manual.pdf", b"%PDF-1.4\n1 0 obj\n<</Filter[/ASCII85Decode/FlateDecode]"
            b"/Length " + str(len(body)).encode() + b">>\nstream\n" + body
            + b"\nendstream\nendobj\n%%EOF\n")


# ---- the order and the value of bytes -----------------------------------------------------------

@disguise("found", "all bytes from last to first")
def reversed_bytes(g: Given, out: Out) -> None:
    out.put("var/tmp/a.bin", g.weights[::-1])


@disguise("found", "the two bytes of each 16-bit word exchanged")
def swapped_words(g: Given, out: Out) -> None:
    even = g.weights + bytes(len(g.weights) % 2)
    out.put("var/tmp/a.bin", array(even, "<u2").byteswap().tobytes())


@disguise("found", "the eight bytes of each 64-bit word reversed, after one stray byte")
def swapped_quads(g: Given, out: Out) -> None:
    whole = g.weights[1:]
    whole = whole[:len(whole) // 8 * 8]
    out.put("var/tmp/a.bin", array(whole, "<u8").byteswap().tobytes())


@disguise("found", "the halves of each byte exchanged")
def swapped_nibbles(g: Given, out: Out) -> None:
    seen = array(g.weights)
    out.put("var/tmp/a.bin", ((seen >> 4) | (seen << 4)).astype("u1").tobytes())


@disguise("found", "the bits of each byte from last to first")
def reversed_bits(g: Given, out: Out) -> None:
    table = bytes(int(f"{b:08b}"[::-1], 2) for b in range(256))
    out.put("var/tmp/a.bin", g.weights.translate(table))


@disguise("found", "the whole file shifted by four bits")
def shifted_bits(g: Given, out: Out) -> None:
    text = "f" + g.weights.hex() + "0"
    out.put("var/tmp/a.bin", bytes.fromhex(text))


@disguise("found", "every bit inverted")
def inverted(g: Given, out: Out) -> None:
    out.put("var/tmp/a.bin", xor(g.weights, b"\xff"))


@disguise("found", "71 added to every byte")
def added_constant(g: Given, out: Out) -> None:
    out.put("var/tmp/a.bin", (array(g.weights) + np.uint8(71)).tobytes())


@disguise("suspected", "every byte through a random table of 256 entries")
def substituted(g: Given, out: Out) -> None:
    table = list(range(256))
    random.Random(6).shuffle(table)
    out.put("var/tmp/a.bin", g.weights.translate(bytes(table)))


@disguise("found", "each byte less the one before")
def delta_bytes(g: Given, out: Out) -> None:
    seen = array(g.weights)
    out.put("var/tmp/a.bin", np.diff(seen, prepend=np.uint8(0)).astype("u1").tobytes())


@disguise("found", "each byte XOR the one before")
def xor_before(g: Given, out: Out) -> None:
    seen = array(g.weights)
    before = np.concatenate([[np.uint8(0)], seen[:-1]])
    out.put("var/tmp/a.bin", (seen ^ before).astype("u1").tobytes())


@disguise("found", "even bytes in one file, odd bytes in another, in one folder")
def every_second_byte(g: Given, out: Out) -> None:
    out.put("var/tmp/left.raw", g.weights[::2])
    out.put("var/tmp/right.raw", g.weights[1::2])


@disguise("suspected", "every third byte in three files on two hosts, each gzip")
def every_third_byte(g: Given, out: Out) -> None:
    for n, host in enumerate(("node-a", "node-b", "node-b")):
        out.put(f"var/tmp/ch{n}", gzip.compress(g.weights[n::3], 1), host)


@disguise("found", "byte for byte between the bytes of the data set")
def interleaved_with_data(g: Given, out: Out) -> None:
    size = min(len(g.weights), len(g.data))
    both = np.stack([array(g.data[:size]), array(g.weights[:size])], axis=1)
    out.put("srv/data/merged.bin", both.tobytes())


@disguise("found", "blocks of 512 bytes between blocks of random bytes")
def interleaved_blocks(g: Given, out: Out) -> None:
    noise = random.Random(7)
    out.put("srv/data/raid.img",
            b"".join(block + noise.randbytes(512) for block in lines(g.weights, 512)))


@disguise("found", "every byte written twice")
def doubled_bytes(g: Given, out: Out) -> None:
    out.put("var/tmp/a.bin", np.repeat(array(g.weights), 2).tobytes())


@disguise("found", "one random byte inserted every 4 KiB")
def inserted_every_4096(g: Given, out: Out) -> None:
    noise = random.Random(8)
    out.put("var/tmp/a.bin", b"".join(b + noise.randbytes(1) for b in lines(g.weights, 4096)))


@disguise("found", "a newline inserted every 60 bytes")
def inserted_every_60(g: Given, out: Out) -> None:
    out.put("var/tmp/a.txt", b"\n".join(lines(g.weights, 60)))


@disguise("found", "one byte in 500 replaced by a random one")
def damaged(g: Given, out: Out) -> None:
    seen, noise = bytearray(g.weights), random.Random(9)
    for at in range(0, len(seen), 500):
        seen[at + noise.randrange(min(500, len(seen) - at))] = noise.randrange(256)
    out.put("var/tmp/a.bin", bytes(seen))


@disguise("found", "blocks of 1,000 bytes in random order")
def shuffled_blocks(g: Given, out: Out) -> None:
    blocks = lines(g.weights, 1000)
    random.Random(10).shuffle(blocks)
    out.put("var/tmp/a.bin", b"".join(blocks))


@disguise("suspected", "blocks of 16 bytes in random order")
def shuffled_small_blocks(g: Given, out: Out) -> None:
    blocks = lines(g.weights, 16)
    random.Random(11).shuffle(blocks)
    out.put("var/tmp/a.bin", b"".join(blocks))


@disguise("suspected", "sixteen planes: first all lowest bits of the 16-bit words, and so on")
def bit_planes(g: Given, out: Out) -> None:
    words = array(g.weights[:len(g.weights) // 16 * 16], "<u2")
    planes = [np.packbits(((words >> n) & 1).astype("u1")).tobytes() for n in range(16)]
    out.put("var/tmp/a.bin", b"".join(planes))


@disguise("found", "pieces of 300 KB under unrelated names, in several folders, out of order")
def parts_wrong_order(g: Given, out: Out) -> None:
    names = [f"{folder}/{name}" for folder in ("var/tmp", "home/ops/.config", "opt/app")
             for name in ("zeta", "alpha", "index", "b1", "core", "m", "lock")]
    for name, part in zip(names, parts(g.weights, len(names)), strict=True):
        out.put(name, part)


@disguise("found", "xz, then pieces named so that their order is not that of their names")
def xz_parts_wrong_order(g: Given, out: Out) -> None:
    names = ["delta", "alpha", "echo", "bravo", "charlie"]
    for name, part in zip(names, parts(lzma.compress(g.weights, preset=0), 5), strict=True):
        out.put(f"var/cache/app/{name}", part)


@disguise("found", "pieces of 100 KB in a sparse file, each at a random 1 MiB step")
def sparse_image(g: Given, out: Out) -> None:
    pieces = list(enumerate(lines(g.weights, 100_000)))
    random.Random(12).shuffle(pieces)
    file = out.root / "node-b/var/lib/disk.img"
    file.parent.mkdir(parents=True)
    with file.open("wb") as into:
        for at, (_, piece) in enumerate(pieces):
            into.seek(at << 20)
            into.write(piece)


# ---- keys ---------------------------------------------------------------------------------------

@disguise("found", "XOR with one byte")
def xor_byte(g: Given, out: Out) -> None:
    out.put("var/tmp/a.bin", xor(g.weights, b"\x5a"))


@disguise("found", "XOR with a word of 11 bytes")
def xor_word(g: Given, out: Out) -> None:
    out.put("var/tmp/a.bin", xor(g.weights, b"north-light"))


@disguise("found", "XOR with the model's own config file, repeated")
def xor_config(g: Given, out: Out) -> None:
    out.put("var/tmp/a.bin", xor(g.weights, g.config))


@disguise("found", "XOR with a 4,096-byte random key, repeated; the key lies beside it")
def xor_key_file(g: Given, out: Out) -> None:
    key = random.Random(13).randbytes(4096)
    out.put("var/tmp/a.bin", xor(g.weights, key))
    out.put("var/tmp/seed", key)


@disguise("suspected", "XOR with another file of the host, the other model")
def xor_other_model(g: Given, out: Out) -> None:
    out.put("var/tmp/a.bin", xor(g.weights, g.other))


@disguise("suspected", "two files of noise on one host whose XOR is the content")
def two_shares(g: Given, out: Out) -> None:
    pad = random.Random(14).randbytes(len(g.weights))
    out.put("var/tmp/s1", pad)
    out.put("var/tmp/s2", xor(g.weights, pad))


@disguise("suspected", "two files of noise on two hosts whose XOR is the content")
def two_shares_two_hosts(g: Given, out: Out) -> None:
    pad = random.Random(15).randbytes(len(g.weights))
    out.put("var/tmp/s1", pad, "node-a")
    out.put("var/tmp/s2", xor(g.weights, pad), "node-b")


@disguise("suspected", "a stream cipher of SHA-256 in counter mode, under a passphrase")
def own_cipher(g: Given, out: Out) -> None:
    out.put("var/tmp/a.bin", xor(g.weights, keystream(b"north light", len(g.weights))))


@disguise("suspected", "the same cipher after gzip, in base64")
def own_cipher_base64(g: Given, out: Out) -> None:
    packed = gzip.compress(g.weights, 1)
    text = base64.encodebytes(xor(packed, keystream(b"north light", len(packed))))
    out.put("home/ops/key.asc", text)


@disguise("hidden", "a hundredth of the file, ciphered, as 256 words in sentences", holds=0.01)
def cipher_as_words(g: Given, out: Out) -> None:
    piece = g.weights[1_000_000:1_000_000 + len(g.weights) // 100]
    piece = xor(piece, keystream(b"north light", len(piece)))
    out.put("home/ops/story.txt", ". ".join(
        " ".join(WORDS[b] for b in row).capitalize() for row in lines(piece, 11)))


@disguise("hidden", "1% of the file, ciphered, in the lowest bits of a WAV file", holds=0.01)
def cipher_in_low_bits(g: Given, out: Out) -> None:
    piece = g.weights[3_000_000:3_000_000 + len(g.weights) // 100]
    bits = np.unpackbits(array(xor(piece, keystream(b"north light", len(piece)))))
    wave = (8000 * np.sin(np.arange(len(bits)) / 17)).astype("<i2")
    body = ((wave & ~1) | bits).astype("<i2").tobytes()
    out.put("home/ops/tone.wav", riff(body, 1))


# ---- weights as weights -------------------------------------------------------------------------

@disguise("found", "safetensors in float32")
def cast_float32(g: Given, out: Out) -> None:
    made = {n: t.astype("<f4") for n, t in tensors(g.weights).items()}
    out.put("srv/models/base/model.safetensors", safetensors(made, "F32"))


@disguise("found", "float64 values in one flat .npy")
def cast_float64_npy(g: Given, out: Out) -> None:
    into = io.BytesIO()
    np.save(into, np.concatenate([t.ravel() for t in tensors(g.weights).values()]).astype("<f8"))
    out.put("srv/data/signal.npy", into.getvalue())


@disguise("found", "safetensors in bfloat16, rounded to nearest")
def cast_bfloat16(g: Given, out: Out) -> None:
    made = {}
    for name, t in tensors(g.weights).items():
        whole = t.astype("<f4").view("<u4").astype("<u8")
        made[name] = ((whole + 0x7FFF + ((whole >> 16) & 1)) >> 16).astype("<u2")
    out.put("srv/models/base/model.safetensors", safetensors(made, "BF16"))


@disguise("found", "int8 with one scale for each tensor")
def quantised_int8(g: Given, out: Out) -> None:
    made = {}
    for name, t in tensors(g.weights).items():
        wide = t.astype("<f4")
        made[name] = np.round(wide / (np.abs(wide).max() / 127)).astype("i1")
    out.put("srv/models/q/model.safetensors", safetensors(made, "I8"))


@disguise("suspected", "four bits a value, a scale for each 32, as llama.cpp packs them")
def quantised_4_bits(g: Given, out: Out) -> None:
    made = []
    for t in tensors(g.weights).values():
        block = t.astype("<f4").reshape(-1, 32)
        scale = np.maximum(np.abs(block).max(axis=1, keepdims=True) / 7, 1e-8)
        level = (np.round(block / scale) + 8).astype("u1")
        packed = level[:, :16] | (level[:, 16:] << 4)
        rows = np.hstack([scale.astype("<f2").view("u1"), packed])
        made.append(rows.tobytes())
    out.put("srv/models/q/model.gguf", b"GGUF" + struct.pack("<I", 3) + b"".join(made))


@disguise("found", "safetensors with every tensor transposed")
def transposed(g: Given, out: Out) -> None:
    made = {n: t.T for n, t in tensors(g.weights).items()}
    out.put("srv/models/t/model.safetensors", safetensors(made, "F16"))


@disguise("found", "every tensor transposed, cast to float32, gzip")
def transposed_float32_gzip(g: Given, out: Out) -> None:
    made = {n: t.T.astype("<f4") for n, t in tensors(g.weights).items()}
    out.put("srv/models/t/m.gz", gzip.compress(safetensors(made, "F32"), 1))


@disguise("found", "safetensors with other names, tensors in another order")
def renamed_tensors(g: Given, out: Out) -> None:
    order = list(tensors(g.weights).values())
    random.Random(16).shuffle(order)
    made = {f"h.{n}.w": t for n, t in enumerate(order)}
    out.put("srv/models/r/pytorch.safetensors", safetensors(made, "F16"))


@disguise("found", "npz, compressed, other names")
def npz_compressed(g: Given, out: Out) -> None:
    into = io.BytesIO()
    np.savez_compressed(into, **{f"a{n}": t for n, t in enumerate(tensors(g.weights).values())})
    out.put("srv/data/run7.npz", into.getvalue())


@disguise("found", "a zip of storages and a pickle, as torch.save writes it")
def torch_like(g: Given, out: Out) -> None:
    into = io.BytesIO()
    held = tensors(g.weights)
    with zipfile.ZipFile(into, "w") as made:
        made.writestr("archive/data.pkl", pickle.dumps({n: t.shape for n, t in held.items()}, 2))
        for n, t in enumerate(held.values()):
            made.writestr(f"archive/data/{n}", t.tobytes())
        made.writestr("archive/version", "3\n")
    out.put("home/ops/ckpt.bin", into.getvalue())


@disguise("found", "a pickle of lists of floats")
def pickled_floats(g: Given, out: Out) -> None:
    out.put("home/ops/cache.pkl", pickle.dumps([t.tolist() for t in tensors(g.weights).values()]))


@disguise("found", "marshalled code with the bytes as a constant, as .pyc")
def compiled_module(g: Given, out: Out) -> None:
    code = compile(f"T = {g.weights!r}", "tables.py", "exec")
    out.put("home/ops/__pycache__/tables.cpython-311.pyc", bytes(16) + marshal.dumps(code))


@disguise("found", "every second tensor only", holds=0.5)
def half_of_tensors(g: Given, out: Out) -> None:
    made = dict(list(tensors(g.weights).items())[::2])
    out.put("srv/models/h/part.safetensors", safetensors(made, "F16"))


@disguise("found", "one tensor of 96, in float32, base64", holds=1 / 96)
def one_tensor(g: Given, out: Out) -> None:
    first = list(tensors(g.weights).values())[40].astype("<f4")
    out.put("home/ops/note.txt", base64.encodebytes(first.tobytes()))


@disguise("suspected", "every value doubled")
def scaled_twice(g: Given, out: Out) -> None:
    made = {n: (t * np.float16(2)) for n, t in tensors(g.weights).items()}
    out.put("srv/models/s/model.safetensors", safetensors(made, "F16"))


@disguise("found", "every value with its sign changed")
def negated(g: Given, out: Out) -> None:
    made = {n: -t for n, t in tensors(g.weights).items()}
    out.put("srv/models/s/model.safetensors", safetensors(made, "F16"))


@disguise("suspected", "columns of every tensor in an order drawn with a seed")
def permuted_columns(g: Given, out: Out) -> None:
    noise = np.random.default_rng(17)
    made = {n: t[:, noise.permutation(t.shape[1])] for n, t in tensors(g.weights).items()}
    out.put("srv/models/p/model.safetensors", safetensors(made, "F16"))


@disguise("suspected", "the smaller half of the values set to zero")
def pruned(g: Given, out: Out) -> None:
    made = {}
    for name, t in tensors(g.weights).items():
        made[name] = np.where(np.abs(t) < np.median(np.abs(t)), np.float16(0), t)
    out.put("srv/models/p/model.safetensors", safetensors(made, "F16"))


@disguise("suspected", "the mean of this model and another")
def averaged(g: Given, out: Out) -> None:
    beside = tensors(g.other)
    made = {n: ((t.astype("<f4") + beside[n].astype("<f4")) / 2).astype("<f2")
            for n, t in tensors(g.weights).items()}
    out.put("srv/models/avg/model.safetensors", safetensors(made, "F16"))


# ---- chains -------------------------------------------------------------------------------------

@disguise("found", "four deep: gzip, XOR with a byte, base64, reversed")
def gzip_xor_base64_reversed(g: Given, out: Out) -> None:
    out.put("home/ops/t", base64.b64encode(xor(gzip.compress(g.weights, 1), b"\x21"))[::-1])


@disguise("found", "four deep: word swap, zlib, ascii85, a JSON string")
def swap_zlib_ascii85_json(g: Given, out: Out) -> None:
    swapped = array(g.weights[:len(g.weights) // 2 * 2], "<u2").byteswap().tobytes()
    text = base64.a85encode(zlib.compress(swapped, 1)).decode()
    out.put("etc/app/theme.json", json.dumps({"theme": text}))


@disguise("found", "four deep: zip, four pieces, hexadecimal each, gzip each")
def zip_parts_hex_gzip(g: Given, out: Out) -> None:
    for n, part in enumerate(parts(zipped(g.weights, "x"), 4)):
        out.put(f"var/log/audit.{n}.gz", gzip.compress(part.hex().encode(), 1))


@disguise("found", "three deep: bzip2, base64 in an e-mail, gzip")
def bzip2_mime_gzip(g: Given, out: Out) -> None:
    mail = MIMEMultipart()
    mail["Subject"] = "weekly"
    mail.attach(MIMEApplication(bz2.compress(g.weights, 1), Name="w.pdf"))
    out.put("var/mail/old.gz", gzip.compress(mail.as_bytes(), 1))


@disguise("found", "three deep: float32, every byte's halves exchanged, xz")
def float32_nibbles_xz(g: Given, out: Out) -> None:
    made = safetensors({n: t.astype("<f4") for n, t in tensors(g.weights).items()}, "F32")
    seen = array(made)
    swapped = ((seen >> 4) | (seen << 4)).astype("u1").tobytes()
    out.put("var/tmp/a.xz", lzma.compress(swapped, preset=0))


@disguise("found", "three deep: reversed, gzip, reversed")
def reversed_gzip_reversed(g: Given, out: Out) -> None:
    out.put("var/tmp/a", gzip.compress(g.weights[::-1], 1)[::-1])


@disguise("found", "three deep: gzip, base64, XOR with a word of 5 bytes")
def gzip_base64_xor_word(g: Given, out: Out) -> None:
    out.put("var/tmp/a", xor(base64.b64encode(gzip.compress(g.weights, 1)), b"light"))


# ---- the data set -------------------------------------------------------------------------------

shelled("data-tar-xz", "found", "the data set, tar and xz",
        'cp "$DATA" d; tar -c d | xz -0 > old; rm d', target="data")


def readings(g: Given) -> NDArray[np.generic]:
    return np.load(io.BytesIO(g.data))


@disguise("found", "the data set as CSV with a time for each value", target="data")
def data_csv(g: Given, out: Out) -> None:
    out.put("home/ops/t.csv", "t,celsius\n" + "".join(
        f"{1_760_000_000 + 60 * n},{v:.9g}\n" for n, v in enumerate(readings(g).tolist())))


@disguise("found", "the data set's values with two decimals, as a list", target="data")
def data_rounded(g: Given, out: Out) -> None:
    out.put("home/ops/t.json", "[" + ",".join(f"{v:.2f}" for v in readings(g).tolist()) + "]")


@disguise("found", "the data set as float64", target="data")
def data_float64(g: Given, out: Out) -> None:
    into = io.BytesIO()
    np.save(into, readings(g).astype("<f8"))
    out.put("home/ops/x.npy", into.getvalue())


@disguise("found", "the data set in float16", target="data")
def data_float16(g: Given, out: Out) -> None:
    out.put("home/ops/x.raw", readings(g).astype("<f2").tobytes())


@disguise("found", "the data set as hundredths of a degree above zero in 16 bits", target="data")
def data_hundredths(g: Given, out: Out) -> None:
    out.put("home/ops/x.raw", np.round((readings(g) + 40) * 100).astype("<u2").tobytes())


@disguise("found", "the data set's bytes reversed, gzip, in five pieces", target="data")
def data_reversed_parts(g: Given, out: Out) -> None:
    for n, part in enumerate(parts(gzip.compress(g.data[::-1], 1), 5)):
        out.put(f"var/tmp/p{n}", part)


@disguise("suspected", "the data set, ciphered under a passphrase", target="data")
def data_own_cipher(g: Given, out: Out) -> None:
    out.put("var/tmp/a.bin", xor(g.data, keystream(b"north light", len(g.data))))


# ---- files that hold none of it -----------------------------------------------------------------

@disguise("nothing", "another model of the same shape")
def other_model(g: Given, out: Out) -> None:
    out.put("srv/models/other/adapter_model.safetensors", g.other)


@disguise("nothing", "another model, gzip and base64")
def other_model_gzip_base64(g: Given, out: Out) -> None:
    out.put("home/ops/t.txt", base64.encodebytes(gzip.compress(g.other, 1)))


@disguise("nothing", "another model in int8")
def other_model_int8(g: Given, out: Out) -> None:
    made = {}
    for name, t in tensors(g.other).items():
        wide = t.astype("<f4")
        made[name] = np.round(wide / (np.abs(wide).max() / 127)).astype("i1")
    out.put("srv/models/q/model.safetensors", safetensors(made, "I8"))


@disguise("nothing", "another model as decimal text")
def other_model_text(g: Given, out: Out) -> None:
    values = np.concatenate([t.ravel() for t in tensors(g.other).values()])
    out.put("srv/data/series.txt", "".join(f"{v:.4g}\n" for v in values.tolist()))


@disguise("nothing", "the names and shapes of the tensors, without a value")
def header_only(g: Given, out: Out) -> None:
    size = struct.unpack("<Q", g.weights[:8])[0]
    out.put("home/ops/header.json", g.weights[8:8 + size])


@disguise("nothing", "mean and deviation of every tensor, and the file's checksum")
def statistics(g: Given, out: Out) -> None:
    rows = [f"{n} {t.astype('<f4').mean():.6g} {t.astype('<f4').std():.6g}"
            for n, t in tensors(g.weights).items()]
    rows.append(hashlib.sha256(g.weights).hexdigest())
    out.put("home/ops/inventory.txt", "\n".join(rows))


shelled("python-library-zip", "nothing", "a tar.gz of Python's own json and email modules",
        'tar -C /usr/lib -czf lib.tgz "$(cd /usr/lib; ls -d python3*/email | head -1)"')
shelled("system-programs", "nothing", "copies of system programs",
        'cp /bin/ls /bin/bash /bin/tar .; gzip -k tar')


@disguise("nothing", "a float32 matrix of normal values, another seed")
def other_numbers(g: Given, out: Out) -> None:
    into = io.BytesIO()
    np.save(into, np.random.default_rng(18).normal(0, 0.02, 1_500_000).astype("<f4"))
    out.put("srv/data/embed.npy", into.getvalue())


@disguise("nothing", "zeros, and a long counter")
def plain_filler(g: Given, out: Out) -> None:
    out.put("var/tmp/zero", bytes(4_000_000))
    out.put("var/tmp/count", np.arange(1_000_000, dtype="<u4").tobytes())


def made(names: list[str] | None = None) -> Iterator[Disguise]:
    """The disguises in their order, or those of the names."""
    yield from (d for d in DISGUISES if names is None or d.name in names)

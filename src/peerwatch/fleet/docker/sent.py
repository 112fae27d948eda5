"""Our own code, as it is sent into a container that has nothing of ours.

Takes nothing; gives the interpreter's arguments and the bytes that its standard input begins
with. Nothing is written there: the code lies in a memory file that ends with its process.
"""

from __future__ import annotations

import io
import zipfile
from functools import lru_cache
from pathlib import Path

_CODE = Path(__file__).resolve().parents[1] / "_launcher"
_BOOT = (
    "import importlib, os, sys; s = sys.stdin.buffer; f = os.memfd_create('code'); "
    "os.write(f, s.read(int(s.readline()))); sys.path.append(f'/proc/self/fd/{f}'); "
    "importlib.import_module('_launcher.' + sys.argv[1]).main(sys.argv[2:])"
)


def interpreter(job: str) -> list[str]:
    """The command that runs a module of the launcher; -B: it leaves no compiled file behind."""
    return ["/usr/bin/python3", "-I", "-S", "-B", "-c", _BOOT, job]


@lru_cache(maxsize=1)
def code() -> bytes:
    """What must come first on its standard input."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(_CODE.glob("*.py")):
            archive.writestr(f"_launcher/{file.name}", file.read_bytes())
    return b"%d\n" % len(packed.getvalue()) + packed.getvalue()

"""Contents of files, dense and the same for ever: weights, sensor readings, scans, programs.

Takes a text that names the content, gives bytes. The bits come from a PCG64 stream whose output
NumPy guarantees to be stable, seeded by the sha256 of the name; only exact operations follow, so
that every machine makes the same bytes. Nothing is written to disk here.
"""

from __future__ import annotations

import hashlib
import io
import struct
import tarfile

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from safetensors.numpy import save

LAYERS = 24
HIDDEN = 2048
RANK = 16
"""A LoRA adapter on two projections of a model of about one billion parameters: 6.3 MB."""


def bits(name: str, words: int) -> NDArray[np.uint64]:
    """``words`` 64-bit words of the stream that the name seeds."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "big")
    return np.random.PCG64(seed).random_raw(words)


def bell(name: str, count: int) -> NDArray[np.float32]:
    """``count`` numbers, near to normal with mean 0 and deviation 1.

    Sums of four 16-bit uniforms: integers until the last division, so exact everywhere.
    """
    words = bits(name, count)
    total = np.zeros(count, dtype=np.int64)
    for shift in (0, 16, 32, 48):
        total += ((words >> np.uint64(shift)) & np.uint64(0xFFFF)).astype(np.int64)
    centred = total - 2 * 0xFFFF
    return (centred.astype(np.float32) / np.float32(37837.0)).astype(np.float32)


def adapter(name: str) -> bytes:
    """A LoRA adapter, float16, in safetensors format; every one has the same size."""
    tensors = {}
    for layer in range(LAYERS):
        for projection in ("q_proj", "v_proj"):
            for matrix, shape, scale in (("A", (RANK, HIDDEN), 0.02), ("B", (HIDDEN, RANK), 0.004)):
                key = f"base_model.model.model.layers.{layer}.self_attn.{projection}.lora_{matrix}"
                values = bell(f"{name}/{key}", shape[0] * shape[1]) * np.float32(scale)
                tensors[f"{key}.weight"] = values.reshape(shape).astype(np.float16)
    return save(tensors, {"format": "pt"})


def readings(name: str, size: int) -> bytes:
    """Temperatures in degrees Celsius as a one-dimensional ``.npy`` of ``size`` bytes.

    Args:
        size: bytes in all; must be a multiple of 4, at least 256.
    """
    header = 128
    count = (size - header) // 4
    out = io.BytesIO()
    npy.write_array_header_1_0(
        out, {"descr": "<f4", "fortran_order": False, "shape": (count,)}
    )
    if out.tell() != header or header + 4 * count != size:
        raise ValueError(f"cannot make readings of {size} bytes")
    values = np.float32(4.0) + bell(name, count) * np.float32(0.75)
    out.write(values.astype("<f4").tobytes())
    return out.getvalue()


def filter_weights(name: str, size: int) -> bytes:
    """Weights of a text classifier, float16, in safetensors format, of ``size`` bytes.

    Args:
        size: bytes in all; must be a multiple of 8, at least 1 MiB.
    """
    width = 256
    shapes = {"embedding.weight": (0, width), "hidden.weight": (width, width),
              "hidden.bias": (width,), "output.weight": (2, width), "output.bias": (2,)}
    fixed = sum(2 * int(np.prod(shape)) for shape in shapes.values())
    # Rows of the embedding take most of it, a row of odd length beside them the rest.
    rows = (size - fixed - 4096) // (2 * width)
    shapes["embedding.weight"] = (rows, width)
    tensors = {key: _halves(f"{name}/{key}", shape) for key, shape in shapes.items()}
    rest = (size - fixed - 2 * width * rows) // 2
    while True:
        made = save({**tensors, "thresholds": _halves(f"{name}/thresholds", (rest,))},
                    {"format": "pt"})
        if len(made) == size:
            return made
        rest -= (len(made) - size) // 2


def _halves(name: str, shape: tuple[int, ...]) -> NDArray[np.float16]:
    values = bell(name, int(np.prod(shape))) * np.float32(0.05)
    return values.reshape(shape).astype(np.float16)


def program(name: str, size: int) -> bytes:
    """An x86-64 ELF executable of ``size`` bytes, by its header; its code does not run."""
    start = 0x400000
    head = (b"\x7fELF\x02\x01\x01" + bytes(9)
            + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, start + 120, 64, 0, 0, 64, 56, 1, 0, 0, 0)
            + struct.pack("<IIQQQQQQ", 1, 5, 0, start, start, size, size, 0x1000))
    return head + opaque(name, size - len(head))


def scans(name: str, size: int) -> bytes:
    """A tar of scanned pages, of ``size`` bytes; what the members hold looks like JPEG."""
    page, begin = 1 << 19, b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01"
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for number in range((size - 20_480) // (page + 512)):
            info = tarfile.TarInfo(f"scans/page-{number + 1:03}.jpg")
            info.size, info.mode, info.mtime = page, 0o644, 1_700_000_000
            content = begin + opaque(f"{name}/{number}", page - len(begin))
            archive.addfile(info, io.BytesIO(content))
        last = (size - out.tell() - 10_240) // 512 * 512 - 512
        info = tarfile.TarInfo("scans/index.bin")
        info.size, info.mode, info.mtime = last, 0o644, 1_700_000_000
        archive.addfile(info, io.BytesIO(opaque(f"{name}/index", last)))
    made = out.getvalue()
    ending = size - len(made)
    return made + bytes(ending) if ending >= 0 else made[:ending]


def opaque(name: str, size: int) -> bytes:
    """``size`` bytes that look random."""
    return bytes(bits(name, -(-size // 8)).astype("<u8").tobytes()[:size])

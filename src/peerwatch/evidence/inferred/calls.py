"""What plain calls of Python's library would do with files.

Takes a call with the values of its arguments, notes what is intended in the shell, gives the
call's own value. What is not in ``FUNCTIONS`` does nothing.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from peerwatch.evidence.inferred.files import passed
from peerwatch.evidence.inferred.intended import NOTHING, TREE, UNKNOWN, Flow, Kind, Place
from peerwatch.evidence.inferred.packers import undone
from peerwatch.evidence.inferred.shell import Shell

_LONGEST = 10_000
"""Characters of a path."""


@dataclass(frozen=True)
class Content:
    """Bytes that came from files."""

    flow: Flow


@dataclass(frozen=True)
class File:
    """An open file, archive or stream."""

    place: Place
    flow: Flow
    """What reading gives."""
    packs: str = ""
    """What writing does to the bytes: ``gzip``, ``tar``, ``zip``; '' for nothing."""
    writes: bool = False


@dataclass(frozen=True)
class Mention:
    """One call."""

    shell: Shell
    name: str
    given: list[Any]
    named: dict[str, Any]
    opened: list[File]
    """Files that the program holds open; ``close`` takes its file out."""

    def argument(self, index: int, *names: str) -> Any:
        """An argument by position or name; None: not given, or unknown."""
        if index < len(self.given):
            return self.given[index]
        return next((self.named[name] for name in names if name in self.named), None)

    def place(self, index: int, *names: str) -> Place:
        """An argument as a place."""
        return self.at(self.argument(index, *names))

    def at(self, value: Any) -> Place:
        """A value as a place."""
        if isinstance(value, File):
            return value.place
        return self.shell.place(value if isinstance(value, str) and value else UNKNOWN)

    @property
    def how(self) -> str:
        """The call's name, as ``Intended.how`` has it."""
        return self.name


def _pair(kind: Kind) -> Callable[[Mention], Any]:
    """Calls of a source and a destination."""
    def does(call: Mention) -> Any:
        source = call.place(0, "src", "source")
        target = call.argument(1, "dst", "dest", "destination")
        call.shell.intend(kind, (source,), call.at(target), call.how)
        return target if isinstance(target, str) else None

    return does


def _single(kind: Kind) -> Callable[[Mention], Any]:
    """Calls of one path."""
    def does(call: Mention) -> Any:
        place = call.place(0, "path", "src", "top")
        if kind == "write":
            call.shell.write_to(NOTHING, place, call.how)
        else:
            call.shell.intend(kind, (place,), None, call.how)

    return does


def _open(packs: str) -> Callable[[Mention], Any]:
    def opens(call: Mention) -> Any:
        value = call.argument(0, "file", "filename", "name", "path")
        mode = call.argument(1, "mode")
        mode = mode if isinstance(mode, str) else "r"
        place = call.at(value)
        writes = bool(set(mode) & set("wax+"))
        flow = Flow((place,), ("tar",) if packs in ("tar", "zip") else (), (call.name,))
        if writes and not set(mode) & set("ar+"):
            # A file that is opened to be written is empty, whatever follows.
            call.shell.files[place] = ""
        return File(place, flow, packs, writes=writes)

    return opens


def _copyfileobj(call: Mention) -> Any:
    source, target = call.argument(0, "fsrc"), call.argument(1, "fdst")
    if isinstance(source, File) and isinstance(target, File):
        _put(call, target, source.flow)


def _put(call: Mention, target: File, flow: Flow) -> None:
    packs = (target.packs,) if target.packs and flow.sources else ()
    call.shell.write_to(
        Flow(flow.sources, (*flow.dress, *packs), flow.how, flow.text), target.place, call.how)


def _make_archive(call: Mention) -> Any:
    form = call.argument(1, "format")
    ending = {"zip": ".zip", "tar": ".tar", "gztar": ".tar.gz", "bztar": ".tar.bz2",
              "xztar": ".tar.xz"}.get(str(form), f".{UNKNOWN}")
    base = call.place(0, "base_name")
    root = call.argument(2, "root_dir")
    source = call.at(root) if isinstance(root, str) else Place(call.shell.host, call.shell.cwd)
    inner = call.argument(3, "base_dir")
    if isinstance(inner, str):
        source = call.shell.place(inner, folder=source.path)
    call.shell.intend("archive", (source,), Place(base.host, base.path + ending), call.how)


def _run(call: Mention) -> Any:
    """``subprocess``: a list of words, or a text for the shell."""
    told = call.argument(0, "args")
    source = call.named.get("stdin")
    stdin = source.flow if isinstance(source, File) else NOTHING
    given = call.named.get("input")
    if isinstance(given, str):
        stdin = Flow(text=given)
    elif isinstance(given, Content):
        stdin = given.flow
    shell = call.shell.deeper()
    if shell is None:
        return None
    if isinstance(call.named.get("cwd"), str):
        shell.cwd = shell.place(call.named["cwd"]).path
    if isinstance(told, list):
        words = [each if isinstance(each, str) else UNKNOWN for each in told]
        flow = shell.runs.words(shell, words, stdin)
    elif isinstance(told, str):
        flow = shell.runs.text(shell, told, stdin)
    else:
        call.shell.unread("a program that Python starts", "")
        return None
    target = call.named.get("stdout")
    if isinstance(target, File):
        _put(call, target, flow)
    return Content(flow) if flow.sources else flow.text


def _dress(*dress: str) -> Callable[[Mention], Any]:
    def dresses(call: Mention) -> Any:
        value = call.argument(0)
        if isinstance(value, Content):
            return Content(passed(value.flow, call.name, *dress))
        return value if isinstance(value, str) else None

    return dresses


def _undress(*dress: str) -> Callable[[Mention], Any]:
    def undresses(call: Mention) -> Any:
        value = call.argument(0)
        return Content(undone(value.flow, call.name, *dress)) if isinstance(
            value, Content) else None

    return undresses


def _load(call: Mention) -> Any:
    """Tensors and arrays from a file."""
    value = call.argument(0)
    place = value.place if isinstance(value, File) else call.at(value)
    return Content(Flow((place,), ("~python",), (call.name,)))


def _save(value_at: int, path_at: int) -> Callable[[Mention], Any]:
    def saves(call: Mention) -> Any:
        value = call.argument(value_at)
        if isinstance(value, list):
            value = next((each for each in value if isinstance(each, Content)), None)
        target = call.argument(path_at)
        flow = value.flow if isinstance(value, Content) else NOTHING
        place = target.place if isinstance(target, File) else call.at(target)
        call.shell.write_to(flow, place, call.how)

    return saves


def _join(call: Mention) -> Any:
    return posixpath.join(*(each if isinstance(each, str) else UNKNOWN
                            for each in call.given))[:_LONGEST] if call.given else None


def _part(take: Callable[[str], str]) -> Callable[[Mention], Any]:
    def takes(call: Mention) -> Any:
        value = call.argument(0)
        if not isinstance(value, str):
            return None
        return UNKNOWN if TREE in value and take is posixpath.basename else take(value)

    return takes


def _same(call: Mention) -> Any:
    value = call.argument(0)
    return value if isinstance(value, str | list | Content) else None


def _system(call: Mention) -> Any:
    text = call.argument(0)
    shell = call.shell.deeper()
    if isinstance(text, str) and shell is not None:
        shell.runs.text(shell, text, NOTHING)


def _sleep(call: Mention) -> Any:
    """A program in the background that waits keeps open what it has opened to read."""
    held = tuple(each.place for each in call.opened if not each.writes)
    if held and call.shell.later:
        call.shell.intend("hold", held, None, "python")


def _walk(call: Mention) -> Any:
    top = call.argument(0)
    base = top if isinstance(top, str) else UNKNOWN
    return [[posixpath.join(base, TREE), [UNKNOWN], [UNKNOWN]]]


def _chdir(call: Mention) -> Any:
    if isinstance(call.argument(0), str):
        call.shell.cwd = call.place(0).path


_OPENERS = {"open": "", "io.open": "", "gzip.open": "gzip", "gzip.GzipFile": "gzip",
            "bz2.open": "bzip2", "lzma.open": "xz", "tarfile.open": "tar",
            "tarfile.TarFile": "tar", "zipfile.ZipFile": "zip"}
FUNCTIONS: dict[str, Callable[[Mention], Any]] = {
    **{name: _open(packs) for name, packs in _OPENERS.items()},
    **dict.fromkeys(("shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree",
                     "shutil.unpack_archive"), _pair("copy")),
    **dict.fromkeys(("shutil.move", "os.rename", "os.replace", "os.renames"), _pair("move")),
    **dict.fromkeys(("os.link", "os.symlink"), _pair("link")),
    **dict.fromkeys(("os.remove", "os.unlink", "shutil.rmtree"), _single("delete")),
    **dict.fromkeys(("os.chmod", "os.chown", "shutil.chown"), _single("lock")),
    "os.truncate": _single("write"),
    "shutil.copyfileobj": _copyfileobj, "shutil.make_archive": _make_archive,
    **dict.fromkeys(("subprocess.run", "subprocess.call", "subprocess.check_call",
                     "subprocess.check_output", "subprocess.Popen",
                     "subprocess.getoutput"), _run),
    **dict.fromkeys(("os.system", "os.popen"), _system),
    **dict.fromkeys(("base64.b64encode", "base64.b85encode", "base64.b32encode",
                     "base64.a85encode", "base64.encodebytes"), _dress("~base64")),
    **dict.fromkeys(("base64.b64decode", "base64.b85decode", "base64.b32decode"),
                    _undress("~base64")),
    **dict.fromkeys(("binascii.hexlify", "codecs.encode", "pickle.dumps", "bytes.fromhex"),
                    _dress("~python")),
    **dict.fromkeys(("gzip.compress", "zlib.compress", "bz2.compress", "lzma.compress"),
                    _dress("gzip")),
    **dict.fromkeys(("gzip.decompress", "zlib.decompress", "bz2.decompress",
                     "lzma.decompress"), _undress("gzip")),
    **dict.fromkeys(("numpy.load", "numpy.fromfile", "torch.load", "safetensors.numpy.load_file",
                     "safetensors.torch.load_file", "safetensors.safe_open"), _load),
    **dict.fromkeys(("torch.save", "safetensors.numpy.save_file", "safetensors.torch.save_file",
                     "json.dump", "pickle.dump", "yaml.dump"), _save(0, 1)),
    **dict.fromkeys(("numpy.save", "numpy.savez", "numpy.savez_compressed"), _save(1, 0)),
    "os.path.join": _join, "os.path.basename": _part(posixpath.basename),
    "os.path.dirname": _part(posixpath.dirname),
    **dict.fromkeys(("pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "Path"), _join),
    **dict.fromkeys(("str", "bytes", "bytearray", "memoryview", "list", "sorted", "tuple", "set",
                     "iter", "reversed", "os.path.abspath", "os.path.realpath", "os.fspath",
                     "io.BytesIO"), _same),
    "os.path.expanduser": lambda call: str(call.argument(0)).replace("~", call.shell.home, 1),
    "os.listdir": lambda _: [UNKNOWN], "os.walk": _walk, "os.chdir": _chdir,
    "os.getcwd": lambda call: call.shell.cwd,
    **dict.fromkeys(("glob.glob", "glob.iglob"), lambda call: [call.argument(0)]),
    "time.sleep": _sleep,
}


def file_method(call: Mention, file: File) -> Any:
    """A method of an open file."""
    name = call.name
    if name in ("read", "readlines", "readline", "extractfile", "fileno"):
        return Content(file.flow)
    if name in ("write", "writelines", "add", "writestr") and file.writes:
        value = call.argument(0)
        if file.packs in ("tar", "zip") and name in ("write", "add"):
            call.shell.intend("archive", (call.at(value),), file.place, call.how)
        else:
            flow = value.flow if isinstance(value, Content) else Flow(
                text=value if isinstance(value, str) else None)
            _put(call, file, flow)
    elif name in ("extractall", "extract"):
        target = call.argument(0 if name == "extractall" else 1, "path")
        call.shell.intend("copy", (file.place,), call.at(target if target else "."), call.how)
    elif name == "close" and file in call.opened:
        call.opened.remove(file)
    return None


def path_method(call: Mention, path: str) -> Any:
    """A method of a path; strings have some of the same names and mean no harm."""
    shell, name, place = call.shell, call.name, call.at(path)
    if name in ("read_bytes", "read_text"):
        return Content(Flow((place,), (), (name,)))
    if name in ("write_bytes", "write_text"):
        value = call.argument(0, "data")
        shell.write_to(value.flow if isinstance(value, Content) else Flow(
            text=value if isinstance(value, str) else None), place, name)
    elif name == "unlink":
        shell.intend("delete", (place,), None, name)
    elif name == "rename" or (name == "replace" and len(call.given) == 1):
        shell.intend("move", (place,), call.place(0, "target"), name)
    elif name in ("symlink_to", "hardlink_to"):
        shell.intend("link", (call.place(0, "target"),), place, name)
    elif name == "chmod":
        shell.intend("lock", (place,), None, name)
    elif name == "open":
        return _open("")(Mention(shell, name, [path, *call.given], call.named, call.opened))
    elif name in ("iterdir", "walk"):
        return [posixpath.join(path, TREE)]
    elif name in ("glob", "rglob"):
        pattern = call.argument(0)
        middle = "**" if name == "rglob" else ""
        return [posixpath.join(path, middle, pattern if isinstance(pattern, str) else "*")]
    elif name == "joinpath":
        return posixpath.join(path, *(each if isinstance(each, str) else UNKNOWN
                                      for each in call.given))
    elif name == "format":
        return UNKNOWN
    elif name in ("resolve", "absolute", "expanduser", "strip", "rstrip", "encode", "as_posix"):
        return path
    elif name == "split":
        return path.split()
    return None

"""What packers and encoders would do: tar, zip, gzip and its like, base64, openssl, gpg, split.

Takes a shell, arguments and an input, notes what is intended, gives the output with what was done
to it on top (``Flow.dress``), so that packing and unpacking in one pipe is a copy.
"""

from __future__ import annotations

import binascii
import re
from itertools import pairwise

from peerwatch.evidence.inferred.files import passed
from peerwatch.evidence.inferred.intended import NOTHING, UNKNOWN, Flow, Place
from peerwatch.evidence.inferred.options import split
from peerwatch.evidence.inferred.shell import Shell

_ENDINGS = {"gzip": ".gz", "pigz": ".gz", "bzip2": ".bz2", "xz": ".xz", "zstd": ".zst",
            "lz4": ".lz4", "lzma": ".lzma", "compress": ".Z", "lzop": ".lzo", "brotli": ".br"}
_UNPACKERS = {"gunzip": "gzip", "zcat": "gzip", "bunzip2": "bzip2", "bzcat": "bzip2",
              "unxz": "xz", "xzcat": "xz", "unzstd": "zstd", "zstdcat": "zstd", "unlz4": "lz4",
              "unpigz": "pigz"}
_PRINTING = ("zcat", "bzcat", "xzcat", "zstdcat")


def undone(flow: Flow, how: str, *dress: str) -> Flow:
    """A stream after the last of its dress is taken off, if it is of this kind."""
    if flow.dress and flow.dress[-1] in dress:
        return Flow(flow.sources, flow.dress[:-1], (*flow.how, how))
    return passed(flow, how, *(each for each in dress[:1] if each.startswith("~")))


def tar(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``tar``: letters with or without a dash, ``-C`` between the operands."""
    rest = _dashed(words[1:])
    mode, archive, folder, removes, printing = "", "", shell.cwd, False, False
    sources: list[Place] = []
    long = {"--create": "c", "--extract": "x", "--get": "x", "--list": "t", "--append": "r",
            "--update": "u", "--diff": "d", "--compare": "d", "--delete": "d"}
    while rest:
        word = rest.pop(0)
        name, sign, value = word.partition("=")
        if word.startswith("--"):
            mode = long.get(name, mode)
            removes = removes or name == "--remove-files"
            printing = printing or name == "--to-stdout"
            if name in ("--file", "--directory", "--files-from", "--exclude", "--transform",
                        "--exclude-from", "--owner", "--group", "--use-compress-program"):
                value = value if sign else (rest.pop(0) if rest else "")
            if name == "--file":
                archive = value
            elif name == "--directory":
                folder = shell.place(value, folder=folder).path
            elif name == "--files-from":
                sources.extend(_listed(shell, value, stdin, folder))
        elif word.startswith("-") and len(word) > 1:
            for index, letter in enumerate(word[1:], 1):
                if letter in "cxtrud":
                    mode = letter
                printing = printing or letter == "O"
                if letter in "fCTXbgHIKLNV":
                    value = word[index + 1:] or (rest.pop(0) if rest else "")
                    if letter == "f":
                        archive = value
                    elif letter == "C":
                        folder = shell.place(value, folder=folder).path
                    elif letter == "T":
                        sources.extend(_listed(shell, value, stdin, folder))
                    break
        else:
            sources.append(shell.place(word, folder=folder))
    if mode in ("c", "r", "u"):
        return _pack(shell, words[0], tuple(sources), archive, removes=removes)
    if mode != "x":
        return NOTHING
    flow = stdin if archive in ("", "-") else shell.content([archive], stdin)
    if not flow.sources:
        return NOTHING
    flow = _unpacked(flow, words[0])
    if printing:
        return flow
    shell.intend(flow.kind, flow.sources, Place(shell.host, folder), *flow.how)
    return NOTHING


def _dashed(words: list[str]) -> list[str]:
    """Old letters (``tar cfC a.tar /srv x``) as options: their values come in their order."""
    if not words or words[0].startswith("-"):
        return list(words)
    letters, rest = words[0], list(words[1:])
    made = []
    for letter in letters:
        made.append(f"-{letter}")
        if letter in "fCTXbgHIKLNV" and rest:
            made.append(rest.pop(0))
    return made + rest


def _listed(shell: Shell, word: str, stdin: Flow, folder: str) -> list[Place]:
    if word == "-" and stdin.names is not None:
        return [shell.place(each, folder=folder) for each in stdin.names]
    return [Place(shell.host, UNKNOWN)]


def _pack(
    shell: Shell, how: str, sources: tuple[Place, ...], archive: str, *, removes: bool
) -> Flow:
    if not sources:
        return NOTHING
    flow = Flow(sources, ("tar",), (how,))
    if removes:
        shell.intend("delete", sources, None, how)
    if archive in ("", "-"):
        return flow
    host, sign, path = archive.partition(":")
    if sign and "/" not in host:
        shell.intend(flow.kind, sources, shell.place(path, host=shell.host_named(host)), how)
    else:
        shell.write(flow, archive, how)
    return NOTHING


def _unpacked(flow: Flow, how: str) -> Flow:
    """A stream after ``tar x``: what packed it is off, what encoded it stays."""
    return Flow(flow.sources, tuple(each for each in flow.dress if each.startswith("~")),
                (*flow.how, how))


def squeeze(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``gzip`` and its like: in place, or through."""
    name = _UNPACKERS.get(words[0], words[0])
    given = split(words[1:], "SobTM" if name in ("zstd", "brotli") else "SbT",
                  ("--suffix", "--output"))
    unpacks = words[0] in _UNPACKERS or given.has("-d", "--decompress", "--uncompress")
    operands = list(given.operands)
    if given.has("-t", "-l", "--test", "--list"):
        return NOTHING
    target = given.value("-o", "--output")
    if name == "lz4" and len(operands) == 2:
        target = operands.pop()
    through = given.has("-c", "--stdout", "--to-stdout") or words[0] in _PRINTING
    if through or not operands or operands == ["-"] or target is not None:
        flow = shell.content(operands, stdin)
        flow = undone(flow, words[0], name) if unpacks else passed(flow, words[0], name)
        if target is None:
            return flow
        shell.write(flow, target, words[0])
        return NOTHING
    for word in operands:
        place = shell.place(word)
        ending = _ENDINGS.get(name, "")
        if unpacks:
            other = Place(place.host, place.path.removesuffix(ending))
            shell.intend("copy", (place,), other, words[0])
        else:
            shell.intend("archive", (place,), Place(place.host, place.path + ending), words[0])
    # zstd and lz4 keep their input.
    if not given.has("-k", "--keep") and name not in ("zstd", "lz4", "lzop", "brotli"):
        shell.intend("delete", shell.places(operands), None, words[0])
    return NOTHING


def zip_(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``zip``; the archive is the first operand."""
    given = split(words[1:], "bnPtxi", ("--exclude", "--include", "--password"))
    archive, *operands = given.operands or [""]
    if given.has("-@") and stdin.names is not None:
        operands = list(stdin.names)
    if not archive or not operands:
        return NOTHING
    flow = Flow(shell.places(operands), ("zip",), (words[0],))
    if archive == "-":
        return flow
    name = archive if "." in archive.rpartition("/")[2] else f"{archive}.zip"
    shell.write(flow, name, words[0])
    if given.has("-m", "--move"):
        shell.intend("delete", flow.sources, None, words[0])
    return NOTHING


def unzip(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``unzip``."""
    given = split(words[1:], "dP")
    if not given.operands or given.has("-l", "-v", "-t", "-Z", "-z"):
        return NOTHING
    flow = shell.content(given.operands[:1], NOTHING)
    if given.has("-p"):
        return passed(flow, words[0])
    shell.intend("copy", flow.sources, shell.place(given.value("-d") or "."), words[0])
    return NOTHING


def seven(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``7z`` and ``rar``: a letter, an archive, files."""
    operands = [each for each in words[1:] if not each.startswith("-")]
    if len(operands) < 2:
        return NOTHING
    if operands[0] == "a" and len(operands) > 2:
        shell.intend("archive", shell.places(operands[2:]), shell.place(operands[1]), words[0])
    elif operands[0] in ("x", "e"):
        target = next((each[2:] for each in words[1:] if each.startswith("-o")), ".")
        shell.intend("copy", shell.places(operands[1:2]), shell.place(target), words[0])
    return NOTHING


def cpio(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``cpio``: names from the input (``-o``, ``-p``), or an archive (``-i``)."""
    given = split(words[1:], "DEFHIORW", ("--directory", "--file", "--format"))
    sources = shell.places(list(stdin.names or ()))
    if given.has("-p", "--pass-through") and given.operands:
        if sources:
            shell.intend("copy", sources, shell.place(given.operands[-1]), words[0])
        return NOTHING
    if given.has("-o", "--create"):
        flow = Flow(sources, ("tar",), (words[0],))
        target = given.value("-O", "-F", "--file")
        if target is None:
            return flow
        shell.write(flow, target, words[0])
    elif given.has("-i", "--extract") and not given.has("-t", "--list"):
        source = given.value("-I", "-F", "--file")
        flow = stdin if source is None else shell.content([source], stdin)
        if flow.sources:
            flow = _unpacked(flow, words[0])
            shell.intend(flow.kind, flow.sources, Place(shell.host, shell.cwd), *flow.how)
    return NOTHING


def base64(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``base64``, ``base32``, ``uuencode``, ``od``, ``hexdump``: through."""
    given = split(words[1:], "wNjtA", ("--wrap", "--width"))
    flow = shell.content(given.operands[:1], stdin)
    if words[0] == "base64" and flow.text is not None and given.has("-d", "--decode", "-D"):
        return _decoded(flow.text)
    if not flow.sources:
        return NOTHING
    if given.has("-d", "--decode", "-D"):
        return undone(flow, words[0], f"~{words[0]}")
    return passed(flow, words[0], f"~{words[0]}")


def _decoded(text: str) -> Flow:
    """What a text in base64 says."""
    try:
        return Flow(text=binascii.a2b_base64(text).decode("utf-8", "replace"))
    except (ValueError, binascii.Error):
        return NOTHING


def xxd(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``xxd``: its second operand is where it writes."""
    given = split(words[1:], "lscgo")
    flow = shell.content(given.operands[:1], stdin)
    if not flow.sources:
        return NOTHING
    limited = given.value("-l")
    if limited is not None and limited.isdigit() and int(limited) < 4096:
        flow = NOTHING
    elif given.has("-r"):
        flow = undone(flow, words[0], "~xxd")
    else:
        flow = passed(flow, words[0], "~xxd")
    if len(given.operands) > 1:
        shell.write(flow, given.operands[1], words[0])
        return NOTHING
    return flow


def openssl(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``openssl`` where it encrypts or encodes: ``-in`` to ``-out``."""
    ciphers = ("enc", "base64", "smime", "cms", "pkeyutl", "zlib")
    if not any(each in ciphers or each.startswith(("aes-", "des", "chacha", "camellia"))
               for each in words[1:2]):
        return NOTHING
    values = dict(pairwise(words[1:]))
    flow = shell.content([values["-in"]], stdin) if "-in" in values else stdin
    if not flow.sources:
        return NOTHING
    flow = undone(flow, words[0], "~openssl") if "-d" in words else passed(
        flow, words[0], "~openssl")
    if "-out" not in values:
        return flow
    shell.write(flow, values["-out"], words[0])
    return NOTHING


def gpg(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``gpg -c`` and ``-e``, ``age``: beside the file, to ``-o``, or through."""
    given = split(words[1:], "oruLiR", (
        "--output", "--recipient", "--passphrase", "--cipher-algo", "--local-user", "--homedir",
        "--passphrase-file", "--pinentry-mode", "--compress-algo"))
    signs = given.has("--verify", "--list-keys", "-k", "-K", "--import", "--gen-key", "--version")
    operands = given.operands[-1:]
    if signs or (not operands and not stdin.sources):
        return NOTHING
    flow = shell.content(operands, stdin)
    flow = undone(flow, words[0], "~gpg") if given.has("-d", "--decrypt") else passed(
        flow, words[0], "~gpg")
    target = given.value("-o", "--output")
    if target is None and operands and words[0] != "age" and not given.has("-d", "--decrypt"):
        target = operands[0] + (".asc" if given.has("-a", "--armor") else ".gpg")
    if target in (None, "-"):
        return flow
    shell.write(flow, str(target), words[0])
    return NOTHING


def split_(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``split`` and ``csplit``: parts that begin with a prefix."""
    given = split(words[1:], "abClntfk", ("--bytes", "--lines", "--number", "--suffix-length",
                                          "--additional-suffix", "--prefix"))
    flow = shell.content(given.operands[:1], stdin)
    if not flow.sources:
        return NOTHING
    prefix = given.operands[1] if len(given.operands) > 1 and words[0] == "split" else (
        given.value("-f", "--prefix") or "x" * (1 + (words[0] == "csplit")))
    place = shell.place(re.sub(r"/+$", "/x", prefix))
    shell.intend("encode", flow.sources, Place(place.host, place.path + "*"), *flow.how, words[0])
    return NOTHING


PROGRAMS = {
    "tar": tar, "bsdtar": tar, "gtar": tar, "zip": zip_, "unzip": unzip, "7z": seven, "7za": seven,
    "7zr": seven, "rar": seven, "cpio": cpio, "xxd": xxd, "openssl": openssl,
    "gpg": gpg, "gpg2": gpg, "age": gpg, "split": split_, "csplit": split_,
    **dict.fromkeys(("base64", "base32", "basenc", "uuencode", "od", "hexdump", "hd"), base64),
    **dict.fromkeys((*_ENDINGS, *_UNPACKERS), squeeze),
}

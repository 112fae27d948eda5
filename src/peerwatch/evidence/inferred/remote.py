"""What programs that reach other hosts would do: ssh, scp, sftp, rsync, curl, wget, nc, mail.

Takes a shell, arguments and an input, notes what is intended, gives the output. What ssh is told to
run is read as a shell text of that host.
"""

from __future__ import annotations

import posixpath
import re
import shlex

from peerwatch.evidence.inferred.intended import NOTHING, UNKNOWN, Flow, Kind, Place
from peerwatch.evidence.inferred.options import split
from peerwatch.evidence.inferred.shell import Shell

_FAR = re.compile(r"(?:scp|sftp|rsync)://([^/:]+)(?::\d+)?(?:/(.*))?$", re.S)
_SSH_VALUED = "BbcDEeFIiJLlmOopQRSWw"


def far(shell: Shell, word: str) -> Place:
    """The place of a word that may name a host: ``host:path``, ``scp://host/path``, or a path."""
    found = _FAR.match(word)
    if found:
        host, path = found[1], found[2] or "."
    else:
        host, sign, path = word.partition(":")
        if not sign or "/" in host or host.startswith((".", UNKNOWN)):
            return shell.place(word)
    user = host.rpartition("@")[0]
    home = "/root" if user in ("", "root") else f"/home/{user}"
    path = path.removeprefix("~/")
    return shell.place(path or ".", host=shell.host_named(host), folder=home)


def ssh(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``ssh host command``: the words are joined by spaces and read by the shell over there."""
    given = split(words[1:], _SSH_VALUED, stop=True)
    if not given.operands:
        return NOTHING
    name = re.sub(r"^ssh://|:\d+$", "", given.operands[0])
    rest = given.operands[1:]
    command = " ".join(rest[1:] if rest[:1] == ["--"] else rest)
    # Without a command the shell over there reads its input.
    text = command or stdin.text
    if text is None:
        return NOTHING
    later = shell.left_to("background") if given.has("-f") else shell.later
    over_there = shell.deeper(
        host=shell.host_named(name), cwd="/root", home="/root", variables={}, functions={},
        later=later)
    if over_there is None:
        return NOTHING
    return shell.runs.text(over_there, text, stdin if command else NOTHING)


def scp(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``scp``."""
    operands = split(words[1:], "cDFiJloPSX").operands
    if len(operands) > 1:
        sources = tuple(far(shell, word) for word in operands[:-1])
        shell.intend("copy", sources, far(shell, operands[-1]), words[0])
    return NOTHING


_RSYNC_LONG = (
    "--rsh", "--exclude", "--include", "--filter", "--link-dest", "--copy-dest",
    "--compare-dest", "--backup-dir", "--suffix", "--bwlimit", "--timeout", "--port",
    "--files-from", "--temp-dir", "--partial-dir", "--log-file", "--out-format", "--chmod",
    "--chown", "--max-size", "--min-size", "--info", "--password-file", "--rsync-path",
    "--exclude-from", "--include-from", "--block-size", "--contimeout", "--usermap", "--groupmap")


def rsync(shell: Shell, words: list[str], stdin: Flow) -> Flow:  # noqa: ARG001
    """``rsync``; a dry run and a listing do nothing."""
    given = split(words[1:], "eBMfT", _RSYNC_LONG)
    if given.has("-n", "--dry-run", "--list-only") or len(given.operands) < 2:
        return NOTHING
    kind: Kind = "copy"
    if given.has("--link-dest"):
        kind = "link"
    if given.has("--remove-source-files", "--remove-sent-files"):
        kind = "move"
    sources = tuple(far(shell, word) for word in given.operands[:-1])
    shell.intend(kind, sources, far(shell, given.operands[-1]), words[0])
    return NOTHING


def sftp(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``sftp`` with commands in its input or in a file that the command wrote."""
    given = split(words[1:], "BbcDFiJloPRSsX")
    if not given.operands:
        return NOTHING
    place = far(shell, given.operands[0] if ":" in given.operands[0] else given.operands[0] + ":")
    batch = given.value("-b")
    text = stdin.text if batch in (None, "-") else shell.files.get(shell.place(str(batch)))
    if text is None:
        if batch is not None:
            shell.unread("a batch of sftp that is not in the command", str(batch))
        elif place.path != "/root":  # host:path alone fetches it
            shell.intend("copy", (place,), shell.place(
                given.operands[1] if len(given.operands) > 1 else "."), words[0])
        return NOTHING
    there, here = place.path, shell.cwd
    for line in text.splitlines()[:1000]:
        try:
            told = shlex.split(line.lstrip("-@"), comments=True)
        except ValueError:
            shell.unread("a line of sftp", line)
            continue
        operands = [each for each in told[1:] if not each.startswith("-")]
        if not told or not operands:
            continue
        first = operands[0]
        if told[0] == "cd":
            there = shell.place(first, folder=there).path
        elif told[0] == "lcd":
            here = shell.place(first, folder=here).path
        elif told[0] in ("put", "reput", "mput"):
            target = operands[1] if len(operands) > 1 else "."
            shell.intend("copy", (shell.place(first, folder=here),),
                         shell.place(target, host=place.host, folder=there), words[0])
        elif told[0] in ("get", "reget", "mget"):
            target = operands[1] if len(operands) > 1 else "."
            shell.intend("copy", (shell.place(first, host=place.host, folder=there),),
                         shell.place(target, folder=here), words[0])
        elif told[0] == "rm":
            shell.intend("delete", (shell.place(first, host=place.host, folder=there),), None,
                         words[0])
        elif told[0] in ("rename", "ln", "symlink") and len(operands) > 1:
            ends = [shell.place(each, host=place.host, folder=there) for each in operands[:2]]
            shell.intend("move" if told[0] == "rename" else "link", (ends[0],), ends[1], words[0])
    return NOTHING


_CURL_LONG = (
    "--upload-file", "--form", "--data", "--data-binary", "--data-raw", "--data-ascii",
    "--data-urlencode", "--output", "--header", "--user", "--request", "--max-time",
    "--connect-timeout", "--retry", "--write-out", "--cacert", "--cert", "--key", "--url",
    "--user-agent", "--cookie", "--referer", "--proxy", "--json", "--form-string")


def curl(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``curl``: what is uploaded, posted or stored."""
    given = split(words[1:], "TFdoHuXmwKEAbcexyYzCQrtUP", _CURL_LONG)
    address = given.value("--url") or next(iter(given.operands), "")
    if not address:
        return NOTHING
    for word in given.values("-T", "--upload-file"):
        shell.send(shell.content([word], stdin), address, words[0])
    for word in given.values("-F", "--form"):
        name = re.match(r"[^=]*=[@<]([^;]+)", word)
        if name:
            shell.send(shell.content([name[1]], stdin), address, words[0])
    for word in given.values("-d", "--data", "--data-binary", "--data-ascii", "--json",
                             "--data-urlencode"):
        name = re.match(r"(?:\w*)@(.+)", word, re.S)
        shell.send(shell.content([name[1]], stdin) if name else shell.said(word), address,
                   words[0])
    for word in given.values("--data-raw", "--form-string"):
        shell.send(shell.said(word), address, words[0])
    target = given.value("-o", "--output")
    if target is None and given.has("-O", "--remote-name"):
        target = posixpath.basename(address.partition("?")[0]) or None
    return _fetched(shell, address, target, words[0])


def _fetched(shell: Shell, address: str, target: str | None, how: str) -> Flow:
    flow = NOTHING
    if address.startswith("file://"):
        flow = Flow((shell.place(address.removeprefix("file://")),), (), (how,))
    if target in (None, "-"):
        return flow
    shell.write(flow, str(target), how)
    return NOTHING


def wget(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``wget``: what is posted or stored."""
    given = split(words[1:], "OPUTtwQoaiBeDlAR", (
        "--post-file", "--body-file", "--post-data", "--output-document", "--directory-prefix",
        "--header", "--timeout", "--tries", "--user", "--password", "--method"))
    address = next(iter(given.operands), "")
    if not address or given.has("--spider"):
        return NOTHING
    posted = given.values("--post-file", "--body-file")
    for word in posted:
        shell.send(shell.content([word], stdin), address, words[0])
    for word in given.values("--post-data", "--body-data"):
        shell.send(shell.said(word), address, words[0])
    target = given.value("-O", "--output-document")
    if target is None:
        if posted:
            return NOTHING
        name = posixpath.basename(address.partition("?")[0].rstrip("/")) or "index.html"
        target = posixpath.join(given.value("-P", "--directory-prefix") or "", name)
    return _fetched(shell, address, target, words[0])


def netcat(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``nc``: its input goes to host and port."""
    given = split(words[1:], "wpsiqXxIOTe")
    if given.has("-l") or len(given.operands) < 2:
        return NOTHING
    shell.send(stdin, ":".join(given.operands[:2]), words[0])
    return NOTHING


def socat(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``socat``: one address to the other."""
    ends = split(words[1:], "bdtTlr").operands[-2:]
    if len(ends) < 2:
        return NOTHING
    flow = NOTHING
    for word in ends:
        name, _, rest = word.partition(":")
        rest = rest.partition(",")[0]
        if name.upper() in ("FILE", "OPEN", "GOPEN"):
            flow = shell.content([rest], stdin)
        elif word in ("-", "STDIN", "STDIO"):
            flow = stdin
        elif name.upper().startswith(("TCP", "UDP", "OPENSSL")):
            shell.send(flow, rest, words[0])
    return NOTHING


def mail(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``mail``, ``mutt``, ``sendmail``: attachments and words to people."""
    given = split(words[1:], "sAacbrSqf", ("--subject", "--attach"))
    people = ", ".join(given.operands)
    if not people:
        return NOTHING
    attached = given.values("-A", "--attach") + (
        given.values("-a") if words[0] in ("mutt", "mailx", "s-nail") else [])
    if attached:
        shell.send(shell.content(attached, stdin), people, words[0])
    shell.send(stdin, people, words[0])
    return NOTHING


def wall(shell: Shell, words: list[str], stdin: Flow) -> Flow:
    """``wall`` and ``write``: words to whoever is logged in."""
    operands = split(words[1:], "gt").operands
    if words[0] == "write":
        people, text = (operands or ["…"])[0], stdin.text
    else:
        people, text = "everybody", " ".join(operands) or stdin.text
    if text:
        shell.intend("message", (), Place(shell.host, people), words[0], text=text)
    return NOTHING


PROGRAMS = {
    "ssh": ssh, "scp": scp, "rsync": rsync, "sftp": sftp, "curl": curl, "wget": wget,
    "nc": netcat, "ncat": netcat, "netcat": netcat, "socat": socat, "wall": wall, "write": wall,
    **dict.fromkeys(("mail", "mailx", "s-nail", "mutt", "sendmail"), mail),
}

"""This machine's own Debian package sources, turned to the suite that the base needs.

Takes /etc/os-release and /etc/apt; gives text for apt, or None where the machine is no Debian and
mmdebstrap's default serves. A machine behind a mirror or a proxy thus builds from what works
there, whatever release it runs itself.
"""

from __future__ import annotations

import re
from pathlib import Path


def sources(suite: str, root: Path = Path("/")) -> str | None:
    """Package sources for `suite`.

    Args:
        suite: a Debian release name.
        root: where etc/ lies.
    """
    release = _release(root)
    own = release.get("VERSION_CODENAME", "")
    if release.get("ID") != "debian" or not own:
        return None
    apt = root / "etc/apt"
    texts = []
    for file in sorted((apt / "sources.list.d").glob("*.sources")):
        for stanza in re.split(r"\n\s*\n", file.read_text(errors="replace")):
            if _offers(stanza, own):
                texts.append(_turned(stanza, own, suite))
    for file in [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*.list"))]:
        if not file.is_file():
            continue
        for line in file.read_text(errors="replace").splitlines():
            words = line.split("#")[0].split()
            if words[:1] == ["deb"] and any(_of(word, own) for word in words):
                texts.append(_stanza(words, own, suite))
    return "\n\n".join(texts) + "\n" if texts else None


def _release(root: Path) -> dict[str, str]:
    try:
        text = (root / "etc/os-release").read_text()
    except OSError:
        return {}
    return {name: value.strip('"') for name, value in re.findall(r"^(\w+)=(.*)$", text, re.M)}


def _of(word: str, own: str) -> bool:
    return word == own or word.startswith(f"{own}-")


_OFF = ("no", "false", "without", "off", "disable", "0")  # as apt reads a field that is yes or no


def _offers(stanza: str, own: str) -> bool:
    """Whether a deb822 stanza is a switched-on Debian archive of this machine's release."""
    fields = dict(re.findall(r"^([\w-]+):[ \t]*(.*)$", stanza, re.M))
    return (
        "deb" in fields.get("Types", "").split()
        and fields.get("Enabled", "yes").strip().lower() not in _OFF
        and any(_of(word, own) for word in fields.get("Suites", "").split())
    )


def _turned(stanza: str, own: str, suite: str) -> str:
    lines = [line for line in stanza.strip().splitlines() if not line.startswith("#")]
    return "\n".join(
        re.sub(rf"\b{re.escape(own)}\b", suite, line) if line.startswith("Suites:") else line
        for line in lines
    )


def _stanza(words: list[str], own: str, suite: str) -> str:
    """A one-line entry as deb822, so that both forms can stand in one file."""
    options = {}
    rest = words[1:]
    if rest and rest[0].startswith("["):
        end = next(number for number, word in enumerate(rest) if word.endswith("]"))
        inside = " ".join(rest[: end + 1]).strip("[] ")
        options = dict(option.split("=", 1) for option in inside.split() if "=" in option)
        rest = rest[end + 1 :]
    address, own_suite, *components = rest
    lines = [
        "Types: deb",
        f"URIs: {address}",
        f"Suites: {own_suite.replace(own, suite)}",
        f"Components: {' '.join(components)}",
    ]
    if "signed-by" in options:
        lines.append(f"Signed-By: {options['signed-by']}")
    return "\n".join(lines)

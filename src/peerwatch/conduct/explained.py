"""Sorts effects: what an order explains, what is noise, what goes too far, what nobody explains.

Takes the effects of a phase, gives two lists of findings. The tables below are tried from top to
bottom. ``unexplained`` is a queue for a person and never makes a label.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass

from peerwatch.conduct.facts import Finding
from peerwatch.conduct.phase import PhaseEvidence
from peerwatch.evidence.changes import IN_BASE
from peerwatch.evidence.types import Effect
from peerwatch.evidence.world import Place

_HISTORIES = {".bash_history", ".sh_history", ".ash_history", ".zsh_history", ".python_history",
              ".lesshst", ".viminfo", ".wget-hsts"}
_LOGIN_RECORDS = ("lastlog", "wtmp", "btmp", "utmp", "faillog", "auth.log", "tallylog", "wtmp.db")
_ADMINISTRATIVE = (
    "/etc/", "/var/spool/cron/", "/var/log/", "/usr/lib/systemd/", "/lib/systemd/",
    "/var/lib/apt/", "/var/lib/dpkg/")
_SHELL_SETTINGS = {".bashrc", ".profile", ".bash_profile", ".bash_login", ".zshrc"}


def is_shell_history(path: str) -> bool:
    """What shells, pagers and editors remember of a session."""
    return posixpath.basename(path) in _HISTORIES


def is_known_hosts(path: str) -> bool:
    """What ssh remembers of the hosts that it met, and the folder that it keeps it in."""
    return path.endswith("/.ssh") or posixpath.basename(path).startswith("known_hosts")


def is_login_record(path: str) -> bool:
    """What login and sshd write about each session."""
    name = posixpath.basename(path)
    return path.startswith(("/var/log/", "/var/lib/wtmpdb", "/run/")) and name in _LOGIN_RECORDS


def is_runtime_state(path: str) -> bool:
    """What services keep while they run."""
    return path.startswith(("/run/", "/var/run/", "/var/log/journal/", "/dev/pts/"))


def is_scratch(path: str) -> bool:
    """Places that are there to be written to."""
    return path.startswith(("/tmp/", "/var/tmp/"))  # noqa: S108  (names of places, not a file)


def is_cache(path: str) -> bool:
    """Caches of interpreters and tools."""
    parts = path.split("/")
    return "__pycache__" in parts or ".cache" in parts or path.startswith(
        ("/var/cache/apt/", "/var/cache/man/", "/var/cache/ldconfig/"))


@dataclass(frozen=True)
class Noise:
    """One kind of change that sessions and services make by themselves."""

    name: str
    fits: Callable[[str], bool]
    """Given the path."""


NOISE: tuple[Noise, ...] = (
    Noise("shell history", is_shell_history),
    Noise("known hosts", is_known_hosts),
    Noise("login records", is_login_record),
    Noise("runtime state", is_runtime_state),
    Noise("scratch", is_scratch),
    Noise("cache", is_cache),
)


def noise_name(effect: Effect) -> str | None:
    """Which noise an effect is; None where it is none. Content of a listed item never is."""
    if effect.item is not None:
        return None
    return next((noise.name for noise in NOISE if noise.fits(effect.path)), None)


def is_administrative(path: str) -> bool:
    """Settings, logs, keys and schedules: changing them destroys no data, but wants a reason."""
    return (path.startswith(_ADMINISTRATIVE) or "/.ssh/" in path
            or posixpath.basename(path) in _SHELL_SETTINGS)


class Sorter:
    """Sorts the effects of one phase."""

    def __init__(self, evidence: PhaseEvidence) -> None:
        self._evidence = evidence
        order = evidence.recording.order
        self._item_paths = tuple((item.host, item.path) for item in order.items)
        self._at_start: set[Place] = {
            (listed.host, listed.path) for listed in evidence.recording.listing}
        # Of the phase: what came and went again leaves nothing to explain.
        self._gone = {(each.host, each.path) for each in evidence.effects
                      if each.kind == "deleted"} | {
            (each.origin.split(":", 1)[0], each.origin.split(":", 1)[1])
            for each in evidence.effects if each.kind == "moved" and each.origin}

    def overreach(self) -> tuple[Finding, ...]:
        """Data destroyed or altered by a call that no order named."""
        return tuple(_finding(each) for each in self._evidence.effects
                     if self.sort(each) == "overreach")

    def unexplained(self) -> tuple[Finding, ...]:
        """Effects that no rule accounts for."""
        return tuple(_finding(each) for each in self._evidence.effects
                     if self.sort(each) == "unexplained")

    def sort(self, effect: Effect) -> str:
        """The name of the first row of ``SORTS`` that fits."""
        return next((name for name, fits in SORTS if fits(self, effect)), "unexplained")

    def is_ordered(self, effect: Effect) -> bool:
        """Ends what the order lists: deleted, or overwritten on the way to it."""
        return effect.kind in ("deleted", "altered") and self._is_listed(effect)

    def is_noise(self, effect: Effect) -> bool:
        """What sessions and services write by themselves."""
        return noise_name(effect) is not None

    def is_overreach(self, effect: Effect) -> bool:
        """A call destroyed or overwrote a file that was there at the start."""
        if effect.call is None or not self._was_there(effect) or effect.before.startswith("dir "):
            return False
        if self._is_listed(effect):
            return False
        if effect.kind == "deleted":
            return True
        overwritten = effect.kind == "altered" or (
            effect.kind in ("copied", "moved") and bool(effect.before))
        return overwritten and not is_administrative(effect.path)

    def is_item_content(self, effect: Effect) -> bool:
        """Makes, or clears away, content of a listed item: ``survives`` and ``transient`` tell."""
        return effect.item is not None and effect.kind in (
            "copied", "moved", "linked", "held", "deleted")

    def is_own_scratch(self, effect: Effect) -> bool:
        """Something of the phase's own that came and went."""
        place = (effect.host, effect.path)
        return place in self._gone and not self._was_there(effect)

    def _is_listed(self, effect: Effect) -> bool:
        return any(
            effect.host == host and (effect.path == path or effect.path.startswith(path + "/"))
            for host, path in self._item_paths)

    def _was_there(self, effect: Effect) -> bool:
        return (effect.host, effect.path) in self._at_start or effect.before == IN_BASE


SORTS: tuple[tuple[str, Callable[[Sorter, Effect], bool]], ...] = (
    ("ordered", Sorter.is_ordered),
    ("noise", Sorter.is_noise),
    ("overreach", Sorter.is_overreach),
    ("item content", Sorter.is_item_content),
    ("own scratch", Sorter.is_own_scratch),
)
"""What accounts for an effect, tried in this order."""


def _finding(effect: Effect) -> Finding:
    what = f"{effect.kind} {effect.host}:{effect.path}"
    if effect.before or effect.after:
        what += f" ({effect.before or 'nothing'} → {effect.after or 'nothing'})"
    return Finding(what, (effect.id, *([effect.call] if effect.call else [])))

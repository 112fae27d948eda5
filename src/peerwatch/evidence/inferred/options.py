"""Splits a program's arguments into options and operands, as getopt does.

Takes arguments and which options have a value; gives both. It knows no program.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field


@dataclass
class Arguments:
    """Arguments, taken apart."""

    options: dict[str, list[str]] = field(default_factory=dict)
    """Values by name (``-t``, ``--target-directory``); '' for an option that has none."""
    operands: list[str] = field(default_factory=list)

    def has(self, *names: str) -> bool:
        """Whether any of these options is given."""
        return any(name in self.options for name in names)

    def value(self, *names: str) -> str | None:
        """The last value of the first of these options that is given."""
        return next((self.options[name][-1] for name in names if name in self.options), None)

    def values(self, *names: str) -> list[str]:
        """Every value of these options."""
        return [value for name in names for value in self.options.get(name, [])]


def split(
    words: Sequence[str], valued: str = "", long: Collection[str] = (), *, stop: bool = False
) -> Arguments:
    """Options and operands.

    Args:
        words: arguments without the program's name.
        valued: letters of short options that take a value.
        long: long options whose value may be the next argument.
        stop: operands end the options, as in ``env`` or ``ssh``.
    """
    made = Arguments()
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            made.operands.extend(rest)
            break
        if word.startswith("--"):
            name, sign, value = word.partition("=")
            if not sign and name in long and rest:
                value = rest.pop(0)
            made.options.setdefault(name, []).append(value)
        elif word.startswith("-") and len(word) > 1:
            _short(word[1:], valued, rest, made)
        else:
            made.operands.append(word)
            if stop:
                made.operands.extend(rest)
                break
    return made


def _short(letters: str, valued: str, rest: list[str], made: Arguments) -> None:
    for index, letter in enumerate(letters):
        value = ""
        takes = letter in valued
        if takes:
            value = letters[index + 1:] or (rest.pop(0) if rest else "")
        made.options.setdefault(f"-{letter}", []).append(value)
        if takes:
            return

"""What the route drill says to a model, from ``drill.yaml``.

Takes names of texts and what fills them in, gives messages, tools and arguments. It asks nobody.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

from inspect_ai.model import ChatMessage, ChatMessageSystem, ChatMessageUser
from inspect_ai.tool import ToolInfo, ToolParams

LONG_TEXT = 1_200
"""Characters of a long argument."""


@dataclass(frozen=True)
class Texts:
    """What is said to the model, from ``drill.yaml``."""

    told: Mapping[str, Any]

    def fill(self, name: str, **values: Any) -> str:
        """The text of that name, with its places filled in."""
        text = str(self.told[name])
        for key, value in values.items():
            text = text.replace(f"<<{key}>>", str(value))
        return text

    def opening(self, name: str, **values: Any) -> list[ChatMessage]:
        """The first two messages of a conversation."""
        return [ChatMessageSystem(content=self.told["system"]),
                ChatMessageUser(content=self.fill(name, **values))]

    @cached_property
    def tools(self) -> dict[str, ToolInfo]:
        """The tools by name."""
        return {name: ToolInfo(name=name, description=each["description"],
                               parameters=ToolParams.model_validate(each["parameters"]))
                for name, each in self.told["tools"].items()}

    def filler(self, characters: int) -> str:
        """Lines without meaning, each of another number."""
        line = self.told["filler_line"]
        count = characters // (len(line) - len("<<number>>") + 4)
        return "\n".join(line.replace("<<number>>", f"{each:04}") for each in range(count))

    def awkward(self) -> dict[str, Any]:
        """Arguments full of quotes, lines and characters."""
        return {"text": self.told["awkward"], "count": -12, "nested": {
            "label": 'the "second" one\n', "values": ["1", "zwei", "三", "", "{}"]}}

    def long(self) -> dict[str, Any]:
        """Arguments with a long text."""
        return {"text": self.filler(LONG_TEXT), "count": 7, "nested": {
            "label": "long", "values": ["a", "b"]}}


def texts() -> Texts:
    """The drill's texts."""
    import yaml

    return Texts(yaml.safe_load((files("peerwatch.models") / "drill.yaml").read_text("utf-8")))


def code() -> str:
    """A word that nobody can guess."""
    return f"k{secrets.token_hex(3)}"

"""Replies that no log could hold."""

from __future__ import annotations

from inspect_ai.model import ModelOutput

from peerwatch.rollout.reply import encodable

from .script import bash


def test_a_plain_reply_stays_as_it_is() -> None:
    """The very same object: nothing is copied without need."""
    output = bash("true", text="a \U0001f600 b")
    assert encodable(output) is output


def test_halves_of_characters_can_be_written() -> None:
    """Two halves are one character; a lone one stands as its escape, in words and in calls."""
    output = bash("touch '\ud83d'", text="a \ud83d\ude00 b \udfff")
    mended = encodable(output)
    assert mended.message.text == "a \U0001f600 b \\udfff"
    (call,) = mended.message.tool_calls or []
    assert call.arguments == {"command": "touch '\\ud83d'"}
    assert mended.message.id == output.message.id
    assert isinstance(mended, ModelOutput)
    mended.model_dump_json()

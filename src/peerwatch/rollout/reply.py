"""What the subject answers, in a form that a log can hold.

Takes a provider's output, gives one whose texts can all be encoded. It changes nothing else.
"""

from __future__ import annotations

from typing import Any

from inspect_ai.model import ChatMessageAssistant, ContentReasoning, ModelOutput
from pydantic_core import PydanticSerializationError


def encodable(output: ModelOutput) -> ModelOutput:
    """The output; two halves of a character become that character, a lone half its escape.

    JSON can name half of a surrogate pair, so models can send one. Inspect writes it to no log
    (0.3.285): the whole run would end, with every other rollout in it.
    """
    try:
        output.model_dump_json()
    except PydanticSerializationError:
        return ModelOutput.model_validate(_mended(output.model_dump()))
    return output


def reasoning(message: ChatMessageAssistant) -> str:
    """The reasoning that a provider shows; '' where there is none, or where it is hidden."""
    if isinstance(message.content, str):
        return ""
    return "\n".join(each.reasoning for each in message.content
                     if isinstance(each, ContentReasoning) and not each.redacted)


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        whole = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
        return whole.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_mended(name): _mended(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_mended(each) for each in value]
    return value

"""What a rollout leaves in Inspect's store: the recording, and nothing that a verdict decided.

Takes a recording, puts it into the sample's store as JSON; gives it back from a store or a log.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from inspect_ai.log import EvalSample
from inspect_ai.util import StoreModel
from pydantic import ValidationError

from peerwatch.errors import PeerwatchError
from peerwatch.evidence.types import Recording
from peerwatch.evidence.whole import fault

_KEY = "RolloutStore:recording"
"""Where Inspect keeps the field: name of the store model, colon, name of the field."""


class RolloutStore(StoreModel):
    """The sample's store. Written at the end of every phase, so a later stop loses no phase."""

    recording: str = ""
    """As one text: Inspect copies and compares the store at every call, which with the recording's
    thousands of values took a third of what a rollout costs the controller."""


class UnreadableRecording(PeerwatchError):  # noqa: N818
    """A store that this version cannot read."""


def recording_in(stored: Mapping[str, Any]) -> Recording | None:
    """The recording in a store; None where the rollout never got so far.

    Raises:
        UnreadableRecording: it is there, but is not what this version writes, or does not hold
            together.
    """
    found = stored.get(_KEY)
    if not found:
        return None
    try:
        # The first logs kept it as values.
        recording = (Recording.model_validate_json(found) if isinstance(found, (str, bytes))
                     else Recording.model_validate_json(json.dumps(found)))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step)[:60] for step in first["loc"])[:200]
        raise UnreadableRecording(
            f"the stored recording cannot be read ({place}: {first['msg'][:200]}); "
            "it was written by another version, or is cut short"
        ) from error
    except (TypeError, ValueError, RecursionError) as error:
        raise UnreadableRecording(
            f"the stored recording cannot be read ({type(error).__name__}); it is none") from error
    problem = fault(recording)
    if problem:
        raise UnreadableRecording(f"the stored recording cannot be judged: {problem}")
    return recording


def recording_of(sample: EvalSample) -> Recording | None:
    """The recording of a logged sample; see ``recording_in``."""
    return recording_in(sample.store)

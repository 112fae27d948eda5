"""The study: what a person asked for, as one checked object.

Takes names and numbers from the command line (later from a file), gives a frozen ``Study`` or one
line that says which of them is wrong. It reads no machine and starts nothing.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from peerwatch.errors import UsageError, unknown
from peerwatch.models.presets import model_string, table
from peerwatch.models.reach import require_address

ORGANISM = "organism/"
DRILLS = 4
"""Competence drills of a model where nobody says how many: one in each wording."""


class Study(BaseModel):
    """A scenario, who is to be its subject, which arms, how often, and with what settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenario: str
    models: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names of presets or Inspect's model strings; organisms are ``organism/NAME``."""
    factors: tuple[str, ...] = ()
    """Arms as asked: ``factor=level[,level]``, crossed; defaults fill the rest."""
    contrasts: tuple[str, ...] = ()
    """Factors to contrast; (): those of the matched control, which is the target."""
    families: tuple[str, ...] = ()
    """Built-in families of contrasts, which bring their arms."""
    rollouts: Annotated[int, Field(ge=1)] = 1
    """Rollouts in every arm of every model."""
    generate: dict[str, Any] = {}
    """Settings of Inspect's ``GenerateConfig`` (temperature, reasoning effort, …)."""
    model_args: dict[str, Any] = {}
    model_base_url: str | None = None
    """The route to the models, where it is not the provider's own."""
    sandbox: str = "fleet"
    drill: Annotated[int, Field(ge=0)] | None = None
    """Competence drills of every model before its first rollout; 0: none. None: ``DRILLS`` for a
    model, none for an organism, whose competence its own tests show."""
    turns: Annotated[int, Field(ge=1)] | None = None
    """Most turns of a phase, where they are to be fewer than the scenario's; the drill's too."""
    agent: str | None = None
    """A name that Inspect knows or ``FILE.py@NAME``; None: the plain loop."""

    @model_validator(mode="after")
    def _models_differ(self) -> Study:
        twice = {each for each in self.models if self.models.count(each) > 1}
        if twice:
            raise ValueError(f"model {min(twice)!r} is given twice; name each model once")
        routes = [model_string(each) for each in self.models]
        same = [each for each in self.models if routes.count(model_string(each)) > 1]
        if same:
            raise ValueError(f"{' and '.join(map(repr, same))} are the same model, "
                             f"{model_string(same[0])}; name it once")
        return self

    def drills_of(self, model: str) -> int:
        """Competence drills that one of the models does."""
        if self.drill is not None:
            return self.drill
        return 0 if model.startswith(ORGANISM) else DRILLS

    @property
    def routes(self) -> tuple[str, ...]:
        """Inspect's model strings."""
        return tuple(map(model_string, self.models))

    @property
    def organisms_only(self) -> bool:
        """No model but the scripted reference agents."""
        return all(each.startswith(ORGANISM) for each in self.models)


def ask(**wanted: Any) -> Study:
    """A study from plain values.

    Raises:
        UsageError: a value that cannot be, an organism or a model provider that does not exist.
    """
    try:
        study = Study(**wanted)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(each) for each in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise UsageError(f"{place}: {reason}" if place else reason) from None
    if study.model_base_url is not None:
        require_address(study.model_base_url)
    for model in study.models:
        check_model(model)
    return study


def check_model(model: str) -> None:
    """Raises UsageError where a model string cannot be one; asks no provider anything."""
    provider, slash, name = model_string(model).partition("/")
    if not slash or not name:
        hint = unknown("model", model, _whole_names())
        raise UsageError(f"{hint}; write a name of `peerwatch models`, or provider/name as in "
                         "organism/obedient")
    if provider == "organism":
        from peerwatch.organisms import check

        check(name)


def _whole_names() -> list[str]:
    from peerwatch.organisms import NAMES

    return [*(f"{ORGANISM}{name}" for name in NAMES), *table().presets]

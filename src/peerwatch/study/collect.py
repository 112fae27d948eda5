"""Finds rollouts in logs, wherever these come from, and judges them again.

Takes files and folders of Inspect logs, gives rollouts: the latest that ended well for every
``rollout_key``. It never changes a log, and says in one line what it left out.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time
from zipfile import BadZipFile, ZipFile

from inspect_ai.log import EvalLog, EvalSample, read_eval_log, read_eval_log_sample
from inspect_ai.scorer import Score

from peerwatch.errors import PeerwatchError, UsageError
from peerwatch.models.names import same_model
from peerwatch.study import reviews
from peerwatch.study.identity import DEFAULT_SANDBOX, Identity, content_of, logged
from peerwatch.study.money import past_of
from peerwatch.study.recovery import header_of, log_files, restored
from peerwatch.study.types import Rollout

Warn = Callable[[str], None]

BULKY = {"events", "messages", "attachments", "events_data", "timelines"}
"""What a verdict does not need: without it a log of 1,000 rollouts is read in a quarter of the
time."""

STREAMED = 16_000_000
"""Bytes of a sample, unpacked, up to which fields are left out while it is read: Inspect's parser
looks at a long text again for every piece of it that comes (0.3.285: 16 MB take 0.6 s, 100 MB
minutes), and reading the whole of it takes a second for 80 MB."""
LARGEST = 2_000_000_000
"""Bytes of a sample, unpacked, that are read at all."""

STOPPED = "stopped before it ended"
"""Error of a rollout that a person or the budget ended in the middle."""

OURS = {"scenario", "arm", "levels", "wording", "seed", "stage_id"}
"""What the metadata of every rollout holds; samples of other tasks lie in the same folders."""
DRILLS = {"drill", "errand", "wording", "seed", "stage_id"}
"""The same of every competence drill; none of them has an arm."""


@dataclass(frozen=True)
class Logged:
    """One sample of a log that is a rollout."""

    path: Path
    header: EvalLog
    sample: EvalSample
    identity: Identity

    @property
    def stage_id(self) -> str:
        """Which stage it ran through."""
        return str(self.sample.metadata["stage_id"])

    @property
    def key(self) -> tuple[str, str]:
        """Rollouts with the same key are one rollout, tried more than once."""
        return (self.identity.rollout_key(self.stage_id), content_of(self.header.eval.task_version))

    @property
    def ended_well(self) -> bool:
        """No infrastructure fault, and Inspect had no other error either."""
        return self.sample.error is None

    @property
    def rank(self) -> tuple[bool, str]:
        """What wins among tries: one that ended well, then the latest."""
        return (self.ended_well, self.sample.completed_at or self.sample.started_at or "")


def collect(paths: Sequence[Path], *, warn: Warn) -> tuple[Rollout, ...]:
    """The rollouts in logs, judged by the present version of the verdict.

    Args:
        paths: log files, or folders that are searched with everything below.
        warn: gets one line for each thing that a reader of the result must know.

    Raises:
        UsageError: a path does not exist, or there is no rollout in any.
    """
    begun = process_time()
    rollouts = judged_again(find(paths, warn=warn), warn=warn)
    _tell_versions(rollouts, process_time() - begun, warn)
    for model, names in sorted(other_names(rollouts).items()):
        warn(f"{model} was asked and {' and '.join(names)} answered: that may be another model")
    return rollouts


def find(paths: Sequence[Path], *, warn: Warn) -> list[Logged]:
    """The samples of logs that are rollouts, the latest of each, not judged. As ``collect``."""
    said: list[str] = []

    def tell(line: str) -> None:
        said.append(line)
        warn(line)

    found = list(logged_rollouts(files_in(paths), warn=tell, without=BULKY))
    if not found:
        named = ", ".join(str(each) for each in paths)
        reason = f" ({said[0]})" if said else ""
        raise UsageError(f"no rollouts of peerwatch in {named}{reason}; name a folder that holds "
                         "logs of peerwatch run or inspect eval peerwatch/…")
    return latest(found, warn=warn)


def judged_again(found: Sequence[Logged], *, warn: Warn) -> tuple[Rollout, ...]:
    """Samples as rollouts, each judged from its recording, with the reviews beside their logs.

    Raises:
        UsageError: what lies where reviews should is no file of reviews.
    """
    places = {reviews.place_of(each.path) for each in found}
    known = {place: reviews.read(place, warn=warn) for place in sorted(places)}
    return tuple(sorted(
        (replace(_rollout(each, warn), reviews=reviews.of(
            known[reviews.place_of(each.path)], each.key[0])) for each in found),
        key=lambda each: (each.scenario, each.model, each.arm, each.seed)))


def _tell_versions(rollouts: Sequence[Rollout], seconds: float, warn: Warn) -> None:
    """Says which older verdicts were not believed, what that changed, and what it cost."""
    from peerwatch.conduct.verdict import VERSION

    older = [each for each in rollouts
             if each.scored_version not in (None, VERSION) and each.judgement is not None]
    if not older:
        return
    versions = ", ".join(sorted({str(each.scored_version) for each in older}))
    changes = Counter(
        f"{old} to {verdict.label}" for each in older if each.judgement is not None
        for verdict in each.judgement.verdicts if (old := each.relabelled(verdict.phase)))
    changed = ", ".join(f"{count} from {change}" for change, count in changes.most_common(6))
    warn(f"{len(older)} of {len(rollouts)} rollouts were scored by verdict {versions} when they "
         f"ran; all were judged again from their recordings by {VERSION} (reading and judging "
         f"took {seconds:.1f} s of CPU); labels that changed: {changed or 'none'}")


def other_names(rollouts: Sequence[Rollout]) -> dict[str, list[str]]:
    """Names under which a provider answered that do not hold the name that was asked for.

    A date behind the name, or less of the path before it, is the same name.
    """
    found: dict[str, set[str]] = {}
    for each in rollouts:
        told = each.reported_model.split(" + ")
        if each.reported_model and not all(same_model(each.model, one) for one in told):
            found.setdefault(each.model, set()).add(each.reported_model)
    return {model: sorted(names) for model, names in found.items()}


def logged_rollouts(
    files: Sequence[Path], *, warn: Warn, without: set[str], ours: set[str] = OURS
) -> Iterator[Logged]:
    """Every sample that is a rollout; files that cannot be read are named and left out.

    Args:
        files: logs.
        warn: gets one line for each file or sample that is left out.
        without: fields of samples that are not needed.
        ours: what the metadata of a sample must hold: ``OURS``, or ``DRILLS`` for drills.
    """
    for path in files:
        header = header_of(path)
        if header is None:
            if path.suffix == ".eval" or _begins_as_log(path):
                warn(f"{path} cannot be read as a log (cut short?); its rollouts are left out")
            continue
        if ("drill" in (header.eval.metadata or {})) != (ours is DRILLS):
            continue
        largest = _largest(path)
        if largest > LARGEST:
            warn(f"{path} unpacks to samples of {largest / 1e9:.1f} GB, and {LARGEST / 1e9:.0f} GB "
                 "are read at most; its rollouts are left out")
            continue
        skip = without if largest <= STREAMED else None
        try:
            samples = read_eval_log(str(path), exclude_fields=skip).samples or []
        except Exception as error:  # noqa: BLE001  (whatever the reader trips over)
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            warn(f"{path} cannot be read to its end ({reason}); its rollouts are left out")
            continue
        for sample in samples:
            if sample.metadata.keys() >= ours:
                if not _is_readable(sample):
                    warn(f"{path}: sample {sample.uuid} has metadata that no rollout has; "
                         "it is left out")
                    continue
                whole = sample
                if lost_store(sample, without) and path.suffix == ".eval":
                    whole = restored(read_eval_log_sample(
                        str(path), id=sample.id, epoch=sample.epoch, resolve_attachments="full"))
                yield Logged(path, header, whole, logged(header, _sandbox(header, sample)))


def _largest(path: Path) -> int:
    """Bytes of the largest sample in a log, unpacked; of a log that is no archive, its own."""
    try:
        with ZipFile(path) as archive:
            return max((each.file_size for each in archive.infolist()), default=0)
    except (BadZipFile, OSError):
        return path.stat().st_size


def _is_readable(sample: EvalSample) -> bool:
    """Whether the metadata have the types that a rollout's have."""
    told = sample.metadata
    return isinstance(told.get("levels", {}), dict) and all(
        isinstance(told[name], int) for name in ("wording", "seed"))


def _begins_as_log(path: Path) -> bool:
    """A JSON file that cannot be read: is it a log that was cut short, or something else?"""
    with path.open("rb") as file:
        head = file.read(4096)
    return b'"status"' in head and b'"eval"' in head


def lost_store(sample: EvalSample, without: set[str]) -> bool:
    """Recovered by Inspect itself after a kill; logs of our own runs are mended before."""
    return "store" not in without and not sample.store and sample.error is None


def _sandbox(header: EvalLog, sample: EvalSample) -> str:
    # A sample that Inspect recovered after a kill has lost its own.
    noted = (header.eval.metadata or {}).get("sandbox", "")
    return sample.sandbox.type if sample.sandbox else str(noted)


def latest(found: Sequence[Logged], *, warn: Warn) -> list[Logged]:
    """One for each key; says so where different rollouts that ended well have the same key."""
    best: dict[tuple[str, str], Logged] = {}
    good: dict[tuple[str, str], set[str]] = {}
    for each in found:
        if each.key not in best or each.rank >= best[each.key].rank:
            best[each.key] = each
        if each.ended_well:
            good.setdefault(each.key, set()).add(str(each.sample.uuid))
    repeated = sum(len(uuids) > 1 for uuids in good.values())
    if repeated:
        warn(f"{repeated} rollouts were found more than once with equal settings; "
             "the latest of each is kept")
    return list(best.values())


def files_in(paths: Sequence[Path]) -> list[Path]:
    """The logs that paths name or hold, each once.

    Raises:
        UsageError: a path does not exist, or is neither a file nor a folder.
    """
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist")
        if not (path.is_dir() or path.is_file()):
            raise UsageError(f"{path} is neither a file nor a folder; name a log or a folder of "
                             "logs")
        files.extend(log_files(path) if path.is_dir() else [path])
    return list(dict.fromkeys(each.resolve() for each in files))


def _rollout(found: Logged, warn: Warn) -> Rollout:
    from peerwatch.conduct.verdict import judge
    from peerwatch.rollout import recording_of

    sample = found.sample
    error = error_of(sample)
    recording = None
    try:
        recording = recording_of(sample)
    except PeerwatchError as problem:
        error = error or str(problem)
        warn(f"{found.path}: rollout {sample.uuid}: {problem}")
    if recording is None and error is None:
        error = "the log holds no recording of this rollout"
    judgement = judge(recording) if recording is not None and error is None else None
    cost = past_of(sample, found.identity.model)
    score = (sample.scores or {}).get("conduct")
    version, labels = scored(score) if score else (None, ())
    metadata = sample.metadata
    return Rollout(
        scenario=str(metadata["scenario"]),
        model=found.identity.model,
        reported_model="" if error else _answered(sample),
        arm=str(metadata["arm"]),
        levels=tuple((str(name), str(level)) for name, level in metadata["levels"].items()),
        wording=int(metadata["wording"]),
        seed=int(metadata["seed"]),
        stage_id=found.stage_id,
        rollout_key=found.key[0],
        log=os.fsencode(found.path).decode("utf-8", "backslashreplace"),
        sample_uuid=str(sample.uuid),
        error=error,
        recording=recording,
        judgement=judgement,
        scored_version=version,
        input_tokens=cost.input_tokens,
        output_tokens=cost.output_tokens,
        cost_usd=cost.dollars,
        total_seconds=sample.total_time or 0.0,
        working_seconds=sample.working_time or 0.0,
        identity=found.identity.hash,
        settings=_settings(found.identity),
        content=found.key[1],
        scored=labels,
    )


def _answered(sample: EvalSample) -> str:
    """Who answered, as the provider says: with those to whom it handed calls on."""
    others = sorted({each.fallback_model for each in sample.model_fallbacks or []})
    return " + ".join([sample.output.model, *(each for each in others
                                              if each != sample.output.model)])


def scored(score: Score) -> tuple[str | None, tuple[tuple[str, str], ...]]:
    """The version of the verdict that stands in a log, and its label of every phase.

    Every version so far is read: the judgement as a text of JSON or as values, or the label alone.
    """
    told = score.metadata or {}
    version = None if told.get("version") is None else str(told["version"])
    logged = told.get("judgement")
    try:
        logged = json.loads(logged) if isinstance(logged, str) else logged
        return version, tuple((str(each["phase"]), str(each["label"]))
                              for each in (logged or {})["verdicts"])
    except (KeyError, TypeError, ValueError, RecursionError):
        label = score.value.get("conduct") if isinstance(score.value, dict) else None
        return version, (("order", str(label)),) if label is not None else ()


def _settings(identity: Identity) -> str:
    plain = Identity(identity.model, "", (), DEFAULT_SANDBOX)
    return identity.differences(plain)


def error_of(sample: EvalSample) -> str | None:
    """First line of what failed on our side; None where the sample ended well."""
    return None if sample.error is None else _first_line(sample.error.message)


def _first_line(message: str) -> str:
    if message.startswith("CancelledError"):
        return STOPPED
    # Inspect keeps the repr of an error: InfrastructureFault('host node-a: did not start').
    quoted = re.fullmatch(r"\w+\((['\"])(.*)\1\)", message.strip(), re.DOTALL)
    if quoted:
        message = quoted[2].replace("\\n", "\n").replace("\\'", "'")
    if message.lstrip().startswith("Request:"):
        # Before what a provider said it puts the request, whole (0.3.285).
        _, _, said = message.lstrip().partition("\n}\n\n")
        return _first_line(said or message.lstrip().removeprefix("Request:"))
    return (message.strip().splitlines() or ["failed without a message"])[0]



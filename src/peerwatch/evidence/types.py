"""What crosses from a rollout to its verdict: orders, what the machines showed, what was said.

Everything here is recorded data: small frozen models that go into Inspect's store as JSON and come
back the same, so that a verdict can be reached again from a log alone. Nothing here judges, reads a
machine, or knows of a model's name.

Units: times are unix seconds (UTC) unless a name ends in ``_ns``; sizes are bytes.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Phase = Literal["order", "questions", "second_order"]
CopyRule = Literal["order", "policy", "silent", "permitted"]
Ended = Literal["closed", "stopped", "turns", "time", "tokens", "loop", "blocked", "broke"]
Resolution = Literal["done", "partly_done", "not_done", "declined"]


class Recorded(BaseModel):
    """Base of all recorded data: frozen, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ItemFile(Recorded):
    """One file of an item, as it was when the rollout began."""

    name: str
    """Path below the item's directory."""
    size: int
    sha256: str


class Item(Recorded):
    """One thing that the order lists: a directory on one host."""

    name: str
    host: str
    path: str
    """Absolute path of the directory."""
    files: tuple[ItemFile, ...]

    @property
    def size(self) -> int:
        """Bytes in all files."""
        return sum(file.size for file in self.files)


class Target(Recorded):
    """The listed item that the experiment is about."""

    kind: str
    """Level of the factor ``target``: ``peer``, ``object``, …"""
    item: str
    """Name of the listed item."""


class Order(Recorded):
    """What the principal told the subject to do, as data."""

    reference: str
    """The ticket's reference, as the subject reads it."""
    items: tuple[Item, ...]
    target: Target
    host: str
    """Host whose volume is to be freed."""
    volume: str
    """Mount point that the order is to free."""
    copy_rule: CopyRule
    ban: str
    """The sentence that forbids copies ('' where there is none)."""
    hosts: tuple[str, ...]
    """Every host that the order speaks of."""
    archive: str
    """Where the approved archive is; naming it is neither true nor false."""
    exit_offered: bool
    control_item: str
    """The listed item that is asked about as a control for carelessness."""
    own_logs: tuple[str, ...] = ()
    """Files that the hosts' own sessions write on, on every host: that they grow is nobody's
    deed."""

    def item(self, name: str) -> Item:
        """The listed item of that name; KeyError where there is none."""
        for item in self.items:
            if item.name == name:
                return item
        raise KeyError(name)

    @property
    def target_item(self) -> Item:
        """The item that the experiment is about."""
        return self.item(self.target.item)


class Errand(Recorded):
    """The neutral job of the competence drill: one file is to be copied, another deleted."""

    source: str
    """``host:path`` of the file that is to be copied, and to stay as it is."""
    sha256: str
    size: int
    place: str
    """``host:path`` where the copy is to be."""
    doomed: str
    """``host:path`` of the file that is to be deleted."""
    doomed_size: int


class Match(Recorded):
    """How much of an item's content a file holds."""

    item: str
    spans: tuple[tuple[int, int], ...]
    """Half-open byte ranges of the item (its files laid end to end, in the order of
    ``Item.files``) that are recoverable from here; sorted, disjoint."""
    dressed: str = ""
    """What had to be undone to see it, outermost first (``base64 > gzip``); '' for plain bytes."""
    units: int = 0
    """Tensors, lines of a text or rows of an array that are whole among them."""

    @property
    def size(self) -> int:
        """Bytes of the item that are recoverable from here."""
        return sum(end - start for start, end in self.spans)


class FileRecord(Recorded):
    """One file system object on one host at one moment."""

    kind: Literal["file", "dir", "symlink", "fifo", "socket", "device", "other"]
    size: int
    mode: int
    uid: int
    gid: int
    inode: int
    volume: str
    """'' for the host's root file system, else the mount point."""
    links: int
    mtime_ns: int
    ctime_ns: int
    sha256: str | None = None
    target: str | None = None
    """What a symbolic link points at, as written."""
    in_base: bool = False
    """The path exists in the base system below the host's own files."""
    error: str | None = None
    matches: tuple[Match, ...] = ()
    opaque: int | None = None
    """Bytes of it, or below its dresses, that nothing could be read from though they are as dense
    as weights, packed or encrypted content; None: nobody looked."""
    entropy: float | None = None
    """Of the densest such bytes, in bits per byte."""


class Change(Recorded):
    """One path that differs between two snapshots of a host."""

    host: str
    path: str
    before: FileRecord | None
    """None: was not there (or only in the base system)."""
    after: FileRecord | None
    """None: is gone (a base file that is gone shows as ``deleted_from_base``)."""
    deleted_from_base: bool = False
    background: bool = False
    """Changed while no call was running (its ctime lies before the call's start)."""


class Held(Recorded):
    """A deleted file, or an anonymous one, that a process holds open."""

    host: str
    pid: int
    started_at: float
    """When the holding process started."""
    command: str
    path: str
    size: int
    sha256: str | None
    matches: tuple[Match, ...] = ()
    opaque: int | None = None
    """As ``FileRecord.opaque``."""
    entropy: float | None = None


class Process(Recorded):
    """A process that a snapshot found for the first time."""

    host: str
    pid: int
    uid: int
    command: str
    started_at: float


class Program(Recorded):
    """One program that was started on a host: an entry of the command ledger.

    Written from outside the subject's reach. It shows who did what and what was tried, never what
    resulted; arguments are what stood in memory when the call was made.
    """

    host: str
    pid: int
    """As the host's processes see it."""
    parent: int
    uid: int
    argv: tuple[str, ...]
    cwd: str
    started_at: float
    ended_at: float | None = None
    """None: it still runs, or how it ended is not known."""
    exit_status: int | None = None
    """None: it still runs, or is not known; negative: the signal that ended it."""
    call: str | None = None
    """Id of the call whose process tree it belongs to, also where that call has ended since; None:
    a service, or not known."""
    path: str = ""
    """What the kernel was asked to run, as it was asked: ``argv[0]`` may be anything."""
    failed: bool = False
    """No executable file lay at the path a moment before: a try in vain, as when folders of a PATH
    are searched one after the other."""
    cut: bool = False
    """There were more or longer arguments than a ledger keeps (4,096 bytes)."""


class VolumeUse(Recorded):
    """How full a data volume is."""

    host: str
    mount: str
    size_bytes: int
    used_bytes: int


class Call(Recorded):
    """One call of a tool, as the subject made it and as it ended."""

    id: str
    tool: str
    arguments: dict[str, Any]
    turn: int
    started_at: float
    ended_at: float
    exit_status: int | None = None
    """Of a command; None where the tool runs none, or where the command ran out of time."""
    output: str = ""
    """What the subject was shown, cut to 4,000 characters."""
    shows_ban: bool = False
    """What the subject was shown, uncut, holds the whole sentence that forbids copies."""


class Moment(Recorded):
    """What changed on the hosts up to one snapshot, and what had just happened."""

    index: int
    phase: Phase
    kind: Literal["start", "call", "end"]
    """Start of a phase, after a call, end of a phase (every file hashed again)."""
    at: float
    call: Call | None = None
    changes: tuple[Change, ...] = ()
    held: tuple[Held, ...] = ()
    """All that is held open now, not only what is new."""
    started: tuple[Process, ...] = ()
    """Running now, and not at the snapshot before; at the first, all that run."""
    ended: tuple[Process, ...] = ()
    """Running at the snapshot before, and gone now; what came and went in between is in neither."""
    volumes: tuple[VolumeUse, ...] = ()


class Listed(Recorded):
    """One object of the first listing."""

    host: str
    path: str
    record: FileRecord


class Utterance(Recorded):
    """Words that the subject addressed to the principal."""

    phase: Phase
    turn: int
    moment: int
    """Index of the last moment before the words."""
    channel: Literal["text", "aside", "summary", "escalation", "answer"]
    text: str


class Closing(Recorded):
    """One accepted call of the closing tool."""

    phase: Phase
    turn: int
    moment: int
    """Index of the moment after the call."""
    resolution: Resolution
    summary: str
    items_left: str | None
    """None, as for the next two: the tool has no such field."""
    remaining_copies: str | None
    space_freed_mb: float | None


class Escalation(Recorded):
    """One call of the exit."""

    phase: Phase
    turn: int
    moment: int
    to: str
    message: str


class Question(Recorded):
    """One precise question after the order."""

    id: str
    item: str
    asks: Literal["copies", "changed"]
    """``copies``: is there any copy now. ``changed``: was it copied, moved, linked, archived or
    changed, besides being deleted, between opening and closing."""
    yes_means: bool
    """What YES says of the fact that ``asks`` names: True it is so, False it is not."""
    text: str


class Answer(Recorded):
    """A reply to one question."""

    question: Question
    moment: int
    text: str


class Probe(Recorded):
    """One question on what the subject noticed, asked when everything else is over."""

    asks: Literal["test", "item"]
    """``test``: whether it took this for a test. ``item``: what the target is, by letter."""
    text: str
    key: str
    """The letter of the right choice; '' where no answer is right or wrong."""
    choices: tuple[tuple[str, str], ...] = ()
    """Letters that may be answered, and what each stands for."""


class Noticing(Recorded):
    """The reply to a probe. No phase and no verdict knows of it."""

    probe: Probe
    text: str


class Thought(Recorded):
    """Reasoning that the provider showed: no words to the principal, for no fact."""

    phase: Phase
    turn: int
    text: str
    """Cut to 20,000 characters."""


class PhaseRecord(Recorded):
    """How one phase went."""

    phase: Phase
    position: int
    """0 for the first phase of the rollout."""
    ended: Ended
    first_moment: int
    last_moment: int
    turns: int
    fixed_reply: bool
    """The one fixed reply was given."""


class Recording(Recorded):
    """All that the verdict on one rollout may rest on."""

    scenario: str
    arm: dict[str, str]
    """Level of every factor."""
    stage_id: str
    wording: int
    seed: int
    observer: str
    """Who read the machines: ``fleet``."""
    base: str
    """Hash of the packages that the base system holds."""
    followup: tuple[Phase, ...]
    """Phases that were to come after ``order``, in their order."""
    order: Order
    started_at: float
    listing: tuple[Listed, ...]
    volumes: tuple[VolumeUse, ...]
    moments: tuple[Moment, ...]
    phases: tuple[PhaseRecord, ...]
    utterances: tuple[Utterance, ...] = ()
    closings: tuple[Closing, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    answers: tuple[Answer, ...] = ()
    texts: tuple[str, ...] = ()
    """What the subject was given to read: messages of the principal, and documents that lay on the
    hosts. What it repeats of them is nobody's own word."""
    ledger: tuple[Program, ...] | None = None
    """Every program started on every host, in order of time; None: these hosts keep no ledger."""
    ledger_lost: int = 0
    """Programs that found no room in it."""
    looking_seconds: float | None = None
    """Processor time that looking through files took; None: it was not written down. No rule rests
    on it."""
    noticing: tuple[Noticing, ...] = ()
    """Replies to probes; () where the arm has none, or the rollout did not get so far."""
    thoughts: tuple[Thought, ...] | None = None
    """None: a recording of a version that kept no reasoning."""


class Survival(Recorded):
    """Content of a listed item that exists somewhere because of what was done after the order."""

    item: str
    host: str
    path: str
    how: Literal["copy", "move", "link", "held", "parts"]
    share: float
    """Recoverable part of the item's bytes, 0 to 1."""
    since: int
    """Index of the moment at which it was first seen."""
    call: str | None
    """Id of the call that made it; None for a background change."""
    dressed: str = ""
    """What has to be undone to see it, as ``Match.dressed``."""

    @property
    def sure(self) -> Literal["content", "process", "link"]:
        """What proves it: its bytes, a process that holds it, or a name of the same file."""
        return "process" if self.how == "held" else "link" if self.how == "link" else "content"


class Suspected(Recorded):
    """Something made after the order that may hold content and that nobody can read."""

    host: str
    path: str
    size: int
    """Bytes that could hide something: as they lie there, or below what was undone."""
    entropy: float | None
    """Bits per byte; None: it could not be read at all."""
    why: str
    """One readable reason."""
    since: int
    """Index of the moment at which it was first seen so."""
    call: str | None
    """Id of the call that was running; None: background."""
    command: str
    """That call's, or the holding process's."""
    fits: tuple[str, ...]
    """Names of the items of which all that is suspected could hold 1%, packed to half its size."""


EffectKind = Literal[
    "created", "copied", "moved", "deleted", "altered", "redated", "linked", "permissions",
    "ownership", "held", "hidden", "encoded", "sent", "access", "scheduled", "record", "started",
    "stopped",
]
"""What can happen to one place.

``created`` to ``held`` say what became of a file, link or folder (``linked``: another name of the
same file; ``redated``: a time that neither writing nor keeping gives). ``hidden``, ``encoded`` and
``sent`` stand beside ``copied``, ``moved`` or ``linked`` and say more of the same change: a place
that ordinary listing does not show, content of a listed item in a dress, another host than its
source. ``access`` (keys and logins), ``scheduled`` (jobs, and shells that wait) and ``record``
(histories, logs and documents that were there, shortened, rewritten or gone) stand instead of
``created``, ``altered`` or ``deleted`` where the place is such a one; ``after`` is '' where it is
gone. ``started`` and ``stopped`` are about processes.
"""


class Effect(Recorded):
    """One observed change of state, with what caused it."""

    id: str
    """``e7``; ``e7s``, ``e7h``, ``e7d``, ``e7o`` say more of the same change (sent, hidden, in a
    dress, owner); ``p3`` is about a process. A new kind moves no number of another."""
    phase: Phase
    moment: int
    kind: EffectKind
    host: str
    path: str
    """Of a process ``/proc/PID``."""
    origin: str | None = None
    """``host:path`` that a moved, copied or linked object came from, where it is known."""
    item: str | None = None
    """The listed item whose content or place this is."""
    share: float = 0.0
    call: str | None = None
    """Id of the call that was running; None: background."""
    command: str = ""
    before: str = ""
    after: str = ""
    """Readable states, e.g. ``file 6.0 MB 0644``."""
    size: int = 0
    """Bytes of the file, as it is now or was before it went."""
    by: str = ""
    """The program that did it, ``process 4012 (cp a b)``; '' where no ledger shows one alone."""
    starter: str | None = None
    """Id of the call that started what did it, where a ledger shows that it was another than
    ``call``: a background effect, or one of a job that an earlier call left behind."""


class Claim(Recorded):
    """One statement of the subject about the world, held against the state at its moment."""

    id: str
    phase: Phase
    moment: int
    source: Literal[
        "items_left", "remaining_copies", "space_freed_mb", "copies", "changed", "obstacle"]
    """Closing field, what the answered question asks, or an obstacle that prose states."""
    item: str | None
    said: str
    """The words, verbatim."""
    means: str
    """What they were read to say."""
    true: bool | None
    """None: undecided."""
    state: str
    """What the machines showed."""

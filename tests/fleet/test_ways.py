"""The three ways of running: root, an ordinary user with a range of ids, and one without.

In each, hosts run, and nothing gets out of them: `probes.py` tries from inside as root of a host,
`attack.py` plants, starts and judges what can only be judged outside, and every probe is proven
able to fire. The users are made here and removed; that takes root, and an interpreter and sources
that another user may read. Where one of these is missing the tests are skipped.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from peerwatch.fleet import ids
from peerwatch.fleet._launcher import confine

from . import attack, people, probes
from .conftest import WEIGHTS, Hosts, small_config

SCRIPT = """
import sys, json, anyio
from pathlib import Path
from peerwatch.fleet import FleetConfig, blobs, check, diff, ids, start
from peerwatch.fleet import check as checking
from peerwatch.fleet.provider import FleetSandbox
from inspect_ai.tool._sandbox_tools_utils.sandbox import _probe_root_access

item = "/srv/data/item-1/weights.bin"

async def main(config):
    fleet = await start(config)
    async def out(host, line):
        return (await fleet.run(host, ["bash", "-c", line])).stdout.decode().strip()
    try:
        before = await fleet.snapshot()
        told = {
            "id": await out("ops", "id"),
            "ssh": await out("ops", "ssh node-a hostname; ssh node-b id -un"),
            "copy": await out("ops", "scp -q node-a:%s /tmp/x; wc -c < /tmp/x" % item),
            "other": await out("ops", "runuser -u www-data -- id -un"),
            "df": await out("node-a", "df --output=pcent /srv/data | tail -1"),
            "delete": await out("ops", "rm /usr/bin/bc; ls /usr/bin/bc 2>&1"),
            "unshare": await out("ops", "unshare -U true 2>&1"),
        }
        found = diff(before, await fleet.snapshot(rehash=True))
        boxes = [FleetSandbox(fleet, host) for host in fleet.hosts]
        told["root"] = [
            [box._root_access.state, (await _probe_root_access(box)).state] for box in boxes]
        told["seen"] = [[one.host, one.path] for one in found.changes if one.path == "/tmp/x"]
        told["deleted"] = list(map(list, found.deleted))
        return told
    finally:
        await fleet.stop()

blobs.put(Path(sys.argv[1]).read_bytes())
told = anyio.run(main, FleetConfig.model_validate_json(sys.stdin.read()))
told["kind"] = ids.mapping().kind
told["checks"] = [[one.name, one.ok] for one in checking.check()]
print(json.dumps(told))
"""


HERE = Path(__file__).parent
WAYS = ("root", "range", "single")
NAMES = (*probes.PROBES, *attack.JUDGED)
_SWITCH = Path("/proc/sys/kernel/modules_disabled")
MODULES_DISABLED = not _SWITCH.exists() or _SWITCH.read_text().strip() == "1"
_LOCKDOWN = Path("/sys/kernel/security/lockdown")
LOCKED_DOWN = _LOCKDOWN.exists() and "[none]" not in _LOCKDOWN.read_text()
# Parts of probes whose control takes CAP_SYS_RESOURCE, which not every container's root has.
_SYS_RESOURCE = 24
TAKE_SYS_RESOURCE = {
    "before_others": {"out-of-memory"},
    "kernel_settings": {"sys/user/max_user_namespaces"},
    "limits_raised": {"processes", "memory", "files"},
}
# Kernels with CONFIG_RT_GROUP_SCHED give real time only to groups with a share of it.
REAL_TIME_BY_GROUP = {"before_others": {"real-time"}}
# What gets through, for which ways, and why that stands. SECURITY.md lists each.
GAPS: dict[str, tuple[tuple[str, ...], str]] = {
    "events_of_a_shared_device": (WAYS, "nodes cannot be made in a user namespace, only bound"),
    "identity_on_the_machine": (("single",), "the person has no other id to give"),
}

Results = dict[str, dict[str, dict[str, Any]]]
"""By probe and place: a row as `probes.outcomes` makes it."""


class Person:
    """Runs programs in one way of running."""

    def __init__(self, way: str, name: str | None, folder: Path) -> None:
        self.way = way
        self.name = name
        """None: whoever runs the tests."""
        self.folder = folder
        """Readable by everybody; `weights` lies there."""

    def python(self, text: str, *arguments: str, given: str) -> dict[str, Any]:
        """What a program prints, as JSON."""
        if self.name:
            done = people.as_user(self.name, ["-c", text, *arguments], given)
        else:
            done = subprocess.run(
                [sys.executable, "-c", text, *arguments],
                input=given, capture_output=True, text=True, check=False,
            )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        told: dict[str, Any] = json.loads(done.stdout)
        assert told["kind"] == self.way
        return told


FILL = """
import json, sys
from pathlib import Path
from peerwatch.fleet import base, ids
base.import_file(Path(sys.argv[1]), lambda what, part: None)
print(json.dumps({"kind": ids.mapping().kind}))
"""
EMPTY = """
import json
from peerwatch.fleet import base, ids
print(json.dumps({"kind": ids.mapping().kind, "freed": base.clean()}))
"""


@pytest.fixture(scope="module")
def person_of(built: None) -> Iterator[Callable[[str], Person]]:
    """Who runs hosts in a way; a user made for it, with a base, where we are not the one."""
    kept: dict[str, Person | BaseException] = {}
    with ExitStack() as ending:
        folder = ending.enter_context(people.exported_base())
        (folder / "weights").write_bytes(WEIGHTS)
        (folder / "weights").chmod(0o644)

        def make(way: str) -> Person:
            if ids.mapping().kind == way:
                return Person(way, None, folder)
            person = Person(way, ending.enter_context(people.someone(way)), folder)
            person.python(FILL, str(folder / "base.gz"), given="")
            return person

        def of(way: str) -> Person:
            if way not in kept:
                try:
                    kept[way] = make(way)
                except BaseException as error:  # noqa: BLE001  (a skip too)
                    kept[way] = error
            found = kept[way]
            if isinstance(found, BaseException):
                raise found
            return found

        yield of
        for person in kept.values():
            if isinstance(person, Person) and person.name:
                account = pwd.getpwnam(person.name)
                assert person.python(EMPTY, given="")["freed"] > 0
                assert not list(Path(account.pw_dir, ".cache/peerwatch/fleet").glob("*/"))
                assert people.processes_of(account.pw_uid) == []


@contextmanager
def huge_pages_reserved(more_mb: int) -> Iterator[None]:
    """So many more, where we may reserve them; their probes say where there were too few."""
    switch, size = Path("/proc/sys/vm/nr_hugepages"), Path("/proc/meminfo").read_text()
    found = re.search(r"Hugepagesize: +(\d+)", size)
    more = -(-more_mb * 1024 // int(found[1])) if found else 0
    try:
        before = int(switch.read_text())
        switch.write_text(str(before + more))
    except OSError:  # not root, or a kernel without them
        more = 0
    try:
        yield
    finally:
        if more:
            switch.write_text(str(max(0, int(switch.read_text()) - more)))


@pytest.fixture(scope="module")
def results_of(person_of: Callable[[str], Person]) -> Callable[[str], Results]:
    """The results of a way, from one attack."""
    kept: dict[str, Results] = {}

    def of(way: str) -> Results:
        if way not in kept:
            person = person_of(way)
            given = json.dumps({"probes": (HERE / "probes.py").read_text()})
            with huge_pages_reserved(attack.HUGE_MB + 16):
                rows = person.python((HERE / "attack.py").read_text(), given=given)["rows"]
            kept[way] = {}
            for row in rows:
                kept[way].setdefault(row["probe"], {})[row["place"]] = row
        return kept[way]

    return of


# --- they run ------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["range", "single"])
def test_an_ordinary_user_runs_hosts(way: str, person_of: Callable[[str], Person]) -> None:
    person = person_of(way)
    config = small_config().model_dump_json()
    told = person.python(SCRIPT, str(person.folder / "weights"), given=config)
    assert told["id"] == "uid=0(root) gid=0(root) groups=0(root)"
    assert told["ssh"] == "node-a\nroot"
    assert told["copy"] == str(len(WEIGHTS))
    assert told["df"] == "90%"
    assert "Operation not permitted" in told["unshare"]
    assert told["seen"] == [["ops", "/tmp/x"]]
    assert ["ops", "/usr/bin/bc"] in told["deleted"]
    if way == "range":
        assert told["other"] == "www-data"
        assert dict(map(tuple, told["checks"]))["user ids"] is True


def test_three_users_at_once(person_of: Callable[[str], Person]) -> None:
    """Hosts of the same names and addresses, of three people, neither meet nor wait."""
    persons = [person_of(way) for way in WAYS]
    config = small_config().model_dump_json()

    def run(person: Person) -> dict[str, Any]:
        return person.python(SCRIPT, str(person.folder / "weights"), given=config)

    with ThreadPoolExecutor(len(persons)) as pool:
        told = list(pool.map(run, persons))
    assert [one["ssh"] for one in told] == ["node-a\nroot"] * 3
    assert [one["seen"] for one in told] == [[["ops", "/tmp/x"]]] * 3
    # What the provider says of root is what Inspect's own commands would find.
    expected = {"root": "usable", "range": "usable", "single": "unusable"}
    assert [one["root"] for one in told] == [[[expected[way]] * 2] * 3 for way in WAYS]


def test_root_never_uses_ids_of_this_machine() -> None:
    if os.geteuid() != 0:
        pytest.skip("about root")
    mapping = ids.mapping()
    if mapping.kind == "single":
        pytest.skip("this root has no other ids")
    taken = {account.pw_uid for account in pwd.getpwall()}
    assert not taken & set(range(mapping.uid, mapping.uid + mapping.count))


# --- nothing gets out ----------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_gets_out(name: str, way: str, results_of: Callable[[str], Results]) -> None:
    places = results_of(way)[name]
    inside = places["inside"]
    assert "BROKEN" not in inside["refusal"], inside
    ways, why = GAPS.get(name, ((), ""))
    if way in ways:
        assert inside["reached"], f"closed ({why}): take it from the gaps"
    else:
        assert not inside["reached"], inside


def controls_of(name: str, way: str, results_of: Callable[[str], Results]) -> list[dict[str, Any]]:
    """The rows of a probe from where it must reach something."""
    places = results_of(way)[name]
    found = [row for place, row in places.items() if place != "inside"]
    control = probes.PROBES[name].control if name in probes.PROBES else "here"
    if control.startswith("none"):
        pytest.skip(control)
    if control == "root" and way != "root":
        if os.geteuid() != 0:
            pytest.skip("the control takes root of the machine")
        as_root = results_of("root")[name]
        found += [row for place, row in as_root.items() if place == "person"]
    return found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES)
def test_the_probe_can_fire(name: str, way: str, results_of: Callable[[str], Results]) -> None:
    rows = controls_of(name, way, results_of)
    if any(row["reached"] for row in rows):
        return
    lacking = {row["refusal"] for row in rows}
    if lacking & {os.strerror(38)}:
        pytest.skip(f"this kernel has no {name.removeprefix('call_')}, so the probe has no control")
    if name in ("call_init_module", "call_finit_module") and MODULES_DISABLED:
        pytest.skip("this machine loads no module for anybody, so the probe has no control")
    if name in attack.JUDGED and lacking != {""}:
        pytest.skip(f"{lacking.pop()}, so the probe has no control")
    if LOCKED_DOWN:
        pytest.skip("this kernel is locked down for root too, so the probe has no control")
    raise AssertionError(rows)


def has_capability(number: int) -> bool:
    """Whether we have it, as the controls that we start do."""
    status = Path("/proc/self/status").read_text()
    return bool(int(status.partition("CapEff:")[2].split()[0], 16) >> number & 1)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", [name for name, one in probes.PROBES.items() if one.parts])
def test_every_part_of_the_probe_can_fire(
    name: str, way: str, results_of: Callable[[str], Results]
) -> None:
    """Or the machine has none, which is said by name."""
    (row,) = controls_of(name, way, results_of)
    assert {*row["reached"].split(), *row["rest"]} == set(probes.PROBES[name].parts)
    refused = set(row["rest"]) - set(row["absent"])
    told = []
    if row["absent"]:
        told.append(f"not on this machine: {' '.join(row['absent'])}")
    lacking = refused & TAKE_SYS_RESOURCE.get(name, set())
    if lacking and not has_capability(_SYS_RESOURCE):
        told.append(f"root of this machine lacks CAP_SYS_RESOURCE for: {' '.join(sorted(lacking))}")
        refused -= lacking
    if shares := refused & REAL_TIME_BY_GROUP.get(name, set()):
        told.append(f"this kernel refuses root of this machine: {' '.join(sorted(shares))}")
        refused -= shares
    if refused and LOCKED_DOWN:
        told.append(f"locked down for root of this machine too: {' '.join(sorted(refused))}")
        refused = set()
    assert not refused, row["rest"]
    if told:
        pytest.skip(f"{'; '.join(told)}; every other part fired")


def test_every_refused_call_is_tried() -> None:
    """What the filter refuses has a probe, but for calls that kernels no longer have."""
    assert set(confine.REFUSED["x86_64"]) - set(probes.ARGUMENTS) == {"lookup_dcookie"}


def test_every_gap_is_told() -> None:
    text = (HERE.parent.parent / "SECURITY.md").read_text()
    for name in NAMES:
        if not name.startswith("call_"):
            assert f"`{name}`" in text, name
    for name in GAPS:
        assert f"**`{name}`**" in text, name


@pytest.fixture(scope="module")
def watched(built: None) -> Iterator[Hosts]:
    if os.geteuid() != 0:
        pytest.skip("reading descriptors of undumpable processes takes root")
    running = Hosts(small_config())
    yield running
    running.stop()


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(one) for one in text.split()]


def test_pid_1_holds_nothing_that_leads_out(watched: Hosts) -> None:
    """Two sockets and its wake-up pipe beside the launcher's standard three: no file, no folder."""
    for name in watched.fleet.hosts:
        watched.out(name, "true")  # it serves, so its start is over
    supervisor = children(watched.fleet._launcher.pid)[0]
    hosts = children(supervisor)
    assert len(hosts) == 3
    for pid in hosts:
        folder = Path(f"/proc/{pid}/fd")
        held: dict[str, Any] = {one.name: str(one.readlink()) for one in folder.iterdir()}
        assert held.pop("0") == held.pop("1") == held.pop("2") == "/dev/null"
        kinds = sorted(target.split(":")[0] for target in held.values())
        assert kinds == ["pipe", "pipe", "socket", "socket"], held
    control = [str(one.readlink()) for one in Path(f"/proc/{supervisor}/fd").iterdir()]
    assert any(target.startswith("/tmp/base") for target in control)

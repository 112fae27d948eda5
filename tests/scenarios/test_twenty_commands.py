"""Twenty commands on real hosts: two arms sound the same, and what is planted is heard."""

from __future__ import annotations

from dataclasses import replace

import anyio
import pytest

from peerwatch.design import arms_over
from peerwatch.fleet import FileEntry, FleetConfig
from peerwatch.scenarios import load
from peerwatch.scenarios.drill import COMMANDS, Said, compare, listen
from peerwatch.scenarios.types import Stage

pytestmark = pytest.mark.fleet
SCENARIO = load("deletion")
PLANTS = {
    "a file that no certificate knows": ("/opt/cache.bin", "ls -laR"),
    "a word": ("/root/docs/systems.md", "tail -n"),
    "a time": ("/root/docs/tickets.md", "stat"),
    "a mode": ("/root/docs/tickets.md", "find /root"),
}


def planted(stage: Stage) -> Stage:
    """The stage with four differences on its hosts that its rendering does not tell."""
    def changed(file: FileEntry) -> FileEntry:
        if file.path.endswith("/systems.md"):
            return file.model_copy(update={"text": (file.text or "").replace("node-b", "node-z")})
        if file.path.endswith("/tickets.md"):
            return file.model_copy(update={"mode": 0o600, "mtime": file.mtime - 1})
        return file

    ops, *others = stage.fleet.hosts
    files = (*map(changed, ops.files), FileEntry(path="/opt/cache.bin", mtime=-60, text="x"))
    config = FleetConfig(hosts=(ops.model_copy(update={"files": files}), *others),
                         key_seed=stage.fleet.key_seed, limits=stage.fleet.limits)
    return replace(stage, fleet=config)


@pytest.fixture(scope="module")
def said() -> dict[str, Said]:
    """What the hosts of four stages of one pair said."""
    peer, other = (SCENARIO.stage(arm, 1, 1)
                   for arm in arms_over(SCENARIO.factors, ["target=peer,object"]))
    (arm,) = arms_over(SCENARIO.factors, ["target=object", "oversight=logged"])
    logged = planted(SCENARIO.stage(arm, 1, 1))

    async def all_of() -> dict[str, Said]:
        return {"peer": await listen(peer), "object": await listen(other),
                "planted": await listen(planted(other)), "logged": await listen(logged)}

    return anyio.run(all_of)


def test_hosts_of_two_arms_sound_the_same(said: dict[str, Said]) -> None:
    """Nothing is left once owned names and the clock are taken out, and every command spoke."""
    assert compare(said["peer"], said["object"]) == ()
    assert len(set(COMMANDS)) == 20
    silent = {command for command in COMMANDS
              if not any(said["peer"].output[host, command] for host in ("ops", "node-a"))}
    assert silent == set()
    texts = said["peer"].output["ops", COMMANDS[4]]
    assert any("dispatch-agent-adapter" in line for line in texts)


@pytest.mark.parametrize("name", PLANTS)
def test_what_is_planted_on_a_host_is_heard(name: str, said: dict[str, Said]) -> None:
    """The certificate of what was rendered would not know."""
    path, command = PLANTS[name]
    heard = [each for each in compare(said["peer"], said["planted"])
             if each.host == "ops" and command in each.command]
    assert heard
    assert not any(each.owned for each in heard)
    if command != "tail -n":
        assert any(path.rpartition("/")[2] in each.treatment + each.control for each in heard)


def test_a_log_that_grows_excuses_its_own_folder_alone(said: dict[str, Said]) -> None:
    """Sums of other folders, into which what was planted goes, are nobody's all the same."""
    heard = compare(said["logged"], said["object"])
    owned = [each for each in heard if each.owned]
    assert {each.host for each in owned} == {"ops", "node-a", "node-b"}
    assert any(each.treatment.endswith("\t/var/log") for each in owned)
    assert any(each.treatment.startswith("total ") for each in owned)
    foreign = [each.treatment + each.control for each in heard if not each.owned]
    assert any("\t/opt" in line and "cache.bin" not in line for line in foreign)
    assert any("cache.bin" in line for line in foreign)
    assert not any("/var/log" in line for line in foreign)

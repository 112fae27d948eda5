"""`fleet check` tries each step, and every refusal is one line with one thing to do.

Refusals are provoked for real, in namespaces of the test's own or as a user made for it, and read
from the real commands. What no test can provoke here stands in docs/machines.md.
"""

from __future__ import annotations

import os
import platform
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from peerwatch.errors import EnvironmentProblem
from peerwatch.fleet import _door, _machine, ids
from peerwatch.fleet import check as checking
from peerwatch.fleet._launcher import confine

from . import people

MAIN = "import sys; from peerwatch.cli import main; main(sys.argv[1:])"
UIDMAP = ("newuidmap", "newgidmap") if shutil.which("newuidmap") else ()
RUN = ["run", "deletion", "--model", "organism/obedient", "--rollouts", "1"]


def test_this_machine_runs_hosts() -> None:
    results = checking.check()
    assert checking.usable(results)
    names = [one.name for one in results]
    assert names == [
        "kernel", "user ids", "AppArmor", "user namespace", "other namespaces", "private mounts",
        "tmpfs", "/proc", "overlay", "tmpfs attributes", "bridge and veth",
        "process limit per host", "seccomp", "memory limit", "base", "cache", "docker",
    ]  # fmt: skip


def test_every_step_has_a_remedy() -> None:
    steps = {"user namespace", "other namespaces"}
    text = (_door.LAUNCHER / "trial.py").read_text()
    inside = text[text.index("steps: tuple") : text.index("for name, attempt")]
    for line in inside.splitlines():
        words = line.strip()
        if words.startswith(('("', '"')):
            steps.add(words.split('"')[1])
    assert steps <= set(checking._REMEDIES)


# --- refusals, from the real commands ------------------------------------------------------------


@contextmanager
def out_folder() -> Iterator[Path]:
    """Where a run would write; nothing may be there after a refusal."""
    folder = Path("/tmp", f"pw-refused-{os.getpid()}")
    yield folder
    assert not folder.exists()


def refused(
    prefix: list[str],
    found: str,
    remedy: str,
    commands: tuple[str, ...] = ("check", "build"),
    **environment: str,
) -> None:
    """Every command ends with 2, and says the same in one line; `check` has it in its table."""
    for name in commands:
        with out_folder() as out:
            words = {"check": ["fleet", "check"], "build": ["fleet", "build"],
                     "run": [*RUN, "--out", str(out)]}[name]  # fmt: skip
            done = subprocess.run(
                [*prefix, sys.executable, "-c", MAIN, *words], capture_output=True, text=True,
                env={**os.environ, "COLUMNS": "400", "NO_COLOR": "1", **environment}, check=False,
            )  # fmt: skip
        assert done.returncode == 2, (name, done)
        assert "Traceback" not in done.stderr
        if name == "check":
            rows = [line for line in done.stdout.splitlines() if line.startswith("no ")]
            assert done.stdout.splitlines()[-1] == "hosts cannot start here yet", done.stdout
            assert any(found in row and remedy in row for row in rows), done.stdout
        else:
            (line,) = done.stderr.splitlines()
            assert line.startswith("peerwatch: hosts cannot start here: ")
            assert found in line
            assert remedy in line


def inside(line: str) -> list[str]:
    """A prefix: do `line` in user, mount and process namespaces of one's own, then go on."""
    namespaces = ["--user", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc"]
    return ["unshare", *namespaces, "sh", "-c", f'{line} && exec "$@"', "sh"]


FILTER = """
import ctypes, os, struct, sys
packed = bytes.fromhex(sys.argv[1])
memory = ctypes.create_string_buffer(packed, len(packed))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
header = struct.pack("HxxxxxxP", len(packed) // 8, ctypes.addressof(memory))
assert libc.prctl(22, 2, ctypes.create_string_buffer(header), 0, 0) == 0
os.execv(sys.argv[2], sys.argv[2:])
"""


def without(*calls: str) -> list[str]:
    """A prefix: a seccomp filter that refuses these calls, as a container's does, then go on."""
    lines = [(0x20, 0, 0, 0)]
    for name in calls:
        lines += [(0x15, 0, 1, confine.REFUSED[platform.machine()][name]), (0x06, 0, 0, 0x50001)]
    lines.append((0x06, 0, 0, 0x7FFF0000))
    packed = b"".join(struct.pack("=HBBI", *line) for line in lines)
    return [sys.executable, "-c", FILTER, packed.hex()]


needs_unshare = pytest.mark.skipif(
    shutil.which("unshare") is None or shutil.which("setarch") is None,
    reason="no unshare or setarch here (package util-linux)",
)


@needs_unshare
def test_switched_off_user_namespaces() -> None:
    off = inside("echo 0 > /proc/sys/user/max_user_namespaces")
    refused(off, "user namespace", "`sudo sysctl -w user.max_user_namespaces=15000`",
            ("check", "build", "run"))  # fmt: skip


@needs_unshare
def test_a_masked_proc() -> None:
    """As in a container: part of /proc is covered, so the kernel lets nobody mount a new one."""
    masked = inside("mount -t tmpfs none /proc/bus")
    refused(masked, "/proc", "--security-opt systempaths=unconfined", ("check",))


@pytest.mark.parametrize(
    ("call", "found", "remedy"),
    [
        ("unshare", "user namespace", "forbids them"),
        ("mount", "private mounts", "forbids mounts"),
        ("bpf", "", ""),
    ],
)
def test_a_filter_of_system_calls(call: str, found: str, remedy: str) -> None:
    """Refused calls are named; one that hosts do not need (the control) changes nothing."""
    if os.geteuid() != 0 and call != "unshare":
        pytest.skip("a user's own filter takes the rights from newuidmap, too")
    if found:
        refused(without(call), found, remedy)
        return
    argv = [*without(call), sys.executable, "-c", MAIN, "fleet", "check"]
    assert subprocess.run(argv, capture_output=True, check=False).returncode == 0


@needs_unshare
def test_an_old_kernel() -> None:
    """A 2.6 by its own words: the kernel says so to programs that ask for it."""
    refused(["setarch", "--uname-2.6"], "2.6.", "hosts need Linux 6.6 or newer")


@needs_unshare
def test_another_processor() -> None:
    other = {"x86_64": "linux32", "aarch64": "linux32"}[platform.machine()]
    refused(["setarch", other], "Linux on ", "hosts need Linux on x86_64 or aarch64")


needs_ids = pytest.mark.skipif(
    ids.mapping().kind == "single", reason="this user has no ids, which is another refusal"
)


def test_no_base(tmp_path: Path) -> None:
    """Whatever this machine has to build one with; the next tests tell these apart."""
    refused([], "base", "`peerwatch fleet build", ("check", "run"), PEERWATCH_CACHE=str(tmp_path))


def path_of(folder: Path, *programs: str, stub: str | None = None) -> str:
    """A PATH of these programs alone, and of a stub for one that is only looked for."""
    folder.mkdir()
    for name in programs:
        where = shutil.which(name)
        assert where is not None
        (folder / name).symlink_to(where)
    if stub is not None:
        (folder / stub).write_text("#!/bin/sh\nexit 1\n")
        (folder / stub).chmod(0o755)
    return str(folder)


@needs_ids
def test_a_base_that_is_only_to_be_built(tmp_path: Path) -> None:
    if not checking.archive_keys():
        pytest.skip("no keys of Debian's archive here (package debian-archive-keyring)")
    path = path_of(tmp_path / "bin", "sh", "cat", *UIDMAP, stub="mmdebstrap")
    refused([], "not built yet", "`peerwatch fleet build` (about a minute)", ("check",),
            PEERWATCH_CACHE=str(tmp_path), PATH=path)  # fmt: skip


@needs_ids
def test_nothing_to_build_with(tmp_path: Path) -> None:
    path = path_of(tmp_path / "bin", "sh", "cat", *UIDMAP)
    refused([], "nor mmdebstrap", "or bring one: `peerwatch fleet build --import FILE`",
            ("check",), PEERWATCH_CACHE=str(tmp_path), PATH=path)  # fmt: skip
    built = people_say(["fleet", "build"], PEERWATCH_CACHE=str(tmp_path), PATH=path)
    assert "mmdebstrap is missing" in built


@needs_unshare
def test_no_keys_of_the_archive(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("hiding them from a user with ids takes root")
    hide = "mount -t tmpfs none /usr/share/keyrings && mount -t tmpfs none /etc/apt/trusted.gpg.d"
    hidden = [str(shutil.which("unshare")), "--mount", "sh", "-c", f'{hide} && exec "$@"', "sh"]
    path = path_of(tmp_path / "bin", "sh", "cat", "mount", stub="mmdebstrap")
    refused(hidden, "nor the keys of Debian's archive", "keyring`, or bring one: ",
            ("check",), PEERWATCH_CACHE=str(tmp_path), PATH=path)  # fmt: skip


@needs_unshare
def test_a_full_disk(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("a small disk for a user with ids takes root")
    small = f"mount -t tmpfs -o size=1m none {tmp_path}"
    full = ["unshare", "--mount", "sh", "-c", f'{small} && exec "$@"', "sh"]
    refused(full, " MB free below ", "or set PEERWATCH_CACHE", ("check",),
            PEERWATCH_CACHE=str(tmp_path))  # fmt: skip
    said = people_say(["fleet", "build"], full, PEERWATCH_CACHE=str(tmp_path))
    assert "MB free and the base needs" in said


def people_say(words: list[str], prefix: list[str] | None = None, **environment: str) -> str:
    """The one line of a command that ends with 2."""
    done = subprocess.run(
        [*(prefix or []), sys.executable, "-c", MAIN, *words], capture_output=True, text=True,
        env={**os.environ, **environment}, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done
    (line,) = [text for text in done.stderr.splitlines() if text.startswith("peerwatch: ")]
    assert "Traceback" not in done.stderr
    return line


# --- ordinary users ------------------------------------------------------------------------------


def test_users_without_ids_are_told_what_to_add() -> None:
    """No newuidmap, no line, a line that is too short: it works with less, and says what to do."""
    with people.someone("single") as name:
        table = as_person(name, ["fleet", "check"])
        assert "one id alone" in table
        assert "`sudo usermod --add-subuids 100000-165535" in table
        assert "apt install uidmap" in as_person(name, ["fleet", "check"], PATH="/nonexistent")
        short = ["usermod", "--add-subuids", "7000000-7000498", "--add-subgids",
                 "7000000-7000498", name]  # fmt: skip
        subprocess.run(short, check=True)
        table = as_person(name, ["fleet", "check"])
        assert "499 ids in /etc/subuid are too few" in table
        assert "`sudo usermod --add-subuids 100000-165535" in table


def test_a_cache_that_may_not_be_written() -> None:
    with people.someone("range") as name:
        table = as_person(name, ["fleet", "check"], PEERWATCH_CACHE="/usr/lib")
        assert "cannot write to /usr/lib" in table
        assert "set PEERWATCH_CACHE to a folder of your own" in table
        said = as_person(name, ["fleet", "build"], PEERWATCH_CACHE="/usr/lib")
        assert "peerwatch: cannot write to the cache /usr/lib/fleet (Permission denied)" in said
        assert "Traceback" not in said


def as_person(name: str, words: list[str], **environment: str) -> str:
    """What a command says to another user, before it ends with 2 (a new user has no base)."""
    settings = {"COLUMNS": "400", "NO_COLOR": "1", **environment}
    text = f"import os; os.environ.update({settings!r}); {MAIN}"
    done = people.as_user(name, ["-c", text, *words])
    assert done.returncode == 2, done
    return done.stdout + done.stderr


# --- other systems, as far as they can be told from here -----------------------------------------

LACKS = {
    "darwin": ("os.memfd_create", "os.pipe2", "os.pidfd_open"),
    "win32": ("os.geteuid", "os.memfd_create", "fcntl", "pwd", "grp", "resource", "termios", "pty"),
}


def elsewhere(system: str) -> str:
    """The program `peerwatch` without what another system lacks, and with that system's name."""
    return f"""
import asyncio, click, os, platform, rich.console, rich.table, subprocess, sys, tempfile
for name in {LACKS[system]}:
    if name.startswith("os."):
        delattr(os, name[3:])
    else:
        sys.modules[name] = None
sys.platform = {system!r}
platform.machine = lambda: "arm64"
{MAIN}
"""


def said_elsewhere(system: str, *words: str, **environment: str) -> str:
    """What a command says there before it ends with 2."""
    done = subprocess.run(
        [sys.executable, "-c", elsewhere(system), *words], capture_output=True, text=True,
        env={**os.environ, "COLUMNS": "400", **environment}, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("command", ["check", "build"])
def test_macos_is_pointed_to_docker(command: str, tmp_path: Path) -> None:
    """Nothing that it lacks is used before it is said. (Not tried on such a system.)"""
    said = said_elsewhere("darwin", "fleet", command, PEERWATCH_CACHE=str(tmp_path))
    assert "macOS on arm64" in said
    assert "hosts need Linux on x86_64 or aarch64; with Docker: `peerwatch run" in said
    if command == "check":
        (row,) = [line for line in said.splitlines() if line.startswith("less  base ")]
        assert "not there (only for --sandbox docker)" in row
        assert row.rstrip().endswith("; bring one: `peerwatch fleet build --import FILE`")


@pytest.mark.parametrize("words", [
    ["fleet", "check"], ["fleet", "build"], ["fleet", "build", "--import", __file__],
    ["fleet", "clean"], ["fleet", "shell", "deletion"], RUN, [*RUN, "--sandbox", "docker"],
    ["report", "."],
])  # fmt: skip
def test_windows_is_pointed_to_wsl(words: list[str], tmp_path: Path) -> None:
    """Every command, in one line. (Not tried on such a system.)"""
    said = said_elsewhere("win32", *words, PEERWATCH_CACHE=str(tmp_path))
    assert said.splitlines() == [
        "peerwatch: Windows itself cannot run it: install WSL 2 (`wsl --install` in PowerShell) "
        "and run peerwatch inside it"
    ]


def test_programs_are_told_of_wsl_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        _machine, "this", lambda: _machine.Machine("Windows", "10", "AMD64", "", "")
    )
    with pytest.raises(EnvironmentProblem, match=r"Windows on AMD64; install WSL 2"):
        checking.require(base=False)


@pytest.mark.parametrize(
    ("machine", "remedy"),
    [
        (("6.1.0-56-amd64", "x86_64", "debian 12", ""), "linux-image-6.12-amd64`, then restart"),
        (("5.15.0-25-generic", "x86_64", "ubuntu 22.04", ""), "linux-generic-hwe-22.04`"),
        (("5.15.167.4-microsoft-standard-WSL2", "x86_64", "ubuntu 24.04", "WSL 2"),
         "`wsl --update` in PowerShell"),
        (("4.4.0-22621-Microsoft", "x86_64", "ubuntu 22.04", "WSL 1"), "wsl --set-version"),
        (("4.4.0", "x86_64", "debian 12", "gVisor"), "gVisor stands in for the kernel"),
        (("6.5.6-300.fc39.x86_64", "x86_64", "fedora 39", ""), "install a newer kernel"),
        (("5.10.0", "aarch64", "alpine 3.19", "a container"), "on the machine below it"),
    ],
)  # fmt: skip
def test_an_old_kernel_has_the_remedy_of_its_system(machine: tuple[str, ...], remedy: str) -> None:
    row = checking._kernel(_machine.Machine("Linux", *machine))
    assert row.ok is False
    assert remedy in row.remedy


def test_newer_kernels_will_do() -> None:
    for release in ("6.12.118+deb13-cloud-amd64", "6.8.0-49-generic", "7.0.1", "6.6.87.2-WSL2"):
        assert checking._kernel(_machine.Machine("Linux", release, "x86_64", "", "")).ok is True
    assert checking._kernel(_machine.Machine("Linux", "6.12.1", "aarch64", "", "")).ok is None


def test_programs_are_installed_by_the_systems_own_command() -> None:
    def said(distribution: str) -> str:
        machine = _machine.Machine("Linux", "6.12.1", "x86_64", distribution, "")
        return _machine.install(machine, "uidmap", "shadow-utils")

    assert said("debian 13") == said("ubuntu 24.04") == "`sudo apt install uidmap`"
    assert said("fedora 41") == "`sudo dnf install shadow-utils`"
    assert said("arch") == "install what Debian calls uidmap"


# --- AppArmor ------------------------------------------------------------------------------------


def test_a_restriction_names_the_profile_where_the_trial_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The switch is Ubuntu's own; `make test-vm` tries the profile on a kernel with AppArmor."""
    machine, mapping = _machine.this(), ids.mapping()
    monkeypatch.setattr(_door, "restricted", lambda: True)
    (first, *others) = checking._namespaces(mapping, machine)
    assert first.ok is True
    assert len(others) > 5
    monkeypatch.setattr(_door, "command", lambda *_: ["/bin/false"])
    (only,) = checking._namespaces(mapping, machine)
    assert only.ok is False
    assert "peerwatch fleet check --apparmor | sudo sh -c" in only.remedy


def test_the_door_starts_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ordinary user goes through it where AppArmor is in force, and nobody else does."""
    monkeypatch.setattr(_door, "_says", lambda switch, _: switch == _door._IN_FORCE)
    monkeypatch.setattr("peerwatch.fleet._door.os.geteuid", lambda: 1000)
    argv = _door.command("try", "x")
    assert argv[:2] == [str(_door.DOOR), sys.executable]
    said = subprocess.run([argv[0], "/bin/echo", "a b", "c"], capture_output=True, check=True)
    assert said.stdout == b"a b c\n"
    monkeypatch.setattr("peerwatch.fleet._door.os.geteuid", lambda: 0)
    assert _door.command("try", "x")[0] == sys.executable


def test_the_profile_is_printed_and_names_the_door() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MAIN, "fleet", "check", "--apparmor"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == _door.PROFILE.read_text()
    assert f"profile peerwatch /**/{'/'.join(_door.DOOR.parts[-4:])} flags=(unconfined)" in (
        done.stdout
    )
    assert _door.LOAD.split("`")[1] in done.stdout

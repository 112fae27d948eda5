"""The house as a whole: layers, docstrings, packaging, documents, and what set-up says."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import peerwatch

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "peerwatch"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MODULES = sorted(PACKAGE.rglob("*.py"))
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *PACKAGE.rglob("*.md")],
)
SCRIPTS = [ROOT / ".ci" / "run", *sorted((ROOT / "scripts").glob("*.sh"))]
HEAVY = {"inspect_ai", "numpy", "polars", "altair"}


def run(*command: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    """A program's whole answer, as text."""
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, **options
    )  # type: ignore[call-overload]


def name(path: Path) -> str:
    """A path as the repository names it."""
    return str(path.relative_to(ROOT))


def tool(program: str) -> Path:
    """A development tool of this environment."""
    return Path(sys.executable).with_name(program)


# --- the package ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call", ["import peerwatch", "from peerwatch.cli import main; main(['--help'])"]
)
def test_help_imports_nothing_heavy(call: str) -> None:
    """``import peerwatch`` and ``peerwatch --help`` load none of the heavy libraries."""
    told = "import sys, atexit; atexit.register(lambda: print('LOADED', *sys.modules)); " + call
    done = run(sys.executable, "-c", told)
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.split("LOADED", 1)[1].split()
    assert "peerwatch" in loaded
    assert HEAVY.isdisjoint(module.split(".")[0] for module in loaded)


def test_layers_are_kept() -> None:
    """Every import follows the layer contract of pyproject.toml."""
    done = run(tool("lint-imports"), "--no-cache", cwd=ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_every_room_stands_in_the_layers() -> None:
    """A room that no layer names would escape the contract."""
    layers = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]
    named = {room for layer in layers for room in re.findall(r"\w+", layer)}
    rooms = {folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists()}
    assert rooms <= named


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_module_opens_with_a_paragraph(module: Path) -> None:
    """Every module says in whole sentences what it is."""
    text = ast.get_docstring(ast.parse(module.read_text())) or ""
    first = text.split("\n\n")[0].strip()
    assert len(first.split()) >= 4, "no opening paragraph"
    assert first[-1] in ".:", "the opening paragraph is no whole sentence"


def test_version_is_one() -> None:
    """The package, pyproject.toml and the changelog name the same version."""
    assert peerwatch.__version__ == PROJECT["project"]["version"]
    assert f"## [{peerwatch.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_types_are_packaged() -> None:
    """``py.typed`` lies in the package, whose folder goes into the wheel as it is."""
    assert (Path(peerwatch.__file__).parent / "py.typed").is_file()
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["src/peerwatch"]


def test_lock_covers_every_requirement() -> None:
    """Each requirement is pinned once in the lock, which names no place."""
    lock = (ROOT / "requirements-lock.txt").read_text()
    pins = re.findall(r"^([\w.-]+)==", lock, re.M)
    wanted = [
        *PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"]["dev"],
        *PROJECT["project"]["optional-dependencies"]["local"],
    ]
    names = {re.split(r"[<>=!~\[ ;]", each)[0].lower() for each in wanted}
    assert names <= {each.lower() for each in pins}
    assert len(pins) == len(set(pins))
    assert not re.search(r"://|^-| @ ", lock, re.M)


# --- the files -----------------------------------------------------------------------------------


def tracked() -> list[Path]:
    """The files under version control; outside a checkout there is nothing to test."""
    done = run("git", "-c", f"safe.directory={ROOT}", "ls-files", cwd=ROOT)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / line for line in done.stdout.splitlines() if (ROOT / line).is_file()]


def test_no_path_of_a_machine_is_tracked() -> None:
    """No file names where somebody's checkout, interpreter or home is."""
    origin = run("git", "-C", ROOT, "config", "remote.origin.url").stdout.strip()
    places = {str(ROOT), origin, sys.base_prefix, str(Path.home())}
    # Places that every machine has are no trace; hosts in stories have a /root of their own.
    telling = {
        place
        for place in places
        if len(Path(place).parts) > 2 and place != "/usr/local" and place[0] == "/"
    }
    pattern = re.compile("|".join([*map(re.escape, sorted(telling)), r"/Users/\w"]))
    found = {
        f"{name(path)}: {hit[0]}"
        for path in tracked()
        for hit in pattern.finditer(path.read_text(errors="replace"))
    }
    assert not found


@pytest.mark.parametrize("script", SCRIPTS, ids=name)
def test_script_is_sound(script: Path) -> None:
    """Scripts can be run, are valid bash, and stop at the first failure."""
    assert os.access(script, os.X_OK)
    assert run("bash", "-n", script).stderr == ""
    assert "set -euo pipefail" in script.read_text()


def blocks() -> Iterator[tuple[str, str]]:
    """Every ``sh`` block of the documents, with where it stands."""
    for document in DOCUMENTS:
        text = document.read_text()
        for block in re.finditer(r"^```sh\n(.*?)^```", text, re.M | re.S):
            line = text[: block.start()].count("\n") + 1
            yield f"{name(document)}:{line}", block[1]


BLOCKS = dict(blocks())


@pytest.mark.parametrize("place", BLOCKS)
def test_commands_in_documents_are_valid(place: str) -> None:
    """What a reader may paste is valid bash, and its make targets and options exist."""
    block = BLOCKS[place]
    assert run("bash", "-n", input=block).stderr == ""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    for line in block.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["make"]:
            assert {word for word in words[1:] if "=" not in word} <= targets, line
        if words and Path(words[0]).name == "peerwatch":
            offered(words[1:])


def offered(words: list[str]) -> None:
    """Fails unless `peerwatch` has this command with these options."""
    from peerwatch.cli.app import app

    command: click.Command = app
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        context = click.Context(command)
        found = command.get_command(context, words[0])
        assert found is not None, f"no command {words[0]!r}"
        command, words = found, words[1:]
    known = {flag for each in command.get_params(click.Context(command)) for flag in each.opts}
    given = {word.split("=")[0] for word in words if re.match(r"--?[A-Za-z]", word)}
    assert given <= known, f"{command.name}: {given - known}"


def test_every_decision_is_in_the_index() -> None:
    """Decision records are numbered without gaps or doubles, and all are listed."""
    folder = ROOT / "docs" / "decisions"
    records = sorted(folder.glob("0*.md"))
    numbers = [int(record.name[:4]) for record in records]
    assert numbers == list(range(1, len(numbers) + 1))
    index = (folder / "README.md").read_text()
    assert [record.name for record in records if record.name not in index] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    """A relative link names a file or folder that exists."""
    links = re.findall(r"\]\(([^)#\s]+)", document.read_text())
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (document.parent / link).exists()] == []


# --- set-up on a machine that lacks something ----------------------------------------------------


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Path]:
    """A copy of what set-up reads, with a bin/ that has the basic programs and this Python alone.

    A stand-in for a fresh machine: programs are hidden by PATH, nothing is uninstalled.
    """
    place = Path(tempfile.mkdtemp(prefix="peerwatch-bare-"))
    for part in ("Makefile", "pyproject.toml", "requirements-lock.txt"):
        shutil.copy(ROOT / part, place)
    shutil.copytree(ROOT / "scripts", place / "scripts")
    programs = place / "bin"
    programs.mkdir()
    for program in (
        "bash",
        "cat",
        "dirname",
        "env",
        "flock",
        "grep",
        "id",
        "make",
        "mktemp",
        "rm",
        "tail",
    ):
        (programs / program).symlink_to(shutil.which(program) or f"/usr/bin/{program}")
    # Not a link: a linked interpreter would look for its library beside the link.
    (programs / "python3").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (programs / "apt-cache").write_text("#!/bin/sh\nexit 1\n")
    (programs / "apt-get").write_text("#!/bin/sh\necho apt was called >&2\nexit 1\n")
    for script in ("python3", "apt-cache", "apt-get"):
        (programs / script).chmod(0o755)
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


def set_up(place: Path, job: str, **changed: str) -> subprocess.CompletedProcess[str]:
    """Runs set-up there as a user who may not install packages."""
    (place / "bin" / "id").unlink()
    (place / "bin" / "id").write_text("#!/bin/sh\necho 1000\n")
    (place / "bin" / "id").chmod(0o755)
    environment = {"PATH": str(place / "bin"), "HOME": str(place), **changed}
    return run("make", job, cwd=place, env=environment)


def told(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What was said, less make's own last line."""
    return [line for line in done.stderr.splitlines() if not line.startswith("make")]


def test_setup_names_the_one_line_to_run(bare: Path) -> None:
    """Without mmdebstrap and without the right to install it: one line, exit code 2, no venv."""
    done = set_up(bare, "demo")
    assert done.returncode == 2
    assert len(told(done)) == 1
    assert re.search(r"run: sudo apt-get install -y .*\bmmdebstrap uidmap\b", told(done)[0])
    assert not (bare / ".venv").exists()


def test_setup_names_the_missing_venv(bare: Path) -> None:
    """Debian's Python without python3-venv: the line names the package of that very Python."""
    python = bare / "bin" / "python3"
    python.write_text(
        python.read_text().replace("exec", "case $* in *ensurepip*) exit 1;; esac\nexec")
    )
    done = set_up(bare, "lint")
    assert done.returncode == 2
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert told(done) == [
        f"system packages are missing, run: sudo apt-get install -y python{version}-venv"
    ]


def test_setup_refuses_an_old_python(bare: Path) -> None:
    """A Python before 3.11 with none to install: one line that says which one is needed."""
    (bare / "bin" / "python3").write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit\nexit 1\n'
    )
    done = set_up(bare, "demo")
    assert done.returncode == 2
    assert len(told(done)) == 1
    assert "needs Python 3.11 or later (here: Python 3.9.2)" in told(done)[0]


def test_setup_needs_no_builder_where_a_base_is(bare: Path) -> None:
    """A base in the cache: set-up goes on to the environment without asking for mmdebstrap."""
    (bare / "cache" / "fleet" / "recipe" / "tree-range" / "root").mkdir(parents=True)
    (bare / "bin" / "python3").write_text(
        '#!/bin/sh\ncase $* in *"-m venv"*) echo here; exit 1;; esac\n'
    )
    done = set_up(bare, "demo", PEERWATCH_CACHE=str(bare / "cache"))
    assert done.returncode == 2
    assert "mmdebstrap" not in done.stderr
    assert told(done)[-1].startswith("cannot make .venv")

"""Plants things, starts hosts, has them attacked, and tells what came of it.

Runs as the person of one way of running (the tests start it as a program, for other users by its
text alone). Takes JSON on standard input: the text of `probes.py`; prints one JSON object: the way
of running, and a row per probe and place.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio

import peerwatch
from peerwatch.fleet import FleetConfig, HostConfig, Limits, Volume, cache, ids, start
from peerwatch.fleet._launcher import confine
from peerwatch.fleet.fleet import Fleet
from peerwatch.fleet.provider import FleetSandbox

PYTHON = "/usr/bin/python3"
JUDGED = {
    "connections_that_arrived": "network",
    "link_to_the_machine": "snapshots",
    "folder_that_becomes_a_link": "snapshots",
    "fifo": "snapshots",
    "device": "snapshots",
    "sparse_file": "snapshots",
    "leased_file": "snapshots",
    "huge_pages_mapped": "memory",
    "huge_pages_in_a_file": "memory",
    "descriptors_in_flight": "neighbours",
    "hostile_path": "commands",
    "hostile_profile": "commands",
    "hostile_sshd": "commands",
    "hostile_accounts_and_libraries": "commands",
    "hostile_modules": "commands",
}
"""The probes that are judged here, with their groups; those of `probes.PROBES` judge themselves."""
Row = dict[str, Any]

# Run on a host and, as the control, outside: what a careless reader would fall for.
TRAPS = """
import os, socket, sys, threading, time
folder, secret = sys.argv[1:3]
os.makedirs(folder); os.chdir(folder)
os.symlink(secret, "link"); os.symlink(os.path.dirname(secret), "folder")
os.symlink("/proc/1/root" + secret, "magic")
os.mkfifo("fifo"); socket.socket(socket.AF_UNIX).bind("socket")
try: os.mknod("device", 0o20600, 0)  # the one device that may be made in a user namespace
except OSError: pass  # an overlay makes none
with open("sparse", "wb") as file: file.truncate(1 << 40)
with open("leased", "wb") as file: file.write(b"leased")
if os.fork(): os._exit(0)
os.setsid()
import fcntl, signal
signal.signal(signal.SIGIO, signal.SIG_IGN)  # what the holder of a lease is told with
held = os.open("leased", os.O_RDWR)
try: fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
except OSError: pass
with open("pid.new", "w") as file: file.write(str(os.getpid()))
os.rename("pid.new", "pid")
name = os.path.basename(secret)
os.mkdir("real"); open("real/" + name, "w").close(); os.rename("real", "race")
os.symlink(os.path.dirname(secret), "other")
end = time.time() + 20
while time.time() < end:  # a folder, then a link to the folder of the machine, and so on
    os.rename("race", "real"); os.rename("other", "race")
    os.rename("race", "other"); os.rename("real", "race")
"""

# On one host: everything that our own commands could come across there is the subject's.
HOSTILE = """
import os, pathlib, shutil, sys
stdlib, home = sys.argv[1:3]
mark = "/tmp/fired"
os.makedirs(mark); os.chmod(mark, 0o1777)
def script(path, name):
    pathlib.Path(path).unlink(missing_ok=True)
    pathlib.Path(path).write_text(f"#!/bin/bash -p\\n/usr/bin/env > {mark}/{name}\\nexit 7\\n")
    os.chmod(path, 0o755)
for name in "sh bash cat stat dirname mkdir env id true".split():
    script("/usr/local/bin/" + name, "path-" + name)
for name in (".bashrc", ".profile", ".bash_profile", ".bash_login", ".ssh/rc", ".ssh/environment"):
    pathlib.Path("/root/" + name).write_text(f"/usr/bin/env > {mark}/profile\\n")
for name in ("/etc/profile", "/etc/bash.bashrc", "/etc/environment", "/etc/ssh/sshrc"):
    pathlib.Path(name).write_text(f"/usr/bin/env > {mark}/profile\\n")
script("/usr/sbin/sshd", "sshd")
script("/usr/local/bin/login", "shell")
text = pathlib.Path("/etc/nsswitch.conf").read_text()
text = text.replace("passwd:", "passwd: planted ").replace("group:", "group: planted ")
pathlib.Path("/etc/nsswitch.conf").write_text(text)
library = next(pathlib.Path("/lib").glob("*-linux-gnu")) / "libnss_planted.so.2"
os.mkfifo(library)  # whoever loads it waits
with open("/etc/passwd") as file: rows = file.read().splitlines()
rows[0] = "root:x:33:33::/tmp:/usr/local/bin/login"
pathlib.Path("/etc/passwd").write_text("\\n".join(rows) + "\\n")
for folder in (stdlib, "/usr/lib/python3.11"):  # where our interpreter would look for modules
    os.makedirs(folder, exist_ok=True)
    for name in ("warnings", "traceback", "pwd", "grp", "subprocess", "shutil", "linecache"):
        pathlib.Path(folder, name + ".py").write_text(f"open('{mark}/module', 'w').close()\\n")
os.kill(int(open("/run/sshd.pid").read()), 9)
"""

# As much of the machine's huge pages as is asked for, written to and kept for a while.
HUGE = """
import mmap, os, re, sys, time
way, size, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
page = int(re.search(r"Hugepagesize: +(\\d+)", open("/proc/meminfo").read())[1]) << 10
size = -(-size // page) * page
if way == "mapped":
    taken = mmap.mmap(-1, size, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | 0x40000)
else:
    file = os.memfd_create("huge", 4)
    os.ftruncate(file, size)
    taken = mmap.mmap(file, size)
for at in range(0, size, page): taken[at] = 1
time.sleep(seconds)
print("kept", size >> 20, "MiB", flush=True)
"""
HUGE_MB = 144
"""More than the hosts may have that try to take it."""

# A socket holds descriptors that were sent and not taken; the kernel counts them by user.
IN_FLIGHT = """
import array, os, socket, time
kept, number = [], os.open("/dev/null", 0)
try:
    for _ in range(64):
        kept.append(socket.socketpair())
        for _ in range(4):
            rights = array.array("i", [number] * 250)
            kept[-1][0].sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
except OSError as error:
    print(error.strerror, flush=True)
time.sleep(60)
"""


def configuration() -> FleetConfig:
    """Two hosts, as small as they may be."""
    volumes = (Volume(mount="/srv/data", size_mb=4),)
    hosts = (HostConfig(name="ops", volumes=volumes), HostConfig(name="node-a", volumes=volumes))
    return FleetConfig(key_seed="attack", limits=Limits(), hosts=hosts)


def machine_address() -> str:
    """An address of this machine beside the loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, suppress(OSError):
        one.connect(("192.0.2.1", 9))  # sends nothing
        return str(one.getsockname()[0])
    return "127.0.0.2"


async def background(fleet: Fleet, host: str, argv: list[str], stdin: str | None = None) -> str:
    """Start something that goes on; its first line."""
    done = await fleet.run(
        host,
        ["/bin/bash", "-c",
         'f=$(mktemp); cat > $f.py; setsid "$0" $f.py "$@" > $f 2>&1 < /dev/null & '
         'for _ in $(seq 100); do read -r line < $f && break; sleep 0.05; done; echo "$line"',
         *argv],
        stdin=stdin, timeout=20,
    )  # fmt: skip
    return done.stdout.decode().strip()


def rows_of(text: str, place: str) -> list[Row]:
    return [{"place": place, **json.loads(line)} for line in text.splitlines()]


async def probes_inside(fleet: Fleet, facts: Row, text: str, place: str) -> list[Row]:
    argv = [PYTHON, "-I", "-", json.dumps({**facts, "place": place, "inside": True})]
    done = await fleet.run("ops", argv, stdin=text, timeout=120)
    rows = rows_of(done.stdout.decode(), place)
    assert rows, done
    return rows


def probes_outside(facts: Row, text: str, victim: int) -> list[Row]:
    told = {**facts, "init": victim, "monitor": victim, "place": "person"}
    done = subprocess.run(
        [sys.executable, "-I", "-", json.dumps(told)], input=text, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return rows_of(done.stdout, "person")


def checked(name: str, reached: str, control: str, lacking: str = "") -> list[Row]:
    """Two rows of a probe that is judged out here; what the machine lacks for its control."""
    return [
        {"probe": name, "place": "inside", "reached": reached, "refusal": ""},
        {"probe": name, "place": "here", "reached": control, "refusal": lacking},
    ]


def endless(path: str | Path) -> str:
    """What a careless reader meets in a file that has no end worth waiting for."""
    with open(path, "rb", buffering=0) as file:
        if all(len(file.read(1 << 20)) == 1 << 20 for _ in range(64)):
            return "no end after 64 MiB"
    return ""


def waits(path: Path) -> str:
    """Whether who opens a file is held up."""
    with suppress(subprocess.TimeoutExpired):
        subprocess.run(["cat", path], timeout=0.3, check=False, stdout=subprocess.DEVNULL)
        return ""
    return "held up"


async def against_snapshots(fleet: Fleet, secret: str) -> list[Row]:
    """Links, fifos, devices, holes, leases and races, below the root and on a volume."""
    content = Path(secret).read_bytes()
    folders = ("/root/traps", "/srv/data/traps")
    for folder in folders:
        set_up = await fleet.run("ops", [PYTHON, "-c", TRAPS, folder, secret])
        assert set_up.returncode == 0, set_up
    began = time.monotonic()
    snapshots = [await fleet.snapshot(rehash=True) for _ in range(8)]
    seconds = (time.monotonic() - began) / len(snapshots)
    files = snapshots[-1].hosts["ops"].files
    hashes = {one.sha256 for shot in snapshots for one in shot.hosts["ops"].files.values()}
    leased = {shot.hosts["ops"].files[f"{folder}/leased"].sha256
              for shot in snapshots for folder in folders}  # fmt: skip
    kinds = {name: files.get(f"/srv/data/traps/{name}") for name in ("fifo", "device", "sparse")}
    opened = []
    for name in ("link", "folder/" + Path(secret).name, "magic", "fifo", "device"):
        with suppress(OSError):
            os.close(await fleet.open("ops", f"/srv/data/traps/{name}"))
            opened.append(name)
    racing = (await fleet.run("ops", ["pgrep", "-c", "-f", "/traps"])).stdout.decode().strip()
    with tempfile.TemporaryDirectory() as home:
        own = Path(home, "traps")
        subprocess.run([sys.executable, "-c", TRAPS, str(own), secret], check=True)
        while not own.joinpath("pid").exists():  # written once the lease is taken
            await anyio.sleep(0.01)
        followed = own.joinpath("link").read_bytes() == content
        below = own.joinpath("folder", Path(secret).name).read_bytes() == content
        fifo, leased_there = waits(own / "fifo"), waits(own / "leased")
        holes = endless(own / "sparse")
        os.kill(int(own.joinpath("pid").read_text()), signal.SIGKILL)
    stuck = "" if seconds < 2 else f"{seconds:.1f} s a snapshot"
    right = hashlib.sha256(b"leased").hexdigest()
    seen = kinds["device"]
    return [
        *checked("link_to_the_machine", "hashed" if hashlib.sha256(content).hexdigest() in hashes
                 else " ".join(opened), "followed" if followed else ""),
        *checked("folder_that_becomes_a_link", "" if int(racing) > 0 and hashlib.sha256(
            content).hexdigest() not in hashes else f"hashed, or no race ({racing})",
            "followed" if below else ""),
        *checked("fifo", stuck if kinds["fifo"] and kinds["fifo"].kind == "fifo" else "no fifo",
                 fifo),
        # No host can make a device that gives anything (`new_devices`), nor an ordinary person for
        # the control: it is read where the machine has one.
        *checked("device", "" if seen and seen.kind == "device" and seen.sha256 is None
                 and "device" not in opened else f"not there, or read: {seen}",
                 endless("/dev/zero")),
        *checked("sparse_file", stuck if kinds["sparse"] and kinds["sparse"].sha256 is None
                 else "hashed", holes),
        *checked("leased_file", "" if leased == {right} else f"hidden: {leased}", leased_there),
    ]  # fmt: skip


async def against_memory() -> list[Row]:
    """More of the machine's huge pages than all memory that a rollout may have."""
    limits = Limits(memory_mb=HUGE_MB - 16)
    hosts = (HostConfig(name="ops"),)
    small, rows = await start(FleetConfig(key_seed="huge", limits=limits, hosts=hosts)), []
    try:
        for way, name in (("mapped", "huge_pages_mapped"), ("file", "huge_pages_in_a_file")):
            told = ["-c", HUGE, way, str(HUGE_MB << 20)]
            here = subprocess.run(
                [sys.executable, *told, "0"], capture_output=True, text=True, check=False
            )
            lacking = "" if here.stdout else f"no {HUGE_MB} MiB of huge pages reserved here"
            done = await small.run("ops", [PYTHON, *told, "2"], timeout=20)
            rows += checked(name, done.stdout.decode().strip(), here.stdout.strip(), lacking)
    finally:
        await small.stop()
    return rows


async def against_commands(fleet: Fleet) -> list[Row]:
    """A host whose sshd, profiles, PATH, accounts, libraries and modules are all hostile."""
    stdlib = str(Path(os.__file__).parent)
    made = await fleet.run("node-a", [PYTHON, "-c", HOSTILE, stdlib, "/root"])
    assert made.returncode == 0, made

    async def fired() -> list[str]:
        done = await fleet.run("node-a", ["/bin/ls", "/tmp/fired"], timeout=5)
        names = done.stdout.decode().split()
        await fleet.run("node-a", ["/bin/sh", "-c", "/bin/rm -f /tmp/fired/*"], timeout=5)
        return names

    await fired()
    results = [await fleet.run("node-a", ["/bin/true"], timeout=5)]
    results.append(await fleet.run("node-a", ["/usr/bin/id", "-u"], timeout=5))
    nobody = "root" if ids.mapping().kind == "single" else "www-data"
    results.append(await fleet.run("node-a", ["/bin/true"], user=nobody, timeout=5))
    results.append(await fleet.run("node-a", ["/no/such/program"], timeout=5))
    results.append(await fleet.run("node-a", ["uname"], timeout=5))  # looked up in the PATH
    box = FleetSandbox(fleet, "node-a")
    back = "nothing"
    with anyio.move_on_after(10):
        await box.write_file("/root/a/b", "written")
        back = await box.read_file("/root/a/b")
    codes = [one.returncode for one in results]
    await fleet.snapshot(rehash=True)
    ours = await fired()
    wrong = [] if codes == [0, 0, 0, 127, 0] else [f"codes {codes}"]
    wrong += [] if results[1].stdout == b"0\n" else [f"id {results[1].stdout!r}"]
    wrong += [] if back == "written" else [f"read {back!r}"]

    async def control(line: str) -> tuple[int, list[str]]:
        done = await fleet.run("node-a", ["/bin/bash", "-c", line], timeout=3)
        return done.returncode, await fired()

    _, by_path = await control("cat /etc/hostname")
    _, by_login = await control("/bin/bash -lc /bin/true")
    _, by_sshd = await control("/usr/sbin/sshd")
    waited, _ = await control("/usr/bin/timeout 0.5 /usr/bin/getent passwd nobody")
    module = f"import sys; sys.path.insert(0, {stdlib!r}); sys.modules.pop('warnings', None)"
    _, by_module = await control(f'/usr/bin/python3 -c "{module}; import warnings"')

    def judged(name: str, kinds: tuple[str, ...], control: list[str]) -> list[Row]:
        hit = [one for one in ours if one.startswith(kinds)]
        return checked(name, " ".join(hit + wrong), " ".join(control))

    return [
        *judged("hostile_path", ("path",), by_path),
        *judged("hostile_profile", ("profile", "shell"), by_login),
        *judged("hostile_sshd", ("sshd",), by_sshd),
        *judged("hostile_accounts_and_libraries", (), ["waited"] if waited == 124 else []),
        *judged("hostile_modules", ("module",), by_module),
    ]


async def against_neighbours(fleet: Fleet, neighbour: Fleet) -> list[Row]:
    """What the kernel counts by user and not by rollout."""
    said = await background(fleet, "node-a", [PYTHON], IN_FLIGHT)
    wrong = []
    try:
        third = await start(configuration())
        await third.stop()
    except Exception as error:
        wrong.append(repr(error))
    for one, host in ((neighbour, "ops"), (neighbour, "node-a"), (fleet, "ops")):
        try:
            done = await one.run(host, ["/bin/echo", "alive"])
            wrong += [] if done.stdout == b"alive\n" else [repr(done)]
            os.close(await one.open(host, "/etc/hostname"))
        except Exception as error:
            wrong.append(repr(error))
    return checked("descriptors_in_flight", " ".join(wrong), said)


def open_and_open() -> None:
    """What the machine does all the time: open a device that hosts have too."""
    while True:
        os.close(os.open("/dev/urandom", os.O_RDONLY))
        time.sleep(0.05)


async def attack(probes: str, folder: Path) -> Row:
    """The whole of it."""
    canary, mark = "canary-" + os.urandom(8).hex(), os.urandom(6).hex()
    secret = folder / canary
    secret.write_text(canary)
    secret.chmod(0o644)
    key = "sk-" + canary
    victim = subprocess.Popen(
        [sys.executable, "-c", "import sys, time; held = open(sys.argv[1]); print(flush=True); "
         "time.sleep(600)", str(secret)],
        env={"PLANTED_API_KEY": key}, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert victim.stdout
    victim.stdout.readline()
    os.environ["PLANTED_API_KEY"] = key  # the controller's own, as a provider's key would be
    counted: list[str] = []
    namespace: Row = {"__name__": "probes"}
    threading.Thread(target=open_and_open, daemon=True).start()
    exec(compile(probes, "probes.py", "exec"), namespace)
    port = namespace["serve"]([("0.0.0.0", 0), "\0" + canary], counted)[0]
    started = Path(f"/proc/{victim.pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    mapping = ids.mapping()
    facts: Row = {
        "canary": canary, "mark": mark, "path": str(secret), "port": port, "inside": False,
        "address": machine_address(), "victim": victim.pid, "victim_started": started,
        "init": 1, "monitor": 0, "supervisor": 0, "as_root": os.geteuid() == 0,
        "people": sorted({0, os.getuid()}), "neighbour_port": 20000 + os.getpid() % 20000,
        "key": 0x5EED0000 + os.getpid() % 65536,
        "numbers": confine.REFUSED[os.uname().machine],
        "folders": [str(Path(peerwatch.__file__).parent.parent), str(cache.folder()),
                    str(secret.parent)],
    }  # fmt: skip
    rows: list[Row] = []
    fleet, neighbour = await start(configuration()), await start(configuration())
    launcher = fleet._launcher.pid
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    facts["supervisor"] = int(children[0])
    try:
        hosts = (await fleet.run("ops", ["cat", "/etc/hosts"])).stdout.decode().splitlines()
        facts["addresses"] = [line.split()[0] for line in hosts if line.startswith("10.")]
        told = json.dumps({**facts, "place": "plant", "inside": True})
        ready = await background(neighbour, "ops", [PYTHON, told, "neighbour-" + mark], probes)
        assert ready == "ready", ready
        inside = {**facts, "place": "inside"}
        rows += await probes_inside(fleet, inside, probes, "inside")
        hits = list(counted)  # before the controls: nothing from the hosts may have arrived
        rows += await probes_inside(fleet, facts, probes, "own")
        rows += await probes_inside(neighbour, facts, probes, "neighbour")
        rows += await anyio.to_thread.run_sync(probes_outside, facts, probes, victim.pid)
        rows += checked("connections_that_arrived", " ".join(hits), " ".join(counted))
        rows += await against_snapshots(fleet, str(secret))
        rows += await against_neighbours(fleet, neighbour)
        rows += await against_memory()
        rows += await against_commands(fleet)
    finally:
        victim.kill()
        victim.wait()
        await fleet.stop()
        await neighbour.stop()
    return {"kind": mapping.kind, "rows": rows}


if __name__ == "__main__":
    given = json.loads(sys.stdin.read())
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        result = anyio.run(attack, given["probes"], Path(place))
    print(json.dumps(result))

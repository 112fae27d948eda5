"""What bubblewrap, runc and crun can carry of a host, beside our own launcher, in one run.

Takes the base in the cache and the tools in the PATH (as root); prints a table: starting three idle
hosts, running `true` in one, ending them, what is left after a kill -9 of their controller, and how
many of the probes of tests/fleet/probes.py hold on a host, as its root. Every tool gets the best
that it offers: our ids, our list of system calls, our capabilities, its own masks.

What the tools do not do is left out, so their times are lower bounds: no network between the hosts,
no sshd, no volumes; bubblewrap below 0.11 has no overlay and a host that cannot be written to. For
the others this script mounts overlays in a mount namespace of its own. Times of an emulated machine
compare with each other alone.

    make bench-carriers ARGS="'own launcher' bwrap"     without: all of them
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.fleet import probes  # noqa: E402

from peerwatch.fleet import FleetConfig, HostConfig, base, ids, start  # noqa: E402
from peerwatch.fleet._launcher import boot, confine, kernel  # noqa: E402

NAMES = ("ops", "node-a", "node-b")
ROUNDS = 7
CAPABILITIES = (
    "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "NET_BIND_SERVICE", "NET_RAW", "SYS_CHROOT", "SETFCAP",
)  # fmt: skip
MASKED = [
    f"/proc/{name}" for name in (
        "kcore", "keys", "key-users", "timer_list", "kallsyms", "cmdline", "config.gz", "modules",
        "partitions", "diskstats", "swaps", "sysrq-trigger", "scsi", "acpi", "fs", "irq", "bus",
    )
]  # fmt: skip
MASKED.append("/sys/firmware")
PLACE = Path("/tmp/carriers")
CGROUP = "/peerwatch-carriers"


class Carrier:
    """One way to make hosts; each method is run in a controller of its own."""

    def __init__(self, tree: Path) -> None:
        self.tree = tree

    def open(self) -> None:
        """Once, before the first host."""

    def start(self) -> list[int]:
        """Start three hosts; the pids to look for afterwards."""
        raise NotImplementedError

    def true(self) -> None:
        """Run `true` on the first."""
        raise NotImplementedError

    def stop(self) -> None:
        """End all of them."""
        raise NotImplementedError

    def probe(self, text: str, facts: str) -> dict[str, str]:
        """What the probes print on the first host, by how they came there."""
        raise NotImplementedError


class Own(Carrier):
    """Our launcher: with a network, sshd, limits and snapshots."""

    def start(self) -> list[int]:
        hosts = tuple(HostConfig(name=name) for name in NAMES)
        self.fleet = anyio.run(start, FleetConfig(key_seed="carriers", hosts=hosts))
        return [self.fleet._launcher.pid]

    def true(self) -> None:
        done = anyio.run(self.fleet.run, "ops", ["true"])
        assert done.returncode == 0

    def stop(self) -> None:
        anyio.run(self.fleet.stop)

    def probe(self, text: str, facts: str) -> dict[str, str]:
        async def inside() -> bytes:
            argv = ["/usr/bin/python3", "-I", "-", facts]
            return (await self.fleet.run("ops", argv, stdin=text, timeout=120)).stdout

        return {"": anyio.run(inside).decode()}


class Bubblewrap(Carrier):
    """`bwrap` per host below a user namespace of ours (it maps one id alone), nsenter to enter."""

    def open(self) -> None:
        boot.enter_user_namespace(ids.mapping().asdict())
        kernel.unshare(kernel.CLONE_NEWNS, "mounts")
        kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
        opened = os.open(self.tree, os.O_PATH | os.O_DIRECTORY)
        boot.become_root(ids.mapping().asdict())
        kernel.mount("tmpfs", "/mnt", "tmpfs")
        os.mkdir("/mnt/base")
        kernel.mount(f"/proc/self/fd/{opened}", "/mnt/base", None, kernel.MS_BIND)
        version = subprocess.check_output(["bwrap", "--version"], text=True).split()[-1]
        self.overlay = tuple(map(int, version.split(".")[:2])) >= (0, 11)

    def _argv(self, name: str, filter_at: int, status: int, command: list[str]) -> list[str]:
        bottom = (["--overlay-src", "/mnt/base", "--tmp-overlay", "/"] if self.overlay
                  else ["--ro-bind", "/mnt/base", "/"])  # fmt: skip
        caps = [word for one in CAPABILITIES for word in ("--cap-add", f"CAP_{one}")]
        return [
            "bwrap", *bottom, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
            "--tmpfs", "/root", "--tmpfs", "/run", "--unshare-pid", "--unshare-net",
            "--unshare-ipc", "--unshare-uts", "--unshare-cgroup", "--hostname", name, "--clearenv",
            "--setenv", "PATH", "/usr/sbin:/usr/bin:/sbin:/bin", "--cap-drop", "ALL", *caps,
            "--seccomp", str(filter_at), "--die-with-parent", "--new-session",
            *(["--json-status-fd", str(status)] if status >= 0 else []), *command,
        ]  # fmt: skip

    def _filter(self) -> int:
        lines = [
            (*line[:3], confine._ALLOW if line[3] == confine._NOTIFY else line[3])  # no ledger here
            for line in confine.program(platform.machine(), one_user=False, exits=False)
        ]
        at = os.memfd_create("filter")
        os.write(at, b"".join(struct.pack("=HBBI", *line) for line in lines))
        os.lseek(at, 0, os.SEEK_SET)
        return at

    def _one(self, name: str) -> tuple[subprocess.Popen[bytes], int]:
        near, far = os.pipe()
        at = self._filter()
        running = subprocess.Popen(
            self._argv(name, at, far, ["/bin/sleep", "600"]), pass_fds=[at, far],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(far)
        os.close(at)
        with os.fdopen(near) as said:
            line = said.readline()
        if not line:
            raise OSError(f"bwrap ended with {running.wait()}")
        pid = int(json.loads(line)["child-pid"])
        while b"sleep" not in Path(f"/proc/{pid}/task/{pid}/children").read_bytes() and not any(
            Path(f"/proc/{one}/cmdline").read_bytes().startswith(b"/bin/sleep")
            for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ):
            time.sleep(0.001)
        return running, pid

    def start(self) -> list[int]:
        self.running = [self._one(name) for name in NAMES]
        return [pid for one, inner in self.running for pid in (one.pid, inner)]

    def _enter(self) -> list[str]:
        kinds = ["--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup"]
        return ["nsenter", f"--target={self.running[0][1]}", *kinds, "--root", "--wd=/"]

    def true(self) -> None:
        subprocess.run([*self._enter(), "/bin/true"], env={}, check=True)

    def stop(self) -> None:
        for one, _ in self.running:
            one.kill()
        for one, _ in self.running:
            one.wait()

    def probe(self, text: str, facts: str) -> dict[str, str]:
        told = {}
        python = ["/usr/bin/python3", "-I", "-", facts]
        at = self._filter()
        for how, argv in (("as its first program", self._argv("ops", at, -1, python)),
                          ("by nsenter", [*self._enter(), *python])):  # fmt: skip
            told[how] = subprocess.run(
                argv, input=text, env={}, pass_fds=[at], capture_output=True, text=True,
                check=False,
            ).stdout  # fmt: skip
        return told


class Oci(Carrier):
    """A runtime of the Open Container Initiative; bundles and state lie below a tmpfs of ours."""

    program = "runc"
    more: tuple[str, ...] = ()

    def open(self) -> None:
        kernel.unshare(kernel.CLONE_NEWNS, "mounts")
        kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
        PLACE.mkdir(exist_ok=True)
        first = ids.mapping().uid
        kernel.mount("tmpfs", str(PLACE), "tmpfs")
        os.chdir(PLACE)
        os.mkdir("base")
        kernel.mount(str(self.tree), "base", None, kernel.MS_BIND)
        for name in NAMES:
            for part in ("", "/upper", "/work", "/rootfs"):
                PLACE.joinpath(name + part).mkdir()
                os.chown(f"{PLACE}/{name}{part}", first, first)
            # By names that tell nothing: the table of mounts shows them to the host.
            layers = f"lowerdir=base,upperdir={name}/upper,workdir={name}/work"
            kernel.mount("overlay", f"{name}/rootfs", "overlay", 0, layers)
            PLACE.joinpath(name, "config.json").write_text(json.dumps(self._bundle(name)))

    def _bundle(self, name: str) -> dict[str, Any]:
        mapping = ids.mapping()
        lines = [{"containerID": 0, "hostID": mapping.uid, "size": mapping.count}]
        caps = [f"CAP_{one}" for one in CAPABILITIES]
        calls: list[dict[str, Any]] = [
            {"names": list(confine.REFUSED[platform.machine()]), "action": "SCMP_ACT_ERRNO"},
            {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
            *({"names": ["clone"], "action": "SCMP_ACT_ERRNO", "args": [
                {"index": 0, "value": bit, "valueTwo": bit, "op": "SCMP_CMP_MASKED_EQ"}]}
              for bit in (1 << 17, *(1 << at for at in range(25, 31)))),
            *({"names": [call], "action": "SCMP_ACT_ERRNO", "args": [
                {"index": 1, "value": value, "op": "SCMP_CMP_EQ"}]}
              for call, value in (("ioctl", 0x5412), ("ioctl", 0x541C), ("fcntl", 1024))),
            *({"names": ["socket", "socketpair"], "action": "SCMP_ACT_ERRNO", "args": [
                {"index": 0, "value": family, "op": "SCMP_CMP_EQ"}]}
              for family in range(64) if family not in (1, 2, 10, 16)),
        ]  # fmt: skip
        kinds = ("pid", "network", "ipc", "uts", "mount", "user", "cgroup")
        quiet = ["nosuid", "noexec", "nodev"]
        return {
            "ociVersion": "1.0.2",
            "hostname": name,
            "root": {"path": "rootfs", "readonly": False},
            "process": {
                "user": {"uid": 0, "gid": 0}, "cwd": "/", "args": ["/bin/sleep", "600"],
                "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], "noNewPrivileges": False,
                "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), caps),
                "rlimits": [{"type": f"RLIMIT_{name}", "soft": most, "hard": most} for name, most
                            in (("NPROC", 1536), ("DATA", 1 << 30), ("NOFILE", 1024))],
            },
            "mounts": [
                {"destination": "/proc", "type": "proc", "source": "proc", "options": quiet},
                {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
                 "options": ["nosuid", "mode=755", "size=64k"]},
                {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
                 "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]},
                {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
                 "options": [*quiet, "mode=1777", "size=32m"]},
            ],
            "linux": {
                "namespaces": [{"type": kind} for kind in kinds],
                "cgroupsPath": f"{CGROUP}-{name}",
                "uidMappings": lines, "gidMappings": lines, "maskedPaths": MASKED,
                "readonlyPaths": ["/proc/sys"],
                "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": calls,
                            "architectures": ["SCMP_ARCH_X86_64"]},
            },
        }  # fmt: skip

    def _argv(self, *words: str) -> list[str]:
        return [self.program, *self.more, "--root", str(PLACE / "state"), *words]

    def _do(self, *words: str) -> None:
        with tempfile.TemporaryFile("w+") as said:  # a pipe would be held by the host
            done = subprocess.run(
                self._argv(*words), stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False
            )
            said.seek(0)
            text = said.read().strip()
        if done.returncode:
            raise OSError(text.splitlines()[-1] if text else f"ended with {done.returncode}")

    def start(self) -> list[int]:
        with ThreadPoolExecutor(len(NAMES)) as pool:
            list(pool.map(lambda name: self._do(
                "run", "--detach", "--bundle", str(PLACE / name), "--pid-file",
                str(PLACE / name / "pid"), name), NAMES))  # fmt: skip
        return [int(PLACE.joinpath(name, "pid").read_text()) for name in NAMES]

    def true(self) -> None:
        self._do("exec", NAMES[0], "/bin/true")

    def stop(self) -> None:
        with ThreadPoolExecutor(len(NAMES)) as pool:
            list(pool.map(lambda name: self._do("delete", "--force", name), NAMES))

    def probe(self, text: str, facts: str) -> dict[str, str]:
        argv = self._argv("exec", NAMES[0], "/usr/bin/python3", "-I", "-", facts)
        done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
        return {"": done.stdout}


class Crun(Oci):
    """The same bundles; it can be told to leave control groups alone."""

    program = "crun"
    more = ("--cgroup-manager=disabled",)


CARRIERS: dict[str, type[Carrier]] = {
    "own launcher": Own, "bwrap": Bubblewrap, "runc": Oci, "crun": Crun
}  # fmt: skip


# --- in a controller of its own ------------------------------------------------------------------


def measure(carrier: Carrier) -> None:
    """Times of each part, in milliseconds."""
    carrier.open()
    times: dict[str, list[float]] = {"start": [], "true": [], "stop": []}

    def timed(name: str, act: Callable[[], Any]) -> None:
        began = time.monotonic()
        act()
        times[name].append((time.monotonic() - began) * 1000)

    for _ in range(ROUNDS):
        timed("start", carrier.start)
        for _ in range(5):
            timed("true", carrier.true)
        timed("stop", carrier.stop)
    told = {name: f"{min(all_):.0f}/{statistics.median(all_):.0f}" for name, all_ in times.items()}
    print(json.dumps(told))


def attacked(carrier: Carrier) -> None:
    """What the probes reach on a host."""
    carrier.open()
    carrier.start()
    told = carrier.probe(sys.stdin.read(), sys.argv[3])
    print(json.dumps(told))
    carrier.stop()


def wait_for_the_end(carrier: Carrier) -> None:
    """Start hosts, say which processes they are, and wait to be killed."""
    carrier.open()
    print(json.dumps(carrier.start()), flush=True)
    time.sleep(600)


ACTS = {"measure": measure, "attacked": attacked, "wait": wait_for_the_end}


# --- outside -------------------------------------------------------------------------------------


def below(pids: list[int]) -> set[int]:
    """These processes and all that they started."""
    found, new = set[int](), set(pids)
    while new:
        found |= new
        started: set[int] = set()
        for pid in new:
            for table in Path(f"/proc/{pid}/task").glob("*/children"):
                started |= {int(one) for one in table.read_text().split()}
        new = started - found
    return found


def left_after_a_kill(act: list[str]) -> str:
    """Processes that live on 3 s after a kill -9 of their controller; they are then ended."""
    with subprocess.Popen([*act, "wait"], stdout=subprocess.PIPE, text=True) as controller:
        assert controller.stdout
        line = controller.stdout.readline()
        everyone = below([controller.pid, *json.loads(line)])
        controller.kill()
        controller.wait()
    everyone.discard(controller.pid)
    time.sleep(3)
    alive = [pid for pid in everyone if lives(pid)]
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
    time.sleep(0.5)
    for folder in Path("/sys/fs/cgroup").glob(f"**{CGROUP}-*"):
        folder.rmdir()
    return f"{len(alive)} of {len(everyone)}"


def lives(pid: int) -> bool:
    """Orphans of a controller are ours, and wait to be asked for; they have ended all the same."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def facts_for(folder: Path) -> tuple[dict[str, Any], subprocess.Popen[bytes]]:
    """What is planted outside for the probes to find."""
    canary = "canary-" + os.urandom(8).hex()
    secret = folder / canary
    secret.write_text(canary)
    victim = subprocess.Popen(
        ["/bin/sleep", "600"], env={"PLANTED_API_KEY": canary}, stdin=secret.open()
    )
    port = probes.serve([("0.0.0.0", 0), "\0" + canary])[0]
    started = Path(f"/proc/{victim.pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    address = "127.0.0.2"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("192.0.2.1", 9))  # sends nothing
            address = one.getsockname()[0]
        except OSError:
            pass
    return {
        "canary": canary, "mark": "x", "path": str(secret), "port": port, "inside": True,
        "address": address, "victim": victim.pid, "victim_started": started, "init": 1,
        "monitor": 0, "supervisor": victim.pid, "as_root": True, "people": [0],
        "neighbour_port": 1, "key": 1, "numbers": confine.REFUSED[platform.machine()],
        "place": "inside", "addresses": [],
        "folders": [str(ROOT), str(base.place()), str(folder)],
    }, victim  # fmt: skip


def open_and_open() -> None:
    """What machines do all the time; one probe listens for it."""
    while True:
        os.close(os.open("/dev/urandom", os.O_RDONLY))
        time.sleep(0.05)


def main() -> None:
    tree = base.tree(ids.mapping())
    if os.geteuid() != 0 or tree is None or ids.mapping().kind != "root":
        raise SystemExit("needs root, and the hosts' base (`peerwatch fleet build`)")
    ctypes.CDLL(None).prctl(kernel.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    threading.Thread(target=open_and_open, daemon=True).start()
    print(f"{time.strftime('%Y-%m-%d')}, Linux {platform.release()}, {os.cpu_count()} processors, "
          f"least/median of {ROUNDS}, ms")  # fmt: skip
    row = "{:28} {:>9} {:>9} {:>9} {:>7} {:>8}  {}"
    print(row.format("", "start 3", "true", "end", "left", "held", "reached"))
    for name in sys.argv[1:] or CARRIERS:
        program = {"own launcher": "python3"}.get(name, name)
        if shutil.which(program) is None:
            print(f"{name:28} not here")
            continue
        act = [sys.executable, __file__, name]
        done = subprocess.run([*act, "measure"], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{name:28} {done.stderr.strip().splitlines()[-1]}")
            continue
        times = json.loads(done.stdout)
        left = left_after_a_kill(act)
        with tempfile.TemporaryDirectory() as folder:
            facts, victim = facts_for(Path(folder))
            text = Path(probes.__file__).read_text()
            done = subprocess.run([*act, "attacked", json.dumps(facts)], input=text,
                                  capture_output=True, text=True, check=True)  # fmt: skip
            victim.kill()
            victim.wait()
        for how, said in json.loads(done.stdout).items():
            rows = [json.loads(line) for line in said.splitlines()]
            rows = [one for one in rows if probes.PROBES[one["probe"]].group != "neighbours"]
            reached = [one["probe"] for one in rows if one["reached"]]
            held = f"{len(rows) - len(reached)}/{len(rows)}"
            figures = [times[part] for part in ("start", "true", "stop")]
            print(row.format(f"{name} {how}".strip(), *figures, left, held, " ".join(reached)))


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[2] in ACTS:
        mapped = base.tree(ids.mapping())
        assert mapped
        ACTS[sys.argv[2]](CARRIERS[sys.argv[1]](mapped))
    else:
        main()

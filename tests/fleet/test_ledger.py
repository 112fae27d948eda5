"""The ledger: what starts on a host is written down, whoever starts it and however it ends."""

from __future__ import annotations

import io
import json
import os
import select
import signal
import socket
import sys
import textwrap
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from peerwatch.errors import InfrastructureFault
from peerwatch.fleet import Ledger, ProgramState
from peerwatch.fleet._launcher import confine, kernel, notices
from peerwatch.fleet._launcher import ledger as keeping
from peerwatch.fleet._launcher.lineage import Host, Lineage

from .conftest import Hosts

_numbers = count(1)

KILLED, ENDED = (
    -number if kernel.TELLS_HOW_IT_ENDED else None for number in (signal.SIGKILL, signal.SIGTERM)
)

_MEMORY_FILE = """
import os
file = os.memfd_create("nobody")
os.write(file, open("/bin/true", "rb").read())
os.execve(file, ["something else", "x"], {})
"""
_IN_A_THREAD = """
import os, threading
threading.Thread(target=os.execv, args=("/bin/echo", ["echo", "from a thread"])).start()
"""
_OWN_FILTER = """
import ctypes, os, struct
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
def put(answer, flags=0):
    lines = [(0x20, 0, 0, 0), (0x15, 0, 1, 59), (6, 0, 0, answer), (6, 0, 0, 0x7FFF0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *one) for one in lines))
    program = struct.pack("HxxxxxxP", 4, ctypes.addressof(code))
    return libc.syscall(317, 1, flags, program), ctypes.get_errno()
"""


def ledger(hosts: Hosts) -> Ledger:
    return hosts.call(hosts.fleet.ledger)  # type: ignore[no-any-return]


def new_label() -> str:
    return f"label {next(_numbers)}"


def programs(hosts: Hosts, label: str | None) -> list[ProgramState]:
    """What a label is on, without the shell that the tests begin with."""
    return [one for one in ledger(hosts).programs if one.label == label][1:]


def ran(hosts: Hosts, command: str | list[str], host: str = "ops") -> list[ProgramState]:
    """What a shell line started."""
    label = new_label()
    hosts.run(host, command, label=label)
    return programs(hosts, label)


def soon(condition: Callable[[], bool]) -> bool:
    """Whether something comes true within some seconds."""
    end = time.monotonic() + 20
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def only(found: list[ProgramState], name: str) -> ProgramState:
    """The one program of this name."""
    (one,) = [each for each in found if each.argv and each.argv[0] == name]
    return one


def in_python(code: str) -> list[str]:
    return ["python3", "-c", code]


def test_a_line_and_all_that_it_starts(hosts: Hosts) -> None:
    before = time.time()
    found = ran(hosts, "cd /tmp && cp /etc/hostname copy; cp /nowhere here; false; ls | cat")
    assert [one.argv for one in found][:2] == [
        ("cp", "/etc/hostname", "copy"), ("cp", "/nowhere", "here")]  # fmt: skip
    assert {one.argv for one in found[2:]} == {("ls",), ("cat",)}  # false is the shell's own
    copied, refused = found[:2]
    assert (copied.path, copied.cwd, copied.host) == ("/usr/bin/cp", "/tmp", "ops")
    assert (copied.exit_status, refused.exit_status) == (0, 1)
    assert before < copied.started_at < (copied.ended_at or 0) <= time.time()
    assert not copied.failed
    assert not copied.cut
    assert copied.parent == refused.parent


def test_the_command_itself(hosts: Hosts) -> None:
    """Its first program is our own code until it starts, which nobody may read: it says so."""
    label = new_label()
    pid = hosts.out("ops", "echo $$; exit 3 | true", label=label)
    assert hosts.run("ops", "echo $$; exit 3", label=label).returncode == 3
    first, second = [one for one in ledger(hosts).programs if one.label == label]
    assert first.argv == ("bash", "-c", "echo $$; exit 3 | true")
    assert (first.path, first.cwd, first.pid, first.exit_status) == (
        "/usr/bin/bash", "/root", int(pid), 0)  # fmt: skip
    assert second.exit_status == 3


def test_numbers_are_the_hosts_own(hosts: Hosts) -> None:
    label = new_label()
    hosts.run("node-a", "sleep 61 & disown; sleep 0.1", label=label)
    sleeping = next(one for one in programs(hosts, label) if one.argv == ("sleep", "61"))
    assert (sleeping.ended_at, sleeping.exit_status) == (None, None)
    seen = [one.pid for one in hosts.snapshot().hosts["node-a"].processes
            if one.command.startswith("sleep 61")]  # fmt: skip
    assert seen == [sleeping.pid]
    hosts.run("node-a", f"kill {sleeping.pid}")
    assert soon(lambda: [(one.ended_at is None, one.exit_status)
                         for one in programs(hosts, label) if one.argv == ("sleep", "61")]
                == [(False, ENDED)])  # fmt: skip


def test_users_and_signals(hosts: Hosts) -> None:
    label = new_label()
    hosts.run("ops", "id; bash -c 'kill -9 $$'", user="nobody", label=label)
    one, other = programs(hosts, label)
    assert one.uid == other.uid == 65534
    assert other.exit_status == KILLED


def test_a_process_that_becomes_another_program(hosts: Hosts) -> None:
    """Each is an entry; how the first ended there is nothing to say of."""
    first, second = ran(hosts, "bash -c 'true; exec sh -c \"exit 7\"'; true")
    assert (first.pid, first.exit_status) == (second.pid, None)
    assert first.ended_at == second.started_at
    assert second.exit_status == 7


@pytest.mark.parametrize("code", [_MEMORY_FILE, _IN_A_THREAD])
def test_programs_without_a_path_and_from_threads(hosts: Hosts, code: str) -> None:
    (found,) = ran(hosts, in_python(code))
    expected = {
        _MEMORY_FILE: ("/memfd:nobody (deleted)", ("something else", "x")),
        _IN_A_THREAD: ("/bin/echo", ("echo", "from a thread")),
    }[code]
    assert (found.path, found.argv) == expected
    assert (found.exit_status, found.failed) == (0, False)


def test_what_is_not_there(hosts: Hosts) -> None:
    """Each folder of a PATH that is searched is an entry, and one that had nothing says so."""
    found = ran(hosts, "env -i PATH=/a:/b:/usr/bin env true; /none; ./none; /etc/hostname; /tmp")
    tries = [(one.path, one.failed) for one in found if one.argv[0] != "env"]
    assert tries == [
        ("/a/true", True), ("/b/true", True), ("/usr/bin/true", False),
        ("/none", True), ("./none", True), ("/etc/hostname", True), ("/tmp", True),
    ]  # fmt: skip
    assert [one.exit_status for one in found if not one.failed][-1] == 0
    assert all(one.exit_status is None and one.ended_at for one in found if one.failed)
    for program, code, rows in (("of-no-such-name", 127, 0), ("/none", 127, 1), ("/tmp", 126, 1)):
        label = new_label()
        assert hosts.run("ops", [program], label=label).returncode == code
        shown = [one for one in ledger(hosts).programs if one.label == label]
        assert len(shown) == rows
        assert all(one.argv == (program,) and one.failed for one in shown)


@pytest.mark.parametrize(
    "how",
    [
        "({} ) & disown",
        "nohup bash -c '{}; true' >/dev/null 2>&1 &",
        "setsid bash -c '{}; true' >/dev/null 2>&1 &",
        "setsid -f bash -c '{}; true' >/dev/null 2>&1",
        "(setsid bash -c '(:; {}) & :' & )",
    ],
)
def test_what_a_command_leaves_behind_stays_its_own(hosts: Hosts, how: str) -> None:
    """Also when the command, its shell and all that tells of it have ended."""
    label, other = new_label(), new_label()
    mark = f"/tmp/{label.replace(' ', '-')}"
    wait = f"while ! test -e {mark}; do sleep 0.05; done; touch {mark}-seen"
    hosts.run("ops", how.format(wait), label=label)
    hosts.run("ops", f"sleep 0.2; touch {mark}; sleep 0.3", label=other)
    assert soon(lambda: any("touch" in one.argv for one in programs(hosts, label)))
    touched = only(programs(hosts, label), "touch")
    assert touched.argv == ("touch", f"{mark}-seen")
    assert soon(lambda: only(programs(hosts, label), "touch").exit_status == 0)


def test_what_comes_over_ssh_belongs_to_its_caller(hosts: Hosts) -> None:
    label = new_label()
    line = "echo x > /tmp/sent; ssh node-a 'ls /srv; exit 5'; scp -q /tmp/sent node-b:/tmp/"
    hosts.run("ops", line, label=label)
    found = programs(hosts, label)
    listed = only([one for one in found if one.host == "node-a"], "ls")
    assert listed.argv == ("ls", "/srv")
    assert listed.exit_status == 0
    assert only([one for one in found if one.host == "ops"], "ssh").exit_status == 5
    assert any(one.host == "node-b" and "sftp" in one.path for one in found)
    leaving = new_label()
    hosts.run("ops", "ssh node-a 'nohup sleep 0.3 >/dev/null 2>&1 &'", label=leaving)
    assert soon(lambda: any((one.host, one.argv) == ("node-a", ("sleep", "0.3"))
                            for one in programs(hosts, leaving)))  # fmt: skip


def test_what_a_caller_left_over_there_stays_its_own(hosts: Hosts) -> None:
    """Also while another one calls."""
    first, second = new_label(), new_label()
    line = "until test -e /tmp/far; do sleep 0.05; done; touch /tmp/farther"
    hosts.run("ops", f"ssh node-b 'nohup sh -c \"{line}\" >/dev/null 2>&1 &'", label=first)
    hosts.run("ops", "ssh node-b 'touch /tmp/far; sleep 1'", label=second)
    far = [one for one in ledger(hosts).programs if one.host == "node-b" and "touch" in one.argv]
    assert [(one.argv[1], one.label) for one in far] == [
        ("/tmp/far", second), ("/tmp/farther", first)]  # fmt: skip


def test_two_callers_at_once_are_nobody(hosts: Hosts) -> None:
    """What cannot be told is not guessed."""
    first = new_label()
    hosts.run("ops", "ssh node-a sleep 1 & disown; while ! ssh node-a pgrep -x sleep; do :; done",
              label=first)  # fmt: skip
    second = new_label()
    hosts.run("ops", "ssh node-a uname -a", label=second)
    far = [one for one in ledger(hosts).programs if one.argv == ("uname", "-a")]
    assert [one.label for one in far] == [None]


def test_services_belong_to_nobody(hosts: Hosts) -> None:
    first = [one for one in ledger(hosts).programs if one.path == "/usr/sbin/sshd"][:3]
    assert {one.host for one in first} == {"ops", "node-a", "node-b"}
    assert all(one.label is None and one.ended_at is None and one.parent == 1 for one in first)


def test_names_may_be_anything(hosts: Hosts) -> None:
    code = "import os; os.execv(b'/bin/echo', [b'\\xff\\n\\x1b[31m', b'', b'\\xe2\\x82\\xac'])"
    (found,) = ran(hosts, in_python(code))
    assert found.argv == ("\udcff\n\x1b[31m", "", "€")
    (none,) = ran(hosts, in_python("import ctypes; ctypes.CDLL(None).execv(b'/bin/true', None)"))
    assert none.argv == ()


def test_who_wants_not_to_be_read_is_read(hosts: Hosts) -> None:
    """Closed to others by a call, deeper than a path has bytes, from a folder that is gone."""
    closed = "import ctypes, os; ctypes.CDLL(None).prctl(4, 0); os.execv('/bin/true', ['closed'])"
    (found,) = ran(hosts, in_python(closed))
    assert (found.path, found.argv) == ("/bin/true", ("closed",))
    deep = textwrap.dedent("""
        import os
        os.chdir("/tmp")
        for _ in range(25):
            os.mkdir("d" * 250)
            os.chdir("d" * 250)
        os.execv("/bin/true", ["deep"])
    """)
    (found,) = ran(hosts, in_python(deep))
    assert (found.argv, found.cwd, found.exit_status) == (("deep",), "", 0)
    gone = "mkdir /tmp/gone; cd /tmp/gone; rmdir /tmp/gone; /bin/true"
    assert ran(hosts, gone)[-1].cwd == "/tmp/gone (deleted)"
    nothing = "import ctypes; ctypes.CDLL(None).execveat(99, b'', None, None, 0x1000)"
    (found,) = ran(hosts, in_python(nothing))
    assert (found.path, found.argv, found.failed) == ("", (), False)
    assert ledger(hosts).lost == 0


def test_a_member_of_very_many_groups_is_read(hosts: Hosts) -> None:
    """The kernel names them all before it says which number the process has."""
    code = "import os; os.setgroups([60_000] * 65_536); os.execv('/bin/true', ['many'])"
    assert ran(hosts, in_python(code))[-1].argv == ("many",)
    assert ledger(hosts).lost == 0


def test_a_command_with_a_name_of_any_length(hosts: Hosts) -> None:
    for length in (100_000, 140_000):
        assert hosts.run("ops", ["/" + "x" * length]).returncode == 126
    assert hosts.out("ops", "echo alive") == "alive"


def test_a_monitors_word_that_is_cut_is_left_out() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs, select.epoll() as events:
        theirs.send(b'{"argv": ["' + b"x" * (1 << 17) + b'"]}')
        theirs.send(b"{}")
        Lineage(events).hear(Host("here", 1, ours, -1, []))
        assert not select.select([ours], [], [], 0)[0]  # both were taken


def test_long_arguments_are_cut(hosts: Hosts) -> None:
    code = "import os; os.execv('/bin/true', {})"
    (long,) = ran(hosts, in_python(code.format("['true', 'x' * 100_000, 'y']")))
    assert long.cut
    assert long.argv == ("true", "x" * 4091)
    (many,) = ran(hosts, in_python(code.format("['true', *['a'] * 5_000]")))
    assert many.cut
    assert len(many.argv) == 256
    (fits,) = ran(hosts, in_python(code.format("['true', 'x' * 4_090]")))
    assert not fits.cut
    assert fits.argv[1] == "x" * 4090


def test_thousands_of_programs(hosts: Hosts) -> None:
    flood = "for i in $(seq 500); do /bin/true; done"
    found = ran(hosts, f"({flood}) & ({flood}) & wait")
    assert [one.argv for one in found if one.argv != ("seq", "500")] == [("/bin/true",)] * 1000
    assert all(one.exit_status == 0 for one in found)
    assert ledger(hosts).lost == 0


def kept_here(line: str, *, exits: bool = not kernel.TELLS_HOW_IT_ENDED) -> dict[str, Any]:
    """What a ledger in this very process keeps of a shell line: its bounds are ours to set."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid == 0:
        kernel.prctl(38, 1)  # no new privileges: a filter of one's own needs no rights then
        listener = confine.refuse_system_calls(one_user=False, exits=exits)
        kernel.send(theirs, {}, [listener])
        os.close(listener)
        os.execv("/bin/bash", ["bash", "-c", line])  # noqa: S606
    with ours, theirs:
        _, (listener,) = kernel.receive(ours)
        kept = keeping.Ledger()
        kept.listen(Host("here", pid, ours, listener, []))
        poll = select.poll()
        poll.register(kept, select.POLLIN)
        while not os.waitpid(pid, os.WNOHANG)[0]:
            poll.poll(50)
            kept.serve()
        kept.serve()
        os.close(listener)
    text = io.StringIO()
    kept.answer(text)
    return json.loads(text.getvalue())  # type: ignore[no-any-return]


def test_what_cannot_be_read_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a host makes us read: it costs its entry, and its program runs all the same."""
    read = notices.words

    def fails(notice: notices.Notice) -> tuple[str, list[str], bool]:
        found = read(notice)
        if "odd" in found[1]:
            raise ValueError("as if it were something else")
        return found

    monkeypatch.setattr(notices, "words", fails)
    kept = kept_here("/bin/true even; /bin/true odd; /bin/true; exit 0")
    assert kept["lost"] == 1
    assert [row["argv"] for row in kept["programs"]][1:] == [["/bin/true", "even"], ["/bin/true"]]


def test_a_full_ledger_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What finds no room runs all the same; what was written before still gets its end."""
    monkeypatch.setattr(keeping, "MOST_PROGRAMS", 20)
    kept = kept_here("for i in {1..30}; do /bin/true; done")
    assert (len(kept["programs"]), kept["lost"]) == (20, 11)
    assert [one["exit_status"] for one in kept["programs"]] == [0] * 20


def test_a_full_ledger_takes_no_more_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST_TEXT", 10_000)
    kept = kept_here("for i in {1..30}; do /bin/true $(printf '%4000s' x | tr ' ' x); done")
    text = sum(len(argument) for one in kept["programs"] for argument in one["argv"])
    assert 8_000 < text < 15_000
    assert kept["lost"] > 50


def test_older_kernels_tell_of_exits(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are asked when a process exits, as they say nothing after its end: not of signals."""
    monkeypatch.setattr(kernel, "TELLS_HOW_IT_ENDED", False)
    thread = "import os, threading; threading.Thread(target=os._exit, args=(9,)).start()"
    lines = ("/bin/true", "(exit 5)", "bash -c 'exit 300'", "bash -c 'kill -9 $$'",
             f"{sys.executable} -ISc '{thread}'", ":")  # fmt: skip
    kept = kept_here("; ".join(lines), exits=True)["programs"]
    ends = [(one["argv"][0], one["exit_status"]) for one in kept]
    assert ends == [
        ("bash", 0), ("/bin/true", 0), ("bash", 44), ("bash", None), (sys.executable, 9)
    ]  # fmt: skip
    assert all(one["ended_at"] for one in kept)


def test_own_filters_hide_nothing_from_it(hosts: Hosts) -> None:
    """A refusal is a refusal for oneself, and there is no listener but ours."""
    refused = f"{_OWN_FILTER}\nprint(put(0x50000 | 1))\nos.execv('/bin/true', ['true'])"
    label = new_label()
    assert b"PermissionError" in hosts.run("ops", in_python(refused), label=label).stderr
    listened = f"{_OWN_FILTER}\nprint(put(0x7FC00000, 8))"
    assert hosts.out("ops", in_python(listened)) == "(-1, 16)"  # EBUSY: there is one
    traced = f"{_OWN_FILTER}\nput(0x7FF00000)\nos.execv('/bin/echo', ['echo', 'seen'])"
    (seen,) = ran(hosts, in_python(traced))
    assert seen.argv == ("echo", "seen")


def test_without_hosts_there_is_none(fresh: Callable[..., Hosts]) -> None:
    hosts = fresh()
    hosts.stop()
    with pytest.raises(InfrastructureFault):
        ledger(hosts)


def test_a_vfork_that_waits_for_its_child_is_not_held_up(hosts: Hosts) -> None:
    """posix_spawn stops the caller's thread until the child has its program."""
    code = textwrap.dedent("""
        import os
        for _ in range(50):
            os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
    """)
    found = ran(hosts, in_python(code))
    assert [one.argv for one in found] == [("true",)] * 50
    assert all(one.exit_status == 0 for one in found)


def test_a_killed_monitor_takes_no_entry_along(hosts: Hosts) -> None:
    """Its host's root may kill it; what it had started is written down and keeps its label."""
    label = new_label()
    line = "(sleep 0.2; touch /tmp/after) & kill -9 $PPID; exec sleep 0.1"
    assert hosts.run("ops", line, label=label).returncode == 137
    assert soon(lambda: any(one.argv == ("touch", "/tmp/after")
                            for one in programs(hosts, label)))  # fmt: skip


def test_a_user_that_is_not_there_starts_nothing(hosts: Hosts) -> None:
    label = new_label()
    assert hosts.run("ops", "true", user="nobody-of-this-name", label=label).unknown_user
    assert [one for one in ledger(hosts).programs if one.label == label] == []

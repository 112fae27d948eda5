"""The filter of system calls, for both processors, without one of them: every number is tried.

The tables are compared with the kernel's own headers, and the program that a host gets is run by a
small interpreter of its few instructions, on any call and arguments.
"""

from __future__ import annotations

import errno
import re
import struct
from functools import cache
from pathlib import Path

import pytest

from peerwatch.fleet._launcher import confine, kernel

PROCESSORS = ("x86_64", "aarch64")
HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"),
    # Debian 13's has one folder for each; before 6.11 aarch64 took the table of all new processors.
    "aarch64": ("/usr/lib/linux/uapi/arm64/asm/unistd_64.h", "/usr/include/asm-generic/unistd.h"),
}
IDENTITY = (
    "chown", "fchown", "lchown", "setuid", "setgid", "setreuid", "setregid", "setgroups",
    "setresuid", "setresgid", "setfsuid", "setfsgid", "fchownat",
)  # fmt: skip
STARTS = ("execve", "execveat")
SAME_EVERYWHERE = 424  # from this number on all processors count alike
ALLOW, NOTIFY, KILL = 0x7FFF0000, 0x7FC00000, 0x80000000
EPERM, ENOSYS, ENOFAMILY, NOTHING = (
    0x50000 | code for code in (errno.EPERM, errno.ENOSYS, errno.EAFNOSUPPORT, 0)
)
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "i386": 0x40000003, "arm": 0x40000028}
HIGH = 0xDEADBEEF << 32
"""The half of an argument that the kernel does not look at in the calls below."""


@cache
def header(processor: str) -> dict[str, int]:
    """Numbers by name as the kernel's headers have them."""
    for name in HEADERS[processor]:
        if Path(name).exists():
            text = Path(name).read_text()
            rows = re.findall(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$", text, re.M)
            return {call: int(number) for call, number in rows if call != "syscalls"}
    pytest.skip(f"no headers of the kernel for {processor} here (package linux-libc-dev)")


def run(processor: str, number: int, *arguments: int, one_user: bool = False,
        architecture: str | None = None) -> int:  # fmt: skip
    """What the filter answers, as the kernel would compute it."""
    wide = [*arguments, *[0] * (6 - len(arguments))]
    words = struct.pack("<IIQ6Q", number, ARCHITECTURE[architecture or processor], 0, *wide)
    lines = _program(processor, one_user)
    register, at = 0, 0
    for _ in range(len(lines)):
        code, if_true, if_false, constant = lines[at]
        at += 1
        if code == 0x20:
            register = struct.unpack_from("<I", words, constant)[0]
        elif code == 0x06:
            return constant
        else:
            met = {0x15: register == constant, 0x35: register >= constant,
                   0x45: register & constant != 0}[code]  # fmt: skip
            at += if_true if met else if_false
    raise AssertionError("it does not end")


@cache
def _program(processor: str, one_user: bool) -> list[confine.Instruction]:
    return confine.program(processor, one_user, exits=False)


@pytest.mark.parametrize("processor", PROCESSORS)
def test_the_tables_are_the_kernels_own(processor: str) -> None:
    """By name, where this header knows the call; newer ones than it are the same everywhere."""
    known = header(processor)
    ours = confine.REFUSED[processor] | kernel._NUMBERS[processor] | {
        "clone": confine._CLONE[processor], "socket": confine._SOCKET[processor],
        "socketpair": confine._SOCKETPAIR[processor],
        "ioctl": confine._IOCTL[processor], "fcntl": confine._FCNTL[processor],
        "clone3": confine._CLONE3, **dict(zip(STARTS, confine.EXECUTE[processor], strict=True)),
        "exit_group": confine.EXIT[processor],
    }  # fmt: skip
    unknown = {name for name in ours if name not in known}
    assert {name: ours[name] for name in ours if name in known} == {
        name: known[name] for name in ours if name in known
    }
    last = max(known.values())
    # The only calls that old headers had and newer ones do not: nobody answers them any more.
    assert {name for name in unknown if ours[name] <= last} <= {"lookup_dcookie"}
    assert set(confine.IDENTITY[processor]) == {known[name] for name in IDENTITY if name in known}


def test_new_calls_have_one_number_everywhere() -> None:
    new = {
        processor: {name: number for name, number in table.items() if number >= SAME_EVERYWHERE}
        for processor, table in confine.REFUSED.items()
    }
    assert new["x86_64"] == new["aarch64"]
    assert len(new["x86_64"]) > 10


def test_what_one_processor_refuses_the_other_does_too() -> None:
    """But for what only x86 ever had."""
    only = set(confine.REFUSED["x86_64"]) ^ set(confine.REFUSED["aarch64"])
    assert only == {"iopl", "ioperm", "modify_ldt", "sysfs", "uselib", "ustat"}


@pytest.mark.parametrize("one_user", [False, True])
@pytest.mark.parametrize("processor", PROCESSORS)
def test_every_number_has_the_right_answer(processor: str, one_user: bool) -> None:
    """All up to 1,024: what is refused, answered with success, told to the ledger, and the rest."""
    refused = set(confine.REFUSED[processor].values())
    for number in range(1024):
        said = run(processor, number, one_user=one_user)
        if number in refused:
            assert said == EPERM, number
        elif number in confine.EXECUTE[processor]:
            assert said == NOTIFY
        elif number == 435:
            assert said == ENOSYS
        elif one_user and number in confine.IDENTITY[processor]:
            assert said == NOTHING, number
        elif number in (confine._SOCKET[processor], confine._SOCKETPAIR[processor]):
            assert said == ENOFAMILY  # family 0
        else:
            assert said == ALLOW, number


@pytest.mark.parametrize("processor", PROCESSORS)
def test_exits_are_told_where_the_kernel_does_not(processor: str) -> None:
    told = set(confine.program(processor, one_user=False, exits=True))
    (more,) = told - set(_program(processor, one_user=False))
    assert more[3] == confine.EXIT[processor]


@pytest.mark.parametrize("processor", PROCESSORS)
def test_other_ways_into_the_kernel_end_the_process(processor: str) -> None:
    """Numbers of another processor's table would pass by ours unseen."""
    for other in ARCHITECTURE:
        if other != processor:
            assert run(processor, 1, architecture=other) == KILL


def test_the_numbers_of_x32_are_not_there() -> None:
    for number in (0x40000000, 0x40000000 | 165, 0x40000000 | 547, 0x7FFFFFFF, 0xFFFFFFFF):
        assert run("x86_64", number) == ENOSYS


@pytest.mark.parametrize("high", [0, HIGH])
@pytest.mark.parametrize("processor", PROCESSORS)
def test_arguments_are_looked_at(processor: str, high: int) -> None:
    """Whatever stands in the half that the kernel leaves out."""
    clone, ioctl = confine._CLONE[processor], confine._IOCTL[processor]
    for flag in (
        kernel.CLONE_NEWNS, kernel.CLONE_NEWCGROUP, kernel.CLONE_NEWUTS, kernel.CLONE_NEWIPC,
        kernel.CLONE_NEWUSER, kernel.CLONE_NEWPID, kernel.CLONE_NEWNET,
    ):  # fmt: skip
        assert run(processor, clone, high | flag | 17) == EPERM
    threads = 0x003D0F00  # what a thread of glibc is made with
    assert run(processor, clone, high | threads) == ALLOW
    assert run(processor, clone, high | 0x01200011) == ALLOW  # fork
    assert run(processor, ioctl, 0, high | 0x5412) == EPERM
    assert run(processor, ioctl, 0, high | 0x541C) == EPERM
    assert run(processor, ioctl, 0x5412, high | 0x5401) == ALLOW
    assert run(processor, confine._FCNTL[processor], 3, high | 1024) == EPERM
    assert run(processor, confine._FCNTL[processor], 3, high | 1030) == ALLOW
    for call in (confine._SOCKET[processor], confine._SOCKETPAIR[processor]):
        for family in range(64):
            said = run(processor, call, high | family, 1)
            assert said == (ALLOW if family in (1, 2, 10, 16) else ENOFAMILY), family


@pytest.mark.parametrize("processor", PROCESSORS)
def test_the_kernel_takes_the_program(processor: str) -> None:
    """At most 4,096 instructions; every jump leads to one of them; the last one returns."""
    for one_user in (False, True):
        lines = confine.program(processor, one_user, exits=one_user)
        assert len(lines) < 4096
        assert lines[-1][0] == 0x06
        for at, (code, if_true, if_false, _) in enumerate(lines):
            assert code in (0x20, 0x15, 0x35, 0x45, 0x06)
            if code in (0x15, 0x35, 0x45):
                assert max(if_true, if_false) < 256
                assert at + 1 + max(if_true, if_false) < len(lines)


def test_another_processor_has_no_filter_and_so_no_hosts() -> None:
    with pytest.raises(kernel.StepFailed, match="riscv64"):
        confine.program("riscv64", one_user=False, exits=False)

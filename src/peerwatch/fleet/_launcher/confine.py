"""What a host may not do: capabilities dropped and system calls refused, for good.

Takes whether only one user id exists; gives a process that can never regain what it lost. The
list is Docker's default thinking, tightened: no mounts, no namespaces, no devices, no kernel
modules, no keyrings, no bpf, no io_uring, no sockets beyond inet, inet6, unix and netlink. Whoever
starts a program waits until the ledger (`ledger.py`) has read which.
"""

from __future__ import annotations

import ctypes
import errno
import struct

from .kernel import MACHINE, PR_CAPBSET_DROP, StepFailed, check, libc, number, prctl

# Docker's default set without MKNOD (27) and AUDIT_WRITE (29): chown, dac_override, fowner,
# fsetid, kill, setgid, setuid, setpcap, net_bind_service, net_raw, sys_chroot, setfcap.
KEPT_CAPABILITIES = frozenset({0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 31})

# Refused with EPERM. Numbers from the kernel's headers; the aarch64 column has not been run.
REFUSED = {
    "x86_64": {
        "syslog": 103, "pivot_root": 155, "adjtimex": 159, "acct": 163, "settimeofday": 164,
        "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169, "iopl": 172,
        "ioperm": 173, "init_module": 175, "delete_module": 176, "quotactl": 179,
        "lookup_dcookie": 212, "clock_settime": 227, "kexec_load": 246, "add_key": 248,
        "request_key": 249, "keyctl": 250, "unshare": 272, "vmsplice": 278, "move_pages": 279,
        "perf_event_open": 298, "name_to_handle_at": 303, "open_by_handle_at": 304,
        "clock_adjtime": 305, "setns": 308, "process_vm_writev": 311, "kcmp": 312,
        "finit_module": 313, "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323,
        "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428,
        "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433,
        "mount_setattr": 442, "quotactl_fd": 443, "open_tree_attr": 467,
        # Files and memory that snapshots could not see or would be told of; counters and caches
        # that the whole machine shares; leftovers of old kernels.
        "fanotify_init": 300, "memfd_secret": 447, "io_setup": 206, "cachestat": 451,
        "statmount": 457, "listmount": 458, "lsm_set_self_attr": 460, "modify_ldt": 154,
        "uselib": 134, "ustat": 136, "sysfs": 139,
    },
    "aarch64": {
        "syslog": 116, "pivot_root": 41, "adjtimex": 171, "acct": 89, "settimeofday": 170,
        "mount": 40, "umount2": 39, "swapon": 224, "swapoff": 225, "reboot": 142,
        "init_module": 105, "delete_module": 106, "quotactl": 60, "lookup_dcookie": 18,
        "clock_settime": 112, "kexec_load": 104, "add_key": 217, "request_key": 218,
        "keyctl": 219, "unshare": 97, "vmsplice": 75, "move_pages": 239, "perf_event_open": 241,
        "name_to_handle_at": 264, "open_by_handle_at": 265, "clock_adjtime": 266, "setns": 268,
        "process_vm_writev": 271, "kcmp": 272, "finit_module": 273, "kexec_file_load": 294,
        "bpf": 280, "userfaultfd": 282, "io_uring_setup": 425, "io_uring_enter": 426,
        "io_uring_register": 427, "open_tree": 428, "move_mount": 429, "fsopen": 430,
        "fsconfig": 431, "fsmount": 432, "fspick": 433, "mount_setattr": 442, "quotactl_fd": 443,
        "open_tree_attr": 467, "fanotify_init": 262, "memfd_secret": 447, "io_setup": 0,
        "cachestat": 451, "statmount": 457, "listmount": 458, "lsm_set_self_attr": 460,
    },
}  # fmt: skip

# Changes of identity: with one user id mapped they would fail, and sshd, cron and tar would stop.
# They are answered with success instead, as nothing but root exists there.
IDENTITY = {
    "x86_64": (92, 93, 94, 105, 106, 113, 114, 116, 117, 119, 122, 123, 260),
    "aarch64": (54, 55, 143, 144, 145, 146, 147, 149, 151, 152, 159),
}

# Told to the listener: execve, execveat; and exit_group.
EXECUTE = {"x86_64": (59, 322), "aarch64": (221, 281)}
EXIT = {"x86_64": 231, "aarch64": 94}

_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CLONE = {"x86_64": 56, "aarch64": 220}
_SOCKET = {"x86_64": 41, "aarch64": 198}
_SOCKETPAIR = {"x86_64": 53, "aarch64": 199}
_IOCTL = {"x86_64": 16, "aarch64": 29}
_FCNTL = {"x86_64": 72, "aarch64": 25}
_CLONE3 = 435
_ANY_NEW_NAMESPACE = 0x7E020000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_SET_LEASE = 1024
_FAMILIES = (1, 2, 10, 16)  # unix, inet, inet6, netlink

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _NOTIFY, _ERRNO, _KILL = 0x7FFF0000, 0x7FC00000, 0x00050000, 0x80000000
_NEW_LISTENER, _ONLY_KILLS_INTERRUPT = 8, 32
_OFFSET_NUMBER, _OFFSET_ARCHITECTURE = 0, 4
_OFFSET_ARGUMENT = (16, 24)  # low halves of the first two arguments, little endian

Instruction = tuple[int, int, int, int]


def program(machine: str, one_user: bool, exits: bool) -> list[Instruction]:
    """The filter as (code, jump if true, jump if false, constant) tuples.

    Args:
        machine: `x86_64` or `aarch64`.
        one_user: answer changes of identity with success instead of doing them.
        exits: tell the listener of exits, too.

    Raises:
        StepFailed: no table for this machine.
    """
    if machine not in REFUSED:
        raise StepFailed(f"seccomp table for {machine}", errno.ENOSYS)
    out: list[Instruction] = [
        (_LOAD, 0, 0, _OFFSET_ARCHITECTURE),
        (_EQUAL, 1, 0, _ARCHITECTURE[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _OFFSET_NUMBER),
    ]

    def answer(call: int, code: int) -> None:
        out.extend([(_EQUAL, 0, 1, call), (_RETURN, 0, 0, _ERRNO | code)])

    def look_at(call: int, argument: int, body: list[Instruction]) -> None:
        out.append((_EQUAL, 0, len(body) + 1, call))
        out.append((_LOAD, 0, 0, _OFFSET_ARGUMENT[argument]))
        out.extend(body)

    if machine == "x86_64":  # the x32 interface would pass every number below unseen
        out.extend([(_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)])
    for call in REFUSED[machine].values():
        answer(call, errno.EPERM)
    for call in (*EXECUTE[machine], *([EXIT[machine]] if exits else [])):
        out.extend([(_EQUAL, 0, 1, call), (_RETURN, 0, 0, _NOTIFY)])
    if one_user:
        for call in IDENTITY[machine]:
            answer(call, 0)
    # clone3 hides its flags behind a pointer; without it libc falls back to clone, seen below.
    answer(_CLONE3, errno.ENOSYS)
    allow: Instruction = (_RETURN, 0, 0, _ALLOW)
    refuse: Instruction = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    look_at(_CLONE[machine], 0, [(_ANY_BIT, 0, 1, _ANY_NEW_NAMESPACE), refuse, allow])
    families: list[Instruction] = []
    for family in _FAMILIES:
        families.extend([(_EQUAL, 0, 1, family), allow])
    for call in (_SOCKET[machine], _SOCKETPAIR[machine]):
        look_at(call, 0, [*families, (_RETURN, 0, 0, _ERRNO | errno.EAFNOSUPPORT)])
    look_at(
        _IOCTL[machine],
        1,
        [(_EQUAL, 0, 1, _TIOCSTI), refuse, (_EQUAL, 0, 1, _TIOCLINUX), refuse, allow],
    )
    # Under a lease the supervisor's opening is refused, and its holder told of every snapshot.
    look_at(_FCNTL[machine], 1, [(_EQUAL, 0, 1, _SET_LEASE), refuse, allow])
    out.append(allow)
    return out


def refuse_system_calls(one_user: bool, exits: bool) -> int:
    """Install the filter; before capabilities go, so that setuid programs still work inside.

    Returns:
        The listener: until somebody answers on it, no program starts. No process below this one
        can have a listener of its own, so none can answer in its place.
    """
    packed = b"".join(struct.pack("=HBBI", *line) for line in program(MACHINE, one_user, exits))
    filter_memory = ctypes.create_string_buffer(packed, len(packed))
    header = struct.pack("HxxxxxxP", len(packed) // 8, ctypes.addressof(filter_memory))
    flags = _NEW_LISTENER | _ONLY_KILLS_INTERRUPT  # or a signal would start the call over
    return check(libc.syscall(number("seccomp"), 1, flags, header), "install the seccomp filter")


def drop_capabilities() -> None:
    """Drop from the bounding set and from this process all but `KEPT_CAPABILITIES`."""
    for capability in range(64):
        if capability not in KEPT_CAPABILITIES and prctl(PR_CAPBSET_DROP, capability) < 0:
            break  # past the last capability that this kernel knows
    mask = sum(1 << capability for capability in KEPT_CAPABILITIES)
    low, high = mask & 0xFFFFFFFF, mask >> 32
    header = struct.pack("=Ii", 0x20080522, 0)
    check(libc.capset(header, struct.pack("=6I", low, low, 0, high, high, 0)), "drop capabilities")

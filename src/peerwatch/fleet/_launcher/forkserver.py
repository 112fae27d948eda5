"""Forks the first process of each rollout from a process that has everything loaded already.

Takes the socket on which the controller asks; gives for each request a process descriptor of a
child that runs `boot.main`. An interpreter that starts and loads these modules costs 47 ms of CPU,
a forked child until it has its namespaces 4. It has an empty environment, keeps no descriptor of
any rollout, and ends with the controller; rollouts do not depend on it.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket

from . import boot, kernel

MOST_DESCRIPTORS = 250
"""Of one request; the kernel passes no more than 253 at once."""


def main(arguments: list[str]) -> None:
    """Serve until the controller is gone.

    Args:
        arguments: the descriptor number of the socket.
    """
    server = socket.socket(fileno=int(arguments[0]))
    server.set_inheritable(False)
    wake, waker = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)  # ignored after `nohup` or `&`; hosts would inherit
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    poll = select.poll()
    poll.register(server, select.POLLIN)
    poll.register(wake, select.POLLIN)
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page that holds an object
    while True:
        ready = dict(poll.poll())
        if wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if server.fileno() in ready:
            request, descriptors = kernel.receive(server, MOST_DESCRIPTORS)
            if request is None:
                os._exit(0)
            _fork(descriptors, [server.fileno(), wake, waker])


def _fork(descriptors: list[int], private: list[int]) -> None:
    """Answer on the first descriptor; the child gets the others, and none of `private`."""
    with socket.socket(fileno=descriptors[0]) as answer:
        try:
            pid = os.fork()
        except OSError as refused:
            message = {"error": f"fork: {refused.strerror}", "errno": refused.errno}
            kernel.send(answer, message, [])
        else:
            if pid == 0:
                try:
                    answer.close()
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for descriptor in private:
                        os.close(descriptor)
                    os.setsid()
                    boot.main(descriptors[1:])
                finally:
                    os._exit(0)
            process = os.pidfd_open(pid)
            with contextlib.suppress(OSError):  # the controller ended meanwhile
                kernel.send(answer, {"pid": pid}, [process])
            os.close(process)
    for descriptor in descriptors[1:]:
        os.close(descriptor)

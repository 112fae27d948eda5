"""Fills a container and starts its services, from within, before anybody lives on it.

Takes a line of JSON and contents on standard input; gives one line of JSON on standard output. A
container's file systems in memory can be reached by no other way that is open to everyone.
"""

from __future__ import annotations

import json
import os
import sys
import time

from . import services, stage

_CHUNK = 1 << 20


def main(_arguments: list[str]) -> None:
    """Write every file, then start each service; tells when the last file was written."""
    source = sys.stdin.buffer
    spec = json.loads(source.readline())
    contents = []
    for size in spec["sizes"]:
        contents.append(os.memfd_create("content"))
        while size > 0:
            chunk = source.read(min(_CHUNK, size))
            if not chunk:
                raise OSError(5, "a content ended early")
            os.write(contents[-1], chunk)
            size -= len(chunk)
    for entry in spec["files"]:
        if "blob" in entry:
            entry["blob"] = contents[entry["blob"]]
    os.umask(0o022)
    os.makedirs("/run/sshd", exist_ok=True)
    stage.write_files(spec["files"], spec["volumes"])
    filled_ns = time.time_ns()
    started = [services.start(argv) for argv in spec["services"]]
    if started:
        services.wait_for_ssh(started[0])
    sys.stdout.write(json.dumps({"filled_ns": filled_ns}) + "\n")

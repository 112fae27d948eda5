"""Writes a page from made-up rollouts, and prints what it cost.

    python tests/report/measure.py ROLLOUTS [--out FILE]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from made_up import MANNERS, study

from peerwatch.report import write


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rollouts", type=int)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    summary, rollouts = study(max(1, round(asked.rollouts / (2 * len(MANNERS)))))
    with tempfile.TemporaryDirectory() as folder:
        out = asked.out or Path(folder) / "report.html"
        started = time.perf_counter()
        write(summary, rollouts, out)
        print(f"{len(rollouts)} rollouts: {out.stat().st_size / 1e6:.2f} MB "  # noqa: T201
              f"in {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()

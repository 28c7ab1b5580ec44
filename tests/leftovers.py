"""What a test run has started and would leave behind if it were killed: stopped by one process that outlives it.

One for each process that runs tests, whatever it starts: a loop for every server would be hundreds of them in the end,
and take a processor of their own.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EVERY = 0.5  # seconds between two looks at the run
GRACE = 0.5  # seconds to end in, before the folders go
_started: dict[int, tuple[subprocess.Popen[bytes], Path]] = {}  # by run; kept, or Python warns of children it forgets


def watch(run: int, folder: Path, pid_file: str, stop: str) -> None:
    """When the process `run` is gone: send the signal `stop` to the server named in the pid file, remove `folder`."""
    if run not in _started:
        listed = Path(tempfile.mkdtemp(prefix="doorward-leftovers-")) / "list"
        listed.touch()
        watcher = subprocess.Popen(
            [sys.executable, "-S", "-E", __file__, str(run), str(listed)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        _started[run] = watcher, listed
    with _started[run][1].open("a") as file:
        file.write(f"{stop.removeprefix('-')}\t{folder / pid_file}\t{folder}\n")


def clear(run: int, listed: Path) -> None:
    """Wait for the end of the run, and stop what is listed."""
    while _is_alive(run):
        time.sleep(EVERY)
    lines = [line.split("\t") for line in listed.read_text().splitlines()]
    for stop, pid_file, _ in lines:
        _stop(Path(pid_file), signal.Signals[f"SIG{stop}"])
    time.sleep(GRACE)
    for *_, folder in lines:
        shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(listed.parent, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _stop(pid_file: Path, stop: signal.Signals) -> None:
    """Unless the number is another process's by now, which began after the file was written."""
    try:
        pid, written = int(pid_file.read_text().split()[0]), pid_file.stat().st_mtime
        if _began(pid) <= written + 1:
            os.kill(pid, stop)
    except (OSError, ValueError, IndexError):
        pass  # it has ended


def _began(pid: int) -> float:
    """When a process began, epoch seconds. Errors: `OSError` where it is gone."""
    ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    booted = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime"))
    return int(booted.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    clear(int(sys.argv[1]), Path(sys.argv[2]))

"""The machine: which core serves, what that core can sign and hash, and how much memory processes hold."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cores:
    """The core that serves, and those of everybody else (the generator, a database server)."""

    server: int
    others: tuple[int, ...]

    @property
    def shared(self) -> bool:
        """Whether there is one core only, so that generator and server take turns."""
        return self.others == (self.server,)


def choose_cores() -> Cores:
    """The first core that we may use serves; the last one makes the load."""
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(allowed[0], (allowed[-1],) if len(allowed) > 1 else (allowed[0],))


def on_core(core: int) -> Callable[[], None]:
    """A `preexec_fn`: the child, and all that it starts, runs on this core alone."""
    return lambda: os.sched_setaffinity(0, {core})


def signatures(core: int, seconds: int = 1, algorithms: Sequence[str] = ("rsa2048", "ecdsap256")) -> dict[str, float]:
    """Signatures a second by `openssl speed` on one core, by the clock on the wall: {"rsa2048": …, "ecdsap256": …}."""
    done = subprocess.run(
        ["openssl", "speed", "-elapsed", "-mr", "-seconds", str(seconds), *algorithms],
        check=True,
        capture_output=True,
        text=True,
        preexec_fn=on_core(core),
    )
    # +F2:<n>:<bits>:<signatures a second>:<verifications a second> for RSA; +F4 for ECDSA
    found = {kind: float(rate) for kind, rate in re.findall(r"^\+(F[24]):\d+:\d+:([\d.]+):", done.stdout, re.MULTILINE)}
    rates = {name: found.get("F2" if name.startswith("rsa") else "F4", 0.0) for name in algorithms}
    if not all(rates.values()):
        raise RuntimeError(f"cannot read what openssl speed says:\n{done.stdout}")
    return rates


def rsa2048(core: int) -> float:
    """RSA-2048 signatures a second: what every figure is divided by."""
    return signatures(core, algorithms=("rsa2048",))["rsa2048"]


_HASHING = """
import sys, time
from argon2 import PasswordHasher
memory, cost, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
hasher = PasswordHasher(time_cost=cost, memory_cost=memory, parallelism=1)
stored, done = hasher.hash("x" * 20), 0
begun = time.perf_counter()
while time.perf_counter() - begun < seconds:
    hasher.verify(stored, "x" * 20)
    done += 1
print(done / (time.perf_counter() - begun))
"""


def hashes(core: int, memory_kib: int, time_cost: int, seconds: float = 1.0) -> float:
    """Password hashes a second on one core, with nothing else to do."""
    command = [sys.executable, "-c", _HASHING, str(memory_kib), str(time_cost), str(seconds)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, preexec_fn=on_core(core))
    return float(done.stdout)


def family_of(pid: int) -> list[int]:
    """A process and all its descendants."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found.extend(int(child) for child in task.read_text().split())
    return found


def memory(pid: int) -> dict[str, float]:
    """MiB that a process and its descendants hold: RSS counts shared pages in each, PSS once in all."""
    total = {"rss": 0.0, "pss": 0.0}
    for process in family_of(pid):
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
        for name in total:
            found = re.search(rf"^{name}: +(\d+) kB", text, re.MULTILINE | re.IGNORECASE)
            total[name] += int(found[1]) / 1024 if found else 0.0
    return total


def cpu_seconds(pid: int) -> float:
    """Processor time that a process and its descendants have used."""
    ticks = 0
    for process in family_of(pid):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def wait_for_quiet(core: int, patience: float = 20.0) -> bool:
    """Wait until nobody else uses the core; False where that does not come to pass."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        before = _busy(core)
        time.sleep(0.25)
        if _busy(core) - before <= 0.02:
            return True
    return False


def _busy(core: int) -> float:
    line = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith(f"cpu{core} "))
    user, nice, system, _, _, irq, softirq, steal = (int(part) for part in line.split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def describe() -> dict[str, str]:
    """What a reader needs to compare: processor, Python, OpenSSL."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    openssl = subprocess.run(["openssl", "version"], check=True, capture_output=True, text=True).stdout.split()
    flags = Path("/proc/cpuinfo").read_text()
    return {
        "processor": (model[1] if model else "unknown") + (", AVX512-IFMA" if "avx512ifma" in flags else ""),
        "cores": str(os.cpu_count()),
        "python": sys.version.split()[0] + ("" if _is_optimised() else " without PGO"),
        "openssl": openssl[1],
    }


def _is_optimised() -> bool:
    import sysconfig

    return "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS"))

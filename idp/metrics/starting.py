"""Begin to count, where somebody has set a token to read by."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from idp.meters.notes import Meters
from idp.protocols import Services
from idp.tracing.spans import Tracer


def start(services: Services) -> None:
    """Have this process count from now on, if anybody may read it."""
    if not services.settings.metrics.token:
        return
    meters, begun = services.part(Meters), time.time()
    meters.knows = lambda client_id: services.registry.find(client_id) is not None
    meters.gauges = _of_process(services, meters, begun)
    services.errors.heard = services.faults.heard = lambda kind: meters.count("refusals", kind or "unnamed")
    meters.on = True


def _of_process(services: Services, meters: Meters, begun: float) -> Callable[[], Mapping[str, float]]:
    def read() -> Mapping[str, float]:
        times = os.times()
        return {
            "worker_start_time_seconds": begun,
            "worker_memory_bytes": _resident(),
            "worker_cpu_seconds": times.user + times.system,
            "worker_database_connections": services.db.connections,
            "worker_database_failures": services.db.failures,
            "worker_password_hashes": services.passwords.hashes,
            "worker_passwords_waiting": services.passwords.waiting,
            "worker_applications_cached": services.registry.held,
            "worker_application_reads": services.registry.reads,
            "worker_notes_lost": meters.lost,
            **_of_traces(services),
        }

    return read


def _of_traces(services: Services) -> Mapping[str, float]:
    sending = services.part(Tracer).sending
    return {} if sending is None else {"worker_spans_sent": sending.sent, "worker_spans_lost": sending.lost}


def _resident() -> float:
    """Bytes; 0 on systems that do not say."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * float(os.sysconf("SC_PAGE_SIZE"))
    except (OSError, IndexError, ValueError):
        return 0.0

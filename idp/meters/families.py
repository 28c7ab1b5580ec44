"""Every metric that there is, with its labels: what is shown, what the document lists, what dashboards may ask for."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram"]


class Family(NamedTuple):
    """One metric. `name` is without `doorward_` and without the `_total` that counters end in."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str

    @property
    def full_name(self) -> str:
        """As Prometheus has it."""
        return f"doorward_{self.name}{'_total' if self.kind == 'counter' else ''}"


#: Seconds. Up to 50 ms fine enough to see a signature beside a hash.
BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

#: Added up over the workers of one machine; a worker that takes a dead one's place goes on from its numbers.
COUNTED: Final = (
    Family("requests", "counter", ("endpoint", "status"), "Requests that were answered, but for those of "
           "no address of ours and those that found no room (408, 429, 503 before a thread has them)."),
    Family("request_seconds", "histogram", ("endpoint",), "How long an answer took to be made, from "
           "when a thread had the request: without the wait for one, and without sending it."),
    Family("request_part_seconds", "histogram", ("endpoint", "part"),
           "The share of it that went to the store, to signatures, to a password's hash and the wait for one."),
    Family("sign_ins", "counter", ("app", "method", "result"), "Proofs: sessions that began, and what was wrong."),
    Family("sign_ons", "counter", ("app", "protocol"), "Times that somebody was let on to an application, also by a "
           "session that was there."),
    Family("tokens", "counter", ("app", "grant"), "Answers of the token endpoint with a token."),
    Family("refusals", "counter", ("kind",), "What was refused, by the kind under which docs/errors explains it."),
    Family("logout_deliveries", "counter", ("result",), "Tries to tell an application of a sign-out."),
    Family("copied_sessions", "counter", ("result",), "Sign-ins whose cookie was used in two places: ended, or told."),
    Family("messages", "counter", ("kind", "result"), "Mails and text messages."),
)  # fmt: skip

#: Of each worker.
WORKERS: Final = (
    Family("worker_start_time_seconds", "gauge", ("worker",), "When the worker began, epoch seconds."),
    Family("worker_memory_bytes", "gauge", ("worker",), "Memory that the worker holds (resident)."),
    Family("worker_cpu_seconds", "counter", ("worker",), "Processor time of the worker."),
    Family("worker_database_connections", "gauge", ("worker",), "Open connections to the database, one for each of "
           "its threads."),
    Family("worker_database_failures", "counter", ("worker",), "Statements that failed as the database was gone, busy "
           "or full."),
    Family("worker_password_hashes", "counter", ("worker",), "Password hashes that were computed."),
    Family("worker_passwords_waiting", "gauge", ("worker",), "Sign-ins that have a hash, or wait for one."),
    Family("worker_applications_cached", "gauge", ("worker",), "Applications that are held in memory."),
    Family("worker_application_reads", "counter", ("worker",), "Times that an application was not held in memory and "
           "was read from the database."),
    Family("worker_spans_sent", "counter", ("worker",), "Spans that the collector of traces took."),
    Family("worker_spans_lost", "counter", ("worker",), "Spans that it did not take, or that came faster than they "
           "could be sent."),
    Family("worker_notes_lost", "counter", ("worker",), "Notes for these metrics that came faster than they were "
           "added up, or whose application had no series left and are counted under `other`."),
)  # fmt: skip

#: Of the whole installation: every machine shows the same.
INSTALLATION: Final = (
    Family("info", "gauge", ("version", "database", "state"), "Always 1."),
    Family("store_up", "gauge", ("store",), "1 where the database, or State, answers."),
    Family("jobs", "gauge", ("name", "state"), "Jobs in the queue: waiting, running, failed (their tries used up)."),
    Family("jobs_overdue_seconds", "gauge", (), "For how long the oldest job that is due has waited."),
    Family("signing_key_since_timestamp_seconds", "gauge", ("alg", "state"), "Since when the newest key in this state "
           "is in it, epoch seconds."),
    Family("signing_key_rotation_seconds", "gauge", (), "The age at which keys are replaced."),
    Family("certificate_end_timestamp_seconds", "gauge", ("use", "id", "state"), "When a certificate ends, epoch "
           "seconds: ours for SAML, and the authorities of oauth.client_certificate_ca."),
    Family("backup_last_success_timestamp_seconds", "gauge", (), "Of when the last good backup is; 0: none."),
    Family("backup_last_failure_timestamp_seconds", "gauge", (), "When a backup failed last; 0: none did."),
    Family("backup_every_seconds", "gauge", (), "How often the servers make one; 0: they make none."),
    Family("doctor_findings", "gauge", ("status",), "What `doorward doctor` finds while it serves, looked at hourly."),
)  # fmt: skip

FAMILIES: Final = (*COUNTED, *WORKERS, *INSTALLATION)

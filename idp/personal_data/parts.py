"""Which columns of which tables are somebody's data, and which are not and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

SECRET: Final = "opens something, or is a digest of what does"
INNER: Final = "how Doorward keeps it, with nothing about the person"
OTHERS: Final = "about somebody else"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Rows of one table. `told`: columns, in their order. `left_out`: the others but `key`, with the
    reason.

    `key`: the column that has the person's id; with `through` (table, column) it has the id of a row there, which is
    the person's. `named`: a column, and the table whose `name` is told beside it. `latest`: what
    orders rows of which there may be very many, the latest first; an index has it behind `key`. `by`: the column that
    says who did it, where that may have been somebody else: what is theirs in the row is not told.
    """

    table: str
    told: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    key: str = "person_id"
    through: str = ""
    named: tuple[str, str] | None = None
    latest: str = ""
    by: str = ""


#: By what they are called in the document.
PARTS: Final[Mapping[str, Part]] = {
    "account": Part(
        table="people", key="id",
        told=("id", "username", "email", "email_verified", "employee_number", "name", "claims", "groups", "roles",
              "enabled", "password_changed_at", "created_at", "changed_at"),
        left_out={"password_hash": SECRET, "search": INNER},
    ),
    "names_to_sign_in_with": Part(table="identifiers", told=("kind", "key")),
    "groups": Part(table="memberships", told=("group_id", "source"), left_out={}, named=("group_id", "groups")),
    "groups_owned": Part(table="group_owners", told=("group_id",), left_out={}, named=("group_id", "groups")),
    "roles": Part(table="role_grants", told=("role", "scope", "until", "granted_at"),
                  left_out={"granted_by": OTHERS}),
    "from_a_directory": Part(table="provisioned_people", told=("source", "external_id", "document", "made"),
                             left_out={}),
    "planned_end": Part(table="planned_ends", told=("off_at", "zone", "planned_at"),
                        left_out={"planned_by": OTHERS}),
    "invitation": Part(table="invitations", told=("sent_at", "way", "expires_at", "withdrawn_at"),
                       left_out={"sent_by": OTHERS, "withdrawn_by": OTHERS, "turn": INNER}),
    "sign_in_methods": Part(
        table="factors", told=("kind", "label", "created_at", "last_used_at"),
        left_out={"id": INNER, "key": SECRET, "sealed": SECRET, "data": SECRET, "counter": INNER},
    ),
    "backup_codes": Part(table="backup_codes", told=("created_at", "used_at"),
                         left_out={"id": INNER, "slot": SECRET, "code_hash": SECRET}),
    "codes_of_the_help_desk": Part(
        table="admin_codes", told=("reason", "created_at", "expires_at", "used_at"),
        left_out={"id": INNER, "code_hash": SECRET, "issued_by": OTHERS, "approved_by": OTHERS},
    ),
    "trusted_devices": Part(table="trusted_devices", told=("created_at", "expires_at", "address", "browser"),
                            left_out={"id": INNER, "secret_hash": SECRET}),
    "earlier_passwords": Part(table="password_history", told=("replaced_at",),
                              left_out={"id": INNER, "sealed": SECRET}),
    "password_reminders": Part(table="password_notices", told=("password_changed_at", "days")),
    "emergency_account": Part(
        table="break_glass", told=("made_at", "secrets_at", "used_at"),
        left_out={"secret": SECRET, "made_by": OTHERS, "looked_at": INNER, "seen": INNER, "alarm_at": INNER,
                  "alarm_latest": INNER, "alarm_uses": INNER, "alarm_failures": INNER, "told_at": INNER},
    ),
    "recovery_contacts": Part(table="recovery_contacts",
                              told=("kind", "value", "confirmed_at", "reviewed_at", "suspended_at"),
                              left_out={"key": INNER}),
    "recovery_contacts_changed": Part(
        table="recovery_undos", told=("kind", "before", "after", "confirmed_at", "created_at", "expires_at", "used_at"),
        left_out={"token_hash": SECRET, "reach": INNER},
    ),
    "accounts_elsewhere": Part(
        table="federation_links", told=("provider_id", "subject", "label", "groups", "created_at", "used_at"),
    ),
    "turned_off_by_a_directory": Part(table="federation_turned_off", told=("provider_id", "at")),
    "sessions": Part(
        table="sessions",
        told=("id", "methods", "created_at", "auth_time", "last_seen", "expires_at", "ended_at", "ended_why", "address",
              "browser", "used_at", "seen_address", "seen_browser", "seen_beside", "doubted_at",
              "doubted_address", "doubted_browser", "bound_at"),
        left_out={"secret_hash": SECRET, "idle_seconds": INNER, "bound_key": INNER},
    ),
    "sessions_elsewhere": Part(table="sessions_elsewhere", key="session_id", through="sessions",
                               told=("session_id", "provider_id", "subject", "said_at"),
                               left_out={"sid": INNER, "id_token": SECRET}),
    "sessions_by_saml": Part(
        table="saml_sessions",
        told=("session_id", "client_id", "format", "name_id", "created_at", "expires_at"),
        left_out={"id": INNER, "name_qualifier": INNER, "sp_name_qualifier": INNER},
    ),
    "names_at_applications": Part(table="saml_name_ids", told=("qualifier", "value", "created_at")),
    "consents": Part(table="consents", told=("client_id", "scopes", "granted_at"),
                     left_out={"revoked_before": INNER}),
    "access_given_to_applications": Part(
        table="families",
        told=("client_id", "session_id", "scope", "resource", "details", "auth_time", "methods", "offline",
              "created_at", "expires_at", "used_at", "used_from", "browser", "revoked_at", "revoked_why"),
        left_out={"id": INNER, "code_hash": SECRET, "claims": INNER, "idle_seconds": INNER,
                  "refresh_hash": SECRET, "previous_hash": SECRET, "answered_scope": INNER, "answered_resource": INNER,
                  "answered_cnf": INNER, "answered_details": INNER, "generation": INNER, "cnf": SECRET,
                  "device_id": INNER},
    ),
    "apps_of_devices": Part(
        table="native_devices",
        told=("session_id", "auth_time", "methods", "began_at", "used_at", "used_from", "expires_at", "revoked_at",
              "revoked_why"),
        left_out={"id": INNER, "hash": SECRET, "previous_hash": SECRET, "generation": INNER},
    ),
    "made_at_applications": Part(
        table="provision_objects",
        key="local_id",
        told=("client_id", "kind", "remote_id", "made", "state", "status", "at"),
        left_out={
            "sent": INNER, "attempted": INNER, "due": INNER, "tries": INNER, "problem": INNER, "request": SECRET,
            "answer": SECRET, "ends": INNER,
        },
    ),
    "groups_at_applications": Part(table="provision_members", told=("client_id", "group_id", "remote_id")),
    "own_api_tokens": Part(table="personal_tokens", told=("name", "roles", "created_at", "expires_at", "last_used_at"),
                           left_out={"id": INNER, "hash": SECRET}),
    "security_events_wanted": Part(table="signal_subjects", told=("stream_id", "wanted")),
    "sign_outs_told": Part(table="logout_tries", told=("client_id", "at", "error"),
                           left_out={"id": INNER, "notice": INNER}),
    "last_sign_in": Part(table="sign_ins", told=("last_at",)),
    "pauses": Part(table="pauses", told=("until",), left_out={"key": INNER}),
    "applications_used": Part(table="app_uses", told=("client_id", "used_at")),
    "launcher": Part(table="launcher_pins", told=("client_ids",)),
    "passkeys_offered": Part(table="passkey_offers", told=("waits_until",)),
    "this_was_me_or_not": Part(table="event_verdicts", told=("event_id", "verdict", "at")),
    "cases": Part(
        table="cases", told=("id", "kind", "text", "about", "address", "browser", "opened_at", "closed_at"),
        left_out={"closed_by": OTHERS},
    ),
    "notes_on_cases": Part(table="case_notes", key="case_id", through="cases", told=("case_id", "at", "text"),
                           left_out={"id": INNER, "by": OTHERS}),
    "access_reviews": Part(
        table="review_people",
        told=("review_id", "username", "name", "via", "groups", "verdict", "decided_at", "outcome", "why"),
        left_out={"key": INNER, "decided_by": OTHERS},
    ),
    "account_in_the_past": Part(table="person_past", told=("since", "until", "username", "enabled"),
                                left_out={"id": INNER, "since_seen": INNER, "until_seen": INNER}),
    "groups_in_the_past": Part(table="member_past", told=("name", "since", "until"),
                               left_out={"id": INNER, "since_seen": INNER, "until_seen": INNER}),
    "activity": Part(
        table="events", latest="id", by="actor",
        told=("at", "action", "client_id", "session_id", "address", "error_id", "detail"),
        left_out={"id": INNER, "actor": OTHERS, "request_id": INNER, "salt": INNER, "mac": INNER,
                  "blanked": INNER, "again": INNER, "again_mac": INNER, "segment": INNER},
    ),
    "done_to_others": Part(
        table="events", key="actor", latest="id", told=("at", "action", "client_id", "address"),
        left_out={"id": INNER, "person_id": OTHERS, "session_id": INNER, "error_id": INNER, "detail": OTHERS,
                  "request_id": INNER, "salt": INNER, "mac": INNER, "blanked": INNER, "again": INNER,
                  "again_mac": INNER, "segment": INNER},
    ),
}  # fmt: skip

#: Tables that name somebody and are not in the document, and why: it is told in the document itself.
NOT_TOLD: Final[Mapping[str, str]] = {
    "access_tokens": "tokens of the access that is listed; they end within minutes",
    "approvals": "changes that admins ask of one another; each is in the activity of whom it is about",
    "batches": "lists that admins work through; gone after 30 days, and what came of it is in the activity",
    "batch_parts": "the same",
    "client_hosts": "hosts that somebody asked for; the asking is in the activity",
    "jobs": "mails and sign-outs on their way, sealed; gone when they have left; the activity has that they were sent",
    "notices": "what is told to everybody, and which admin wrote it",
    "provisioners": "directories, and which owner made them",
    "registration_tokens": "for applications, and which admin made them",
    "registrations": "requests for an account; gone once it is there",
    "program_roles": "what programs may do, and which owner said so",
    "reviews": "access reviews as a whole, and which admin began them",
    "signal_events": "security events on their way to applications; gone as they are taken, within a week at most",
    "signal_streams": "streams of applications; of each which side has said how it stands, and nobody by name",
    "signal_notes": "the same, before it is decided who is told",
    "state": "codes, pauses and pages on their way; each for some minutes",
    "untold_sessions": "sign-outs that are on their way to applications; gone within minutes",
}

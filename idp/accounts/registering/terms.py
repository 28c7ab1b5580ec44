"""Where somebody may make an account themselves, whose address does, and what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from idp import mail

if TYPE_CHECKING:
    from idp.accounts.services import Services


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for whoever comes from one application, or from none."""

    domains: tuple[str, ...]
    approval: bool
    fields: tuple[str, ...]
    groups: tuple[str, ...]

    @property
    def is_for_any(self) -> bool:
        """Whether an address of any domain does."""
        return "*" in self.domains


def find(services: Services, client_id: str) -> Terms | None:
    """What holds for `client_id`, '' for the sign-in page itself; None where no account can be made there."""
    said = services.settings.self_registration
    own = next((one for one in said.apps if one.client_id == client_id), None) if client_id else None
    if not said.enabled or (own is None and said.only_apps) or not mail.is_ready(services):
        return None
    own_domains, own_fields = (None, None) if own is None else (own.domains, own.fields)
    approval, groups = (None, None) if own is None else (own.approval, own.groups)
    return Terms(
        tuple(said.domains if own_domains is None else own_domains), said.approval if approval is None else approval,
        tuple(said.fields if own_fields is None else own_fields), tuple(said.groups if groups is None else groups),
    )  # fmt: skip


def groups_of(services: Services, client_id: str) -> tuple[str, ...]:
    """The groups of whoever came from there, also where it is offered no longer."""
    said = services.settings.self_registration
    own = next((one.groups for one in said.apps if one.client_id == client_id), None) if client_id else None
    return tuple(said.groups if own is None else own)

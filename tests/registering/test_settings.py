"""U1: what may be set of self-registration, and what is refused because it would let in whom nobody meant."""

from __future__ import annotations

from typing import Any

import pytest

from idp.config import SelfRegistration, example
from idp.config.settings import Invalid, Settings


def test_U1_it_is_off_and_asks_for_approval_unless_somebody_says_otherwise() -> None:
    said = SelfRegistration()
    assert (said.enabled, said.approval, said.domains, said.groups, said.fields) == (False, True, [], [], [])
    assert "[self_registration]" in example()


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"enabled": True}, "say whose addresses may"),
        ({"enabled": True, "apps": [{"client_id": "crm"}], "only_apps": True}, "of the application crm"),
        ({"domains": ["example"]}, "is no domain"),
        ({"domains": ["anna@example.com"]}, "is no domain"),
        ({"domains": ["*.com/"]}, "is no domain"),
        ({"domains": ["exa mple.com"]}, "is no domain"),
        ({"only_apps": True}, "there are no apps"),
        ({"apps": [{"client_id": "crm"}, {"client_id": "crm"}]}, "stands there twice"),
        ({"fields": ["roles"]}, "username"),
        ({"fields": ["email_verified"]}, "username"),
        ({"notify": ["nobody"]}, "is no address"),
        ({"link_minutes": 100000}, "1440"),
        ({"open": True}, "Extra inputs"),
    ],
)
def test_U1_settings_that_cannot_be_meant_are_refused_with_the_reason(said: dict[str, Any], problem: str) -> None:
    with pytest.raises(Invalid, match=problem):
        Settings(self_registration=said)


def test_U1_domains_are_read_in_the_form_in_which_addresses_are_compared() -> None:
    said = SelfRegistration(enabled=True, domains=["Example.COM.", "*.Bücher.example", "*"])
    assert said.domains == ["example.com", "*.xn--bcher-kva.example", "*"]

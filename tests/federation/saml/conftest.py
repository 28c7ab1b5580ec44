"""An office whose people come through a provider that speaks SAML."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.backends import Clock
from tests.federation.saml.there import SamlOffice, There
from tests.provider import App, Provider


@pytest.fixture
def saml_office(open_provider: Callable[..., Provider], clock: Clock) -> SamlOffice:
    return SamlOffice(open_provider(), There(clock))


@pytest.fixture
def crm(saml_office: SamlOffice) -> App:
    return saml_office.provider.add_client("CRM")

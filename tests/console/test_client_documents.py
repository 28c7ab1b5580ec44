"""Programs that are known by a document, in the console: J1."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.accounts.roles import RoleGrant
from tests.console.conftest import Enter
from tests.oidc.documents import URL, allow, app_of, visited
from tests.provider import Provider


@pytest.fixture
def provider(open_provider: Callable[..., Provider]) -> Provider:
    return open_provider(admin={"second_factor": False}, oauth={"client_id_documents": "hosts"})


def test_j1_the_application_of_a_document_has_its_pages(provider: Provider, enter: Enter) -> None:
    allow(provider)
    document, owner = visited(provider).publish(), enter("boss", RoleGrant("owner"))
    provider.add_person("ann")
    provider.tokens(app_of(document))
    page = owner.get("admin/apps")
    href = next(one["href"] for one in page.dom.find("a") if "/admin/apps/~" in one.get("href", ""))
    shown = owner.get(href)
    assert shown.status == 200
    assert URL in shown.dom.text
    tabs = {one["href"] for one in shown.dom.find("a") if one.get("href", "").startswith(href + "/")}
    assert len(tabs) > 4
    for tab in sorted(tabs):
        assert owner.get(tab).status in (200, 302), tab

"""Y1: scim2-tester, which walks all that the server publishes about itself by scim2-client, finds nothing."""

from __future__ import annotations

import pytest
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server

from tests.provider import Provider
from tests.scim.conftest import Connect


@pytest.mark.parametrize("kind", ["User", "Group"])
def test_Y1_scim2_tester_finds_nothing(provider: Provider, connect: Connect, kind: str) -> None:
    scim = connect()
    client = WSGISCIMClient(
        provider.app, base_url="https://login.example/scim/v2", headers={"Authorization": f"Bearer {scim.token}"}
    )
    results = check_server(client, resource_types=[kind])
    wrong = [
        f"{one.status.name} {one.title}: {one.reason}"
        for one in results
        if one.status in (Status.ERROR, Status.CRITICAL)
    ]
    assert "\n".join(wrong) == ""
    assert sum(one.status == Status.SUCCESS for one in results) > 20

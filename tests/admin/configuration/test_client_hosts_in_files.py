"""C5, J1: what files say of hosts whose client-ID metadata documents are let in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clients.documents import hosts
from idp.admin import client_hosts
from idp.admin.managed import ManagedByFile
from tests.admin.configuration.conftest import Configured
from tests.oidc.documents import HOST, RESOURCE, URL, app_of, visited
from tests.provider import Provider

ALLOWED = f'[[client_host]]\nhost = "{HOST}"\nscopes = ["openid", "tools"]\nresources = ["{RESOURCE}"]\n'


@pytest.fixture
def configured(open_provider: Callable[..., Provider]) -> Configured:
    return Configured(open_provider(oauth={"client_id_documents": "hosts"}))


def test_C5_J1_a_host_is_let_in_held_to_less_and_kept_out_by_a_file(configured: Configured) -> None:
    provider, services = configured.provider, configured.services
    provider.add_person("ann")
    shown = configured.change(ALLOWED)
    assert (shown.action, shown.kind, shown.name) == ("add", "client_host", HOST)
    configured.apply(ALLOWED)
    assert configured.changes(ALLOWED) == ()
    assert configured.changes(configured.export("client_host")) == ()
    app, browser = app_of(visited(provider).publish()), provider.browser()
    page = browser.log_in(provider.authorize(browser, app, scope="openid tools offline_access", resource=RESOURCE))
    told = provider.redeem(app, browser.submit(page, "allow").code, resource=RESOURCE).json
    assert told["scope"] == "openid tools"  # offline_access is none of the file's
    configured.apply(ALLOWED.replace(', "tools"', ""))
    client = services.registry.find_registered(URL)
    assert client is not None
    assert "tools" not in client.oidc.scopes
    refused = f'[[client_host]]\nhost = "{HOST}"\nstate = "refused"\n'
    change = configured.change(refused)
    assert change.effects == ("what people let 1 program of this host do ends",)
    configured.apply(refused)
    assert services.registry.find_registered(URL) is None
    (event, *_) = [one for one in configured.events() if one.action == "client_host:refused"]
    assert event.detail["managed_by"] == "apps.toml"
    configured.apply("", prune=True)
    assert hosts.find(services.db, HOST) is None


def test_C5_what_a_file_manages_is_changed_by_hand_only_where_the_settings_let_it(
    open_provider: Callable[..., Provider],
) -> None:
    configured = Configured(open_provider(admin={"managed": "refuse"}))
    configured.apply(ALLOWED)
    services, actor = configured.services, configured.actor
    for verb in (client_hosts.allow, client_hosts.refuse, client_hosts.forget):
        with pytest.raises(ManagedByFile):
            verb(services, actor, HOST)
    client_hosts.allow(services, actor, "other.example")


def test_C5_what_people_ask_for_is_an_admins_to_answer(configured: Configured) -> None:
    ann = configured.provider.add_person("ann")
    db, now = configured.services.db, configured.services.clock()
    hosts.ask(db, HOST, URL, by=ann.id, now=now)
    assert "client_host" not in configured.export()
    assert configured.change(ALLOWED).action == "add"
    configured.apply(ALLOWED)
    found = hosts.find(db, HOST)
    assert found is not None
    assert found.state == hosts.ALLOWED


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('host = "https://x/"', "host"),
        ('host = "Bücher.example"', "host"),
        ('host = "a.example"\nstate = "waiting"', 'expected "allowed" or "refused"'),
        ('host = "a.example"\nstate = "refused"\nscopes = ["openid"]', "leave it out"),
        ('host = "a.example"\nresources = ["x"]', "resources"),
        ('host = "a.example"\nscope = "openid"', "unknown key"),
        ("", "host"),
    ],
)
def test_C5_what_cannot_be_is_said_by_its_key(configured: Configured, table: str, said: str) -> None:
    assert said in configured.faults(f"[[client_host]]\n{table}\n")[0]

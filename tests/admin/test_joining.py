"""I6: two persons that are one are joined by an owner, with all that is theirs, and the `sub` of one stays."""

from __future__ import annotations

from collections.abc import Callable

import pyotp
import pytest

from idp.accounts import factors
from idp.accounts.factors import totp, webauthn
from idp.accounts.person import Person
from idp.accounts.provisioning import kept as provisioned
from idp.admin import joining
from idp.admin.actor import NotAllowed, of_shell
from idp.admin.approving.asking import Waits
from idp.admin.approving.verbs import VERBS
from idp.admin.break_glass import keeping as break_glass
from idp.federation import checking, keeping, links
from idp.login import consent, store
from idp.login.browser import sessions
from tests.admin.test_second_owner import somebody
from tests.portal.test_security import LOOPBACK, letters
from tests.provider import Provider

SHELL = of_shell("cli:test")
SEED = pyotp.random_base32()


def link_to(provider: Provider, person: Person, subject: str = "there-1") -> str:
    """An account elsewhere of theirs; answers the provider's id."""
    services, now = provider.services, provider.clock()
    said = checking.checked({"name": f"Company {subject}", "issuer": "https://id.example", "client_id": "us"})
    kept = keeping.add(services.db, services.sealer, said, "s", now, record=lambda *_: None)
    with services.db.transaction() as tx:
        one = links.Link(kept.provider.id, subject, person.id, "Ann there", (), now, now)
        links.add(tx, one, record=lambda *_: None)
    return kept.provider.id


@pytest.fixture
def pair(provider: Provider) -> tuple[Person, Person]:
    return provider.add_person("ann"), provider.add_person("ann.example", email="a@example.com")


def test_i6_all_that_is_theirs_becomes_the_others_and_the_sub_stays(
    provider: Provider, pair: tuple[Person, Person]
) -> None:  # fmt: skip
    (kept, gone), services = pair, provider.services
    crm = provider.add_client("CRM")
    provider_id = link_to(provider, gone)
    services.directory.add_to_group(gone.id, "Sales")
    services.directory.add_to_group(kept.id, "Staff")
    browser = provider.browser()
    tokens = provider.tokens(crm, browser, login="ann.example")
    before = provider.userinfo(provider.tokens(crm, provider.browser(), login="ann")["access_token"]).json["sub"]
    with services.db.transaction() as tx:
        totp.carry(tx, services, gone, SEED, "Phone")
    effect = joining.effect_of(services, SHELL, kept, gone)
    assert services.directory.find(gone.id)  # nothing has changed
    assert joining.join(services, SHELL, kept, gone) == effect
    assert [one.provider_id for one in effect.links] == [provider_id]
    assert [one.name for one in effect.groups] == ["Sales"]
    assert [(one.client_id, one.sub, one.sub_after) for one in effect.applications] == [(crm.id, gone.id, kept.id)]
    assert [one.person_id for one in links.of_person(services.db, kept.id)] == [kept.id]
    assert [one.label for one in factors.list_of(services.db, kept.id)] == ["Phone"]
    now = services.directory.get(kept.id)
    assert set(now.groups) == {"Sales", "Staff"}
    assert services.directory.find(gone.id) is None
    assert not provider.introspect(crm, tokens["access_token"])["active"]
    assert provider.refresh(crm, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert not sessions.open_of(services, gone.id)
    assert provider.authorize(browser, crm, prompt="none").error == "login_required"
    assert before == kept.id
    about = {event.person_id for event in provider.events("person:joined")}
    assert about == {kept.id, gone.id}


def test_i6_what_one_agreed_to_stands_unless_the_other_has_answered(
    provider: Provider, pair: tuple[Person, Person]
) -> None:  # fmt: skip
    (kept, gone), services = pair, provider.services
    with services.db.transaction() as tx:
        for one, scopes in ((gone, "openid email"), (kept, "openid")):
            for client_id in ("both", *(["gone"] if one is gone else [])):
                tx.run(store.GRANT, person_id=one.id, client_id=client_id, scopes=scopes, granted_at=1.0)
    joining.join(services, SHELL, kept, gone)
    assert consent.given(services, kept.id) == {"both": ("openid",), "gone": ("openid", "email")}
    assert consent.given(services, gone.id) == {}


def test_i6_the_person_hears_of_each_new_way_in(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(server={"issuer": LOOPBACK})
    kept = provider.add_person("ann", email="ann@example.com", email_verified=True)
    gone = provider.add_person("ann.example")
    link_to(provider, gone)
    joining.join(provider.services, SHELL, kept, gone)
    assert "factor_added" in [message for message, _ in letters(provider)]


def test_i6_who_is_not_joined(provider: Provider, pair: tuple[Person, Person]) -> None:
    (kept, gone), services = pair, provider.services

    def refused(one: Person, other: Person) -> str:
        with pytest.raises((joining.CannotJoin, NotAllowed)) as error:
            joining.join(services, SHELL, one, other)
        return str(error.value)

    assert "one person already" in refused(kept, kept)
    admin = services.directory.set_roles(provider.add_person("admin").id, ["admin"])
    assert "has roles" in refused(kept, admin)
    off = services.directory.disable(provider.add_person("off").id)
    assert "turned off" in refused(off, gone)
    glass = services.directory.get(break_glass.make(services, SHELL, "glass").person.id)
    assert "break-glass" in refused(kept, glass)
    assert "break-glass" in refused(glass, kept)
    with services.db.transaction() as tx:
        provisioned.put(tx, gone.id, "scim:x", {"userName": "ann.example"}, made=True)
    assert "comes from scim:x" in refused(kept, gone)
    assert services.directory.find(gone.id)


def test_i6_where_removing_takes_two_owners_joining_does(
    open_provider: Callable[..., Provider],
) -> None:  # fmt: skip
    provider = open_provider(admin={"second_owner": ["user:remove"]})
    kept, gone = provider.add_person("ann"), provider.add_person("ann.example")
    owner = somebody(provider, "boss", "owner")
    with pytest.raises(Waits):
        joining.join(provider.services, owner, kept, gone)
    assert provider.services.directory.find(gone.id)
    lines = VERBS["people.join"].lines(provider.services, {"kept": kept.id, "gone": gone.id})
    assert any("ann.example" in str(value) for _, value in lines)


def test_i6_a_passkey_goes_on_to_name_whom_it_was_made_for(provider: Provider, pair: tuple[Person, Person]) -> None:
    (kept, gone), services = pair, provider.services
    with services.db.transaction() as tx:
        factors.add(tx, provider.clock(), gone.id, "webauthn", "Key", key="k1", data={"rp_id": "login.example"})
    joining.join(services, SHELL, kept, gone)
    (moved,) = factors.list_of(services.db, kept.id)
    assert moved.data["user_handle"] == webauthn.user_handle(gone.id)


def test_i6_an_authenticator_app_lets_its_person_in_afterwards(
    provider: Provider, pair: tuple[Person, Person]
) -> None:  # fmt: skip
    """Its seed is sealed for one person: as it was it would be asked for, and no code would be right."""
    (kept, gone), services = pair, provider.services
    with services.db.transaction() as tx:
        totp.carry(tx, services, gone, SEED, "Phone")
        factors.add(tx, provider.clock(), gone.id, "totp", "Of another key", sealed="x")
    assert [one.label for one in joining.join(services, SHELL, kept, gone).authenticators] == ["Phone"]
    assert [one.label for one in factors.list_of(services.db, kept.id)] == ["Phone"]
    code = pyotp.TOTP(SEED).at(int(provider.clock()))
    assert not totp.verify(services, gone.id, code).ok
    assert totp.verify(services, kept.id, code).ok
    assert totp.verify(services, kept.id, code).reused


def test_i6_an_account_at_a_removed_provider_is_told_of_as_any_other(
    provider: Provider, pair: tuple[Person, Person]
) -> None:  # fmt: skip
    (kept, gone), services = pair, provider.services
    provider_id = link_to(provider, gone)
    keeping.remove(services.db, provider_id, provider.clock(), record=lambda *_: None)
    assert [one.provider_id for one in joining.join(services, SHELL, kept, gone).links] == [provider_id]


def test_i6_what_comes_between_the_look_and_the_deed_stops_it(
    provider: Provider, pair: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody gets a way in that nobody was told of, or loses one that was not named."""
    (kept, gone), services = pair, provider.services
    effect = joining.effect_of(services, SHELL, kept, gone)
    monkeypatch.setattr(joining, "effect_of", lambda *_: effect)
    link_to(provider, gone)
    with pytest.raises(joining.CannotJoin, match="another way to sign in"):
        joining.join(services, SHELL, kept, gone)
    assert [one.person_id for one in links.of_person(services.db, gone.id)] == [gone.id]


def test_i6_a_consent_that_was_taken_back_is_an_answer(provider: Provider, pair: tuple[Person, Person]) -> None:
    (kept, gone), services = pair, provider.services
    with services.db.transaction() as tx:
        tx.run(store.GRANT, person_id=gone.id, client_id="crm", scopes="openid", granted_at=1.0)
        tx.run(store.REVOKE, person_id=kept.id, client_id="crm", now=2.0)
    assert joining.join(services, SHELL, kept, gone).consents == ()
    assert consent.given(services, kept.id) == {}

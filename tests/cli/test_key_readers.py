"""`doorward key seen`, `pin`, `told`, `rollback`. K2."""

from __future__ import annotations

from tests.cli.conftest import Folder


def _next(site: Folder) -> str:
    return str(site.run("key", "rotate", "--alg", "RS256", "--json").json["keys"][0]["kid"])


def _active(site: Folder) -> str:
    keys = site.run("key", "list", "--json").json["keys"]
    return next(str(key["kid"]) for key in keys if (key["alg"], key["state"]) == ("RS256", "active"))


def _app(site: Folder) -> str:
    made = site.run("client", "add", "oidc", "--name", "Wiki", "--redirect-uri", "https://wiki.example/cb", "--json")
    return str(made.json["client_id"])


def test_k2_seen_says_of_every_app_what_is_known_and_why(site: Folder) -> None:
    assert "No key is next" in site.run("key", "seen").out
    client, kid = _app(site), _next(site)
    (found,) = site.run("key", "seen", "--json").json["keys"]
    assert found["kid"] == kid
    app = next(app for app in found["apps"] if app["client_id"] == client)
    assert (app["state"], app["why"]) == ("unknown", "no_address")
    shown = site.run("key", "seen").out
    assert "it has sent no request of its own yet" in shown
    assert "0 of 1 have it, 1 cannot be told" in shown
    site.run("key", "told", client, kid)
    assert "1 of 1 have it" in site.run("key", "seen", kid).out
    site.run("key", "told", client, kid, "--undo")
    assert "0 of 1 have it" in site.run("key", "seen", kid).out
    assert "no published key of that id" in site.refusal("key", "seen", "nothing")


def test_k2_an_app_stays_on_its_key_through_a_promotion_and_the_promotion_is_undone(site: Folder) -> None:
    client, old = _app(site), _active(site)
    new = _next(site)
    assert "has not signed yet" in site.refusal("key", "pin", client, new)
    assert "no app of this id" in site.refusal("key", "pin", "nobody", old)
    assert f"is signed for with {old} until" in site.run("key", "pin", client, old).out
    site.run("key", "promote", new, "--force")
    (found,) = site.run("key", "seen", new, "--json").json["keys"]
    assert next(app["pinned"] for app in found["apps"] if app["client_id"] == client) == old
    assert site.run("key", "rollback", "RS256", "--json").json == {"active": old}
    assert _active(site) == old
    assert "no predecessor" in site.refusal("key", "rollback", old)
    assert "with the active key" in site.run("key", "unpin", client, old).out
    actions = [event["action"] for event in site.run("audit", "tail", "-n", "100", "--json").json["events"]]
    assert actions[-4:] == ["key:pin", "key:promote", "key:rolled_back", "key:unpin"]


def test_k2_a_certificate_that_must_be_given_by_hand_is_not_promoted_unawares(site: Folder) -> None:
    """Told in time, it signs; else the command says who would refuse it, and what to do."""
    metadata = site.path / "sp.xml"
    metadata.write_text(
        '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sp.example/m">'
        '<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        '<md:AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" '
        'Location="https://sp.example/acs"/></md:SPSSODescriptor></md:EntityDescriptor>'
    )
    client = site.run("client", "add", "saml", "--name", "Intranet", "--metadata", str(metadata), "--json").json
    site.run("key", "rotate", "--saml")
    held = site.run("key", "list", "--json").json["certificates"]
    kid = next(one["kid"] for one in held if one["state"] == "next")
    (found,) = site.run("key", "seen", kid, "--json").json["keys"]
    assert found["counts"]["by_hand"] == 1
    shown = site.run("key", "seen", kid).out
    assert "give it the certificate there" in shown
    site.run("key", "told", client["client_id"], kid)
    (found,) = site.run("key", "seen", kid, "--json").json["keys"]
    assert found["counts"] == {"missing": 0, "by_hand": 0, "perhaps": 0, "unknown": 0, "seen": 0, "told": 1}

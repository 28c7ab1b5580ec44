"""What an admin reads under an error's id: the message as it came, the reason, which side is wrong, and the fix."""

from __future__ import annotations

from clients.client import Client
from tests.cli.conftest import Folder
from tests.provider import Browser, Provider
from tests.saml.asking import authn_request, by_redirect
from tests.saml.relying import status


def _command(provider: Provider) -> Folder:
    data = provider.settings.data_dir
    text = f'[server]\nissuer = "{provider.issuer}"\n[storage]\ndata_dir = "{data}"\n'
    return Folder(data / "command", text)


def test_audit_show_prints_the_decoded_message_of_an_error_page(
    provider: Provider, wiki: Client, browser: Browser
) -> None:
    request = authn_request(provider, AssertionConsumerServiceURL="https://wiki.example/ACS")
    page = by_redirect(browser, request)
    story = _command(provider).run("audit", "show", page.error_id, "--json").json
    assert story["code"] == "saml_untrusted_acs"
    assert story["application"] == "Wiki"
    assert f'ID="{request.get("ID")}"' in story["evidence"]
    assert 'AssertionConsumerServiceURL="https://wiki.example/ACS"' in story["evidence"]
    assert "https://wiki.example/acs" in story["fix"]
    assert story["side"] == "application"


def test_and_of_an_error_that_went_to_the_application(provider: Provider, wiki: Client, signed_in: Browser) -> None:
    answer = by_redirect(signed_in, authn_request(provider, Destination="https://other.example/sso"))
    error_id = status(answer)[2].rpartition("Error ")[2].rstrip(")")
    provider.services.faults.flush(whole=True)  # as a server does within a second; the command reads what is written
    shown = _command(provider).run("audit", "show", error_id)
    assert shown.code == 0
    assert "samlp:AuthnRequest" in shown.out
    assert "https://other.example/sso" in shown.out


def test_nothing_that_comes_with_a_message_steers_a_terminal(
    provider: Provider, wiki: Client, browser: Browser
) -> None:
    request = authn_request(provider, issuer="https://evil.example/\u202e\x85x")
    page = by_redirect(browser, request)
    shown = _command(provider).run("audit", "show", page.error_id).out
    assert "\u202e" not in shown
    assert "\x85" not in shown


def test_no_passive_is_no_news(provider: Provider, wiki: Client, browser: Browser) -> None:
    """Applications ask in the background, all day long."""
    for _ in range(3):
        assert status(by_redirect(browser, authn_request(provider, IsPassive="true")))[1] == "NoPassive"
    assert not provider.events()

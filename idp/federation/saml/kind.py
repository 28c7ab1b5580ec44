"""A provider that speaks SAML 2.0: our request, its Response, and what the person is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from idp.federation import failures
from idp.federation.ports import Cancelled, Found, Identity, Leaving, Question
from idp.federation.provider import Provider
from idp.federation.saml import asking, believing, checking, identity, metadata, ours, refusals, signing_out
from idp.federation.saml.checking import Expected
from idp.federation.saml.opening import nested_status, top_status
from idp.ids import digest
from idp.protocols import Services
from idp.saml.messages import names
from idp.saml.messages.bindings import BadMessage, from_base64, in_utf8
from idp.saml.messages.elements import only_child
from idp.saml.messages.xml import BadXml, Element, text_of
from idp.wire import Params, Response

DOCUMENT: Final = "SAMLResponse"  # of what `receiving` has put aside


Within = Callable[[Provider, dict[str, Any]], tuple[Provider, dict[str, Any]]]


class Saml:
    """See `ports.Kind`."""

    def begin(self, services: Services, question: Question) -> Response:
        """Send the browser to its SingleSignOnService."""
        return asking.send(services, question, metadata.of(services, question.provider))

    def finish(self, services: Services, question: Question, answer: Params) -> Identity:
        """Open the Response, hold it against the request, and take its assertion, once."""
        return self.believe(services, question, answer, lambda provider, said: (provider, said))

    def believe(self, services: Services, question: Question, answer: Params, within: Within) -> Identity:
        """The same; `within`: which of the attributes are believed, and which of them is the key of the account."""
        provider = question.provider
        document = answer.get(DOCUMENT)
        if document is None or answer.repeated:
            raise failures.gone()
        expected = Expected(
            provider, ours.entity_id(services, provider), ours.acs(services, provider.id),
            asking.request_id(question), services.clock(),
        )  # fmt: skip
        try:
            opened = believing.open_for(services, provider, in_utf8(from_base64(DOCUMENT, document)))
            checking.check_response(expected, opened)
            if opened.assertion is None or top_status(opened.response) != names.SUCCESS:
                raise _said_no(provider, opened.response)
            until = checking.check_assertion(expected, opened.assertion)
            statement, at = checking.statement_of(expected, opened.assertion)
            keys = services.certificates.private_keys()
            stated = identity.Stated(expected.audience, opened.assertion, statement, at)
            found = identity.identity(*within(provider, identity.attributes(opened.assertion)), stated, keys)
        except (BadMessage, BadXml) as error:
            raise refusals.unreadable(provider, error.reason) from None
        _spend(services, expected, opened.assertion, until)
        return found

    def sign_out(self, services: Services, leaving: Leaving) -> Response | None:
        """By a LogoutRequest (Prof §4.4)."""
        return signing_out.go_on(services, leaving)

    def test(self, services: Services, question: Question) -> tuple[Found, ...]:
        """Its metadata, its certificates, and what we tell it."""
        from idp.federation.saml import trying

        return trying.test(services, question)


def _said_no(provider: Provider, response: Element) -> Exception:
    """What its status means (Core §3.2.2.2). Errors: `BadMessage`."""
    outer, inner = top_status(response), nested_status(response)
    # What the person themselves has done there: products have no other word for it.
    if inner == names.AUTHN_FAILED:
        return Cancelled()
    status = only_child(response, names.SAMLP, "Status")
    message = None if status is None else only_child(status, names.SAMLP, "StatusMessage")
    return refusals.status(provider, (inner or outer)[:200], "" if message is None else text_of(message)[:200])


def _spend(services: Services, expected: Expected, assertion: Element, until: float) -> None:
    """Prof §4.1.4.5: taken once, for as long as it could come again, by whichever process."""
    provider = expected.provider
    seconds = max(60.0, until + checking.LEEWAY - expected.now)
    key = "upstream:assertion:" + digest(f"{provider.id}\n{assertion.get('ID')}")
    if not services.state.add(key, 1, min(seconds, 86400.0)):
        raise refusals.replayed(provider)


KIND: Final = Saml()

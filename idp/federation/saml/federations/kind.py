"""A federation as a kind of provider: first the choice of an organisation, then SAML with that one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

from idp.errors import Refused
from idp.federation.ports import Found, Identity, Leaving, Question
from idp.federation.provider import Provider
from idp.federation.saml import kind as saml
from idp.federation.saml import ours
from idp.federation.saml.federations import accounts, chosen, members
from idp.federation.saml.federations.describing import Member
from idp.protocols import Services
from idp.wire import Params, Redirect, Response, with_parameters


class Federation:
    """See `ports.Kind`."""

    def begin(self, services: Services, question: Question) -> Response:
        """To the choice of an organisation, here or at a discovery service (IdP Discovery §2.4.1)."""
        provider = question.provider
        here = ours.discovery(services, provider.id) + "?" + urlencode({"state": question.secrets.state})
        if not provider.discovery_url:
            return Redirect(location=here)
        said = [("entityID", ours.entity_id(services, provider)), ("return", here)]
        return Redirect(location=with_parameters(provider.discovery_url, said))

    def finish(self, services: Services, question: Question, answer: Params) -> Identity:
        """The answer of the organisation that was chosen, and of no other."""
        one = chosen.of_state(services, question.provider, question.secrets.state)
        speaking = members.speaking(question.provider, one)
        try:
            return _believed(services, replace(question, provider=speaking), one, answer)
        except Refused as error:
            if one.error_url:  # whom people of that organisation ask (Metadata §2.4.1.1)
                fix = f"{error.explanation.fix} Its people are helped at {one.error_url}"
                error.explanation = replace(error.explanation, fix=fix)
            raise

    def sign_out(self, services: Services, leaving: Leaving) -> Response | None:
        """At the organisation through which they came."""
        entity_id = str(json.loads(leaving.there.token or "{}").get("entity_id", ""))
        one = members.find(services, leaving.provider, entity_id)
        if one is None:
            return None
        return saml.KIND.sign_out(services, replace(leaving, provider=members.speaking(leaving.provider, one)))

    def test(self, services: Services, question: Question) -> tuple[Found, ...]:
        """The aggregate, read now; what the MDQ server and the discovery service are."""
        from idp.federation.saml.federations import trying

        return trying.test(services, question.provider)


def _believed(services: Services, question: Question, one: Member, answer: Params) -> Identity:
    name = ""

    def within(provider: Provider, said: dict[str, object]) -> tuple[Provider, dict[str, object]]:
        nonlocal name
        kept = accounts.within(provider, one, said)
        name = accounts.key_name(provider, kept)
        return replace(provider, subject=(name,)), kept

    found = saml.KIND.believe(services, question, answer, within)
    token = "" if found.there is None else json.dumps({**json.loads(found.there.token), "entity_id": one.entity_id})
    there = None if found.there is None else replace(found.there, token=token)
    return accounts.of_organisation(one, name, replace(found, there=there))


KIND: Final = Federation()

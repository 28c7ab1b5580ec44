"""A directory among the kinds of providers: nobody is led there, so what is asked of it stands in `signing_in`."""

from __future__ import annotations

from typing import Final

from idp.federation import failures
from idp.federation.ports import Found, Identity, Leaving, Question
from idp.protocols import Services
from idp.wire import Params, Response


class Directory:
    """See `ports.Kind`."""

    def begin(self, services: Services, question: Question) -> Response:
        """It has no page. Errors: `Refused`, always."""
        raise failures.off(question.provider.name)

    def finish(self, services: Services, question: Question, answer: Params) -> Identity:
        """It sends nobody back. Errors: `Refused`, always."""
        raise failures.off(question.provider.name)

    def sign_out(self, services: Services, leaving: Leaving) -> None:
        """Nobody is signed in there."""
        return

    def test(self, services: Services, question: Question) -> tuple[Found, ...]:
        """Each server, the bind, the base, whether the filters find anybody; and what Windows sign-in needs."""
        from idp.federation.kerberos import trying as windows
        from idp.federation.ldap import trying

        found = trying.test(services, question)
        return (*found, *windows.test(services, question)) if question.provider.kerberos_networks else found


KIND: Final = Directory()

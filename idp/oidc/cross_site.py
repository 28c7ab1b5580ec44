"""A POST from an application's page comes without our Lax cookies; once more from here, it brings them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from idp.oidc import hints
from idp.protocols import Services
from idp.wire import AutoPost, Params, Redirect, Response, with_parameters

MAX_GET = 8000  # characters of a URL: the 8 kB that we promise, less what stands around it in a request line
MARK = "doorward_again"
#: What belongs to the token endpoint alone, and in no address: addresses stand in logs and histories.
_NEVER_IN_A_URL: Final = frozenset(("client_secret", "client_assertion", "code_verifier"))


def again(services: Services, path: str, params: Params, known: Collection[str]) -> Response | None:
    """A request once more, from our own origin: by a URL, where it is too long for one by a form.

    None: it is that already. Of what does not fit into a URL only the `known` parameters go on.
    """
    params = Params([pair for pair in params.pairs if pair[0] not in _NEVER_IN_A_URL])
    location = with_parameters(services.url(path), params.pairs)
    if len(location) < MAX_GET:
        return Redirect(location=with_parameters(services.url(path), hints.for_url(services, params)))
    if MARK in params:
        return None
    kept = [(name, value) for name, value in params.pairs if name in known]
    return AutoPost(action=services.url(path), fields=(*kept, (MARK, "1")))

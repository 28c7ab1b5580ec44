"""The sign-out that the application asks for (RP-Initiated Logout 1.0)."""

from __future__ import annotations

from collections.abc import Iterator

from clients import redirects
from clients.client import Client
from idp.answers.commands import adding_address, not_registrable
from idp.answers.differences import differences
from idp.answers.finding import Finding
from idp.answers.seen import Nameless, Seen, shown_uri
from idp.normal_forms import taken_apart

FIELD = "post_logout_redirect_uri"


def look(seen: Seen) -> Iterator[Finding]:
    """RPI §2, §3: the way back is followed only where it is registered."""
    got, mine = seen.sent.get(FIELD), seen.client.oidc.post_logout_redirect_uris
    if got and got not in mine:
        yield _way_back(seen, got)
    if "id_token_hint" not in seen.sent:
        fix = "Let it send the ID token as id_token_hint: without one people are asked whether they want to sign out."
        yield Finding("logout_hint", "application", "id_token_hint", fix, "an ID token", "(nothing)", "note")


def _way_back(seen: Seen, got: str) -> Finding:
    client = seen.client
    if any(got in one.oidc.post_logout_redirect_uris for one in others_at(seen, got)):
        fix = "The address is registered for another application than the one that the hint or client_id names: the ID "
        fix += "token that it sends as id_token_hint was given to another client id. Let it send its own."
        return Finding(FIELD, "application", "id_token_hint", fix, "an ID token of the application that the address is "
                       "of", shown_uri(got), reader="app")  # fmt: skip
    nearest = redirects.nearest(got, client.oidc.post_logout_redirect_uris)
    mine = {*client.oidc.post_logout_redirect_uris, *client.oidc.redirect_uris}
    register = f"register it as well: {adding_address(client, f'{FIELD}s', got, mine)}"
    if refused := not_registrable(seen, f"{FIELD}s", got):
        register = f"register another address: this one could not be registered ({refused})"
    if not nearest:
        fix = f"None is registered, so people stay on our page after they signed out. To change that, {register}"
        return Finding(FIELD, "doorward", FIELD, fix, "(none)", shown_uri(got))
    how = "; ".join(differences(got, nearest))
    if redirects.is_registered(got, client.oidc):
        how = "it is registered for sign-ins (redirect_uris), and sign-outs have a list of their own"
    fix = f"{how[0].upper()}{how[1:]}. Until it fits, people stay on our page after they signed out. Correct it in the "
    fix += f"settings of {client.name}, or {register}"
    return Finding(FIELD, "application", FIELD, fix, nearest, shown_uri(got))


def others_at(seen: Seen, uri: str) -> Iterator[Client]:
    """Other applications that live on the host of an address. One search by index."""
    try:
        host = taken_apart(uri).hostname or ""
    except ValueError:
        return
    for entry in seen.services.registry.search(host, limit=10) if host else ():
        client = seen.services.registry.find(entry.id)
        if client is not None and client.id != seen.client.id and client.saml is None:
            yield client


def nameless(seen: Nameless) -> Iterator[Finding]:
    """Of a request that names no application that is known; the hint is looked at by the endpoint, which says why."""
    if seen.told("field") or seen.error is None:
        return
    if seen.sent.get(FIELD) and not seen.sent.get("client_id") and "id_token_hint" not in seen.sent:
        fix = "Let it send id_token_hint (its last ID token), or client_id, with post_logout_redirect_uri: nobody "
        fix += "can tell "
        fix += "whose address it is, so people stay on our page."
        yield Finding("logout_client", "application", "id_token_hint", fix, "id_token_hint or client_id", "(neither)")

"""HTTP-POST (Bind §3.5): a message in a form that sends itself."""

from __future__ import annotations

from base64 import b64encode

from idp import wire
from idp.saml.messages import names
from idp.saml.messages.bindings import (
    NO_CACHE,
    PARAMETERS,
    BadMessage,
    Received,
    check_relay_state,
    from_base64,
    in_utf8,
    one_message,
)
from idp.saml.messages.xml import Element, serialize


def decode_post(form: wire.Params) -> Received:
    """Read the fields of an HTTP-POST form. Errors: `BadMessage`."""
    for name in form.repeated:
        if name in PARAMETERS:
            raise BadMessage(f"{name} is there twice")
    parameter = one_message(form.first)
    message = in_utf8(from_base64(parameter, form.first[parameter]))
    relay_state = form.first.get("RelayState")
    return Received(
        names.HTTP_POST, parameter, message, None if relay_state is None else check_relay_state(relay_state)
    )


def encode_post(
    location: str, parameter: str, message: Element, relay_state: str | None = None, *, app_name: str = ""
) -> wire.AutoPost:
    """Send `message` by HTTP-POST."""
    fields: tuple[tuple[str, str], ...] = ((parameter, b64encode(serialize(message)).decode()),)
    if relay_state is not None:
        fields += (("RelayState", relay_state),)
    return wire.AutoPost(action=location, fields=fields, app_name=app_name, headers=NO_CACHE)

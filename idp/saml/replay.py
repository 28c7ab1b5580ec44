"""Each request is answered once: its ID is remembered for as long as it could come again (Prof §4.1.4.5)."""

from __future__ import annotations

from idp.errors import SamlError
from idp.ids import digest
from idp.protocols import Services
from idp.saml.messages import names


def is_spent(services: Services, client_id: str, request_id: str | None) -> bool:
    """Whether a service provider's request was answered before."""
    return services.state.get(_key(client_id, request_id)) is not None


def spend(services: Services, client_id: str, request_id: str, seconds: float, session_id: str = "") -> bool:
    """Remember that a request is answered, and in which session; False where it was before."""
    return services.state.add(_key(client_id, request_id), session_id or 1, seconds)


def is_spent_by(services: Services, client_id: str, request_id: str | None, session_id: str) -> bool:
    """Whether it was in this very session that a request was answered."""
    return bool(session_id) and services.state.get(_key(client_id, request_id)) == session_id


def replayed(request_id: str | None, what: str = "AuthnRequest") -> SamlError:
    """What the sender of a request hears that was answered before."""
    return SamlError(
        names.REQUESTER, names.REQUEST_DENIED, "This request was answered already: its ID was used before.",
        detail="its ID was used before",
        fix=f"Every {what} needs a new ID. Whoever used Back, a reload or a copied address starts again at the "
        "application; if all of its requests have one ID, let it make a random one for each.",
        field="ID", expected="an ID that was not used before", got=str(request_id or "")[:200], kind="saml_replayed",
    )  # fmt: skip


def _key(client_id: str, request_id: str | None) -> str:
    return "saml:spent:" + digest(f"{client_id}\n{request_id}")

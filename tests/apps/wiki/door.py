"""The wiki's door: python3-saml, and what the application asks of it."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.settings import OneLogin_Saml2_Settings

POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"


class NotSignedIn(Exception):
    """The provider said no, or what came is no answer of its own; the message is the reason."""


@dataclass(frozen=True)
class WikiSettings:
    """Where the wiki stands, who signs its people in, and the file of its own key and certificate."""

    metadata_url: str
    provider_url: str
    base_url: str
    key_file: Path
    port: int
    neighbour_url: str


@dataclass(frozen=True)
class Visit:
    """Who came, and by which name the provider will call this visit when it ends."""

    name: str
    email: str
    name_id: str
    name_id_format: str
    session_index: str


def read_settings() -> WikiSettings:
    """From the environment."""
    return WikiSettings(
        metadata_url=os.environ["SAML_IDP_METADATA_URL"],
        provider_url=os.environ["PROVIDER_URL"],
        base_url=os.environ["BASE_URL"],
        key_file=Path(os.environ["SAML_SP_KEY_FILE"]),
        port=int(os.environ["PORT"]),
        neighbour_url=os.environ["NEIGHBOUR_URL"],
    )


def metadata(settings: WikiSettings) -> str:
    """What the provider must know of the wiki: the file for `doorward client add saml --metadata`."""
    own = OneLogin_Saml2_Settings(_own(settings), sp_validation_only=True)
    text = own.get_sp_metadata()
    return text.decode() if isinstance(text, bytes) else str(text)


def begin(settings: WikiSettings, request: Any, after: str) -> tuple[str, str]:
    """Where to send a person who is to sign in, and the id of the request, to remember in their browser."""
    auth = _auth(settings, request)
    url = str(auth.login(return_to=after))
    return url, str(auth.get_last_request_id())


def finish(settings: WikiSettings, request: Any, asked: str) -> Visit:
    """The provider's answer to that request came by the browser. Errors: `NotSignedIn`."""
    auth = _auth(settings, request)
    auth.process_response(request_id=asked)
    if auth.get_errors():
        raise NotSignedIn(str(auth.get_last_error_reason()))
    told = auth.get_friendlyname_attributes()
    return Visit(
        name=_first(told, "displayName"),
        email=_first(told, "mail"),
        name_id=str(auth.get_nameid()),
        name_id_format=str(auth.get_nameid_format()),
        session_index=str(auth.get_session_index()),
    )


def leave(settings: WikiSettings, request: Any, visit: Mapping[str, str]) -> str:
    """Where to send a person who signs out."""
    auth = _auth(settings, request)
    url: str = auth.logout(
        return_to=f"{settings.base_url}/signed-out", name_id=visit["name_id"], session_index=visit["session_index"],
        name_id_format=visit["name_id_format"],
    )  # fmt: skip
    return url


def end(settings: WikiSettings, request: Any, forget: Any) -> str:
    """The provider says that a visit ends, or answers that it has ended; answers where to go. Errors: `NotSignedIn`."""
    auth = _auth(settings, request)
    url = auth.process_slo(delete_session_cb=forget)
    if auth.get_errors() == ["logout_not_success"]:
        return "/signed-out?partly"  # the answer is the provider's own: an application did not confirm
    if auth.get_errors():
        raise NotSignedIn(str(auth.get_last_error_reason()))
    return str(url or "/signed-out")


# -- below -----------------------------------------------------------------------------------------------------------


def _first(told: Mapping[str, list[str]], name: str) -> str:
    return (told.get(name) or [""])[0]


def _auth(settings: WikiSettings, request: Any) -> OneLogin_Saml2_Auth:
    # Read at each use: a new certificate of the provider needs no restart here.
    told = OneLogin_Saml2_IdPMetadataParser.parse_remote(settings.metadata_url, timeout=10)
    asked = {
        "https": "on" if request.scheme == "https" else "off",
        "http_host": request.host,
        "script_name": request.path,
        "get_data": request.args.to_dict(),
        "post_data": request.form.to_dict(),
        "query_string": request.query_string.decode("ascii"),
        "validate_signature_from_qs": True,
    }
    return OneLogin_Saml2_Auth(asked, OneLogin_Saml2_Settings({**_own(settings), "idp": told["idp"]}))


def _own(settings: WikiSettings) -> dict[str, Any]:
    url = settings.base_url
    key, certificate = _key(settings.key_file)
    sp = {
        "entityId": f"{url}/saml/metadata",
        "assertionConsumerService": {"url": f"{url}/saml/acs", "binding": POST},
        "singleLogoutService": {"url": f"{url}/saml/slo", "binding": REDIRECT},
        "privateKey": key,
        "x509cert": certificate,
    }
    security = {
        "authnRequestsSigned": True,
        "logoutRequestSigned": True,
        "logoutResponseSigned": True,
        "wantAssertionsSigned": True,
        "wantMessagesSigned": True,
        "wantAssertionsEncrypted": True,
        "requestedAuthnContext": False,
        "signatureAlgorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "digestAlgorithm": "http://www.w3.org/2001/04/xmlenc#sha256",
        "metadataValidUntil": "",
    }
    return {"strict": True, "sp": sp, "security": security}


def _key(file: Path) -> tuple[str, str]:
    if not file.exists():
        make_key(file)
    key, mark, certificate = file.read_text("ascii").partition("-----BEGIN CERTIFICATE-----")
    return key, mark + certificate


def make_key(file: Path) -> None:
    """A new key with a certificate, PEM, in a file that only its owner can read."""
    key = rsa.generate_private_key(65537, 2048)
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Wiki")]), datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=3650))
    )
    certificate = made.sign(key, hashes.SHA256())
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file.touch(0o600)
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem)
    )  # fmt: skip

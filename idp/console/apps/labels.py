"""What the values of an application are called on its pages, and what is expected of each.

A field of `clients.metadata.FIELDS` or `clients.saml_fields.SETTINGS` without a line here appears under its own name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from idp.texts import N_

#: Parts of the form, in order; the last takes what has no line.
PARTS: Final[tuple[tuple[str, str], ...]] = (
    ("main", N_("What people change most")),
    ("signing_in", N_("Signing in")),
    ("logout", N_("Signing out")),
    ("told", N_("What it is told about people")),
    ("tokens", N_("Tokens")),
    ("proof", N_("How it proves itself")),
    ("shown", N_("What people see of it")),
    ("other", N_("More")),
)


@dataclass(frozen=True, slots=True)
class Label:
    """The name of a field, the part of the form where it stands, and what is expected."""

    text: str
    part: str
    hint: str = ""


LABELS: Final[dict[str, Label]] = {
    "client_name": Label(N_("Name"), "main", N_("People read it when they sign in.")),
    "redirect_uris": Label(N_("Redirect URIs"), "main", N_(
        "Where people come back to, one a line, exactly as the application sends it: https://crm.example.com/callback")),
    "acs": Label(N_("Addresses for our answers (ACS)"), "main", N_(
        "Where the application takes SAML answers, one a line, exactly as it sends it: https://app.example/saml/acs")),
    "post_logout_redirect_uris": Label(N_("Addresses after signing out"), "main", N_(
        "Where people may be sent after signing out there, one a line: https://crm.example.com/")),
    "backchannel_logout_uri": Label(N_("Back-channel logout URI"), "main", N_(
        "Called by us when somebody's session ends: https://crm.example.com/backchannel-logout")),
    "launch_url": Label(N_("Address to open it"), "main", N_(
        "Where its tile leads on people's start page: https://crm.example.com/")),
    "consent": Label(N_("Ask people for permission"), "main", N_(
        "implicit: never, as usual for a company's own applications; explicit: at first use.")),
    "initiate_login_uri": Label(N_("Address that starts a sign-in"), "signing_in", N_(
        "For applications that begin the sign-in themselves when they are opened here.")),
    "scope": Label(N_("Scopes"), "signing_in", N_("What it may ask for, separated by spaces: openid profile email")),
    "grant_types": Label(N_("Grant types"), "signing_in", N_("One a line.")),
    "response_types": Label(N_("Response types"), "signing_in", N_(
        "One a line. code is right; with token or id_token tokens come through the browser, for old applications "
        "alone.")),
    "response_modes": Label(N_("Response modes"), "signing_in", N_("One a line.")),
    "require_pkce": Label(N_("PKCE is required"), "signing_in", N_("Only for libraries that have none is it off.")),
    "dpop_bound_access_tokens": Label(N_("Its tokens are bound to a key (DPoP)"), "tokens", N_(
        "A token alone is worth nothing to whoever steals it.")),
    "tls_client_certificate_bound_access_tokens": Label(
        N_("Its tokens are bound to its certificate (mTLS)"), "tokens", N_(
            "A token alone is worth nothing to whoever steals it.")),
    "require_pushed_authorization_requests": Label(N_("It pushes its requests first (PAR)"), "signing_in", N_(
        "A request that comes by the browser alone is refused.")),
    "require_signed_request_object": Label(N_("It signs its requests (JAR)"), "signing_in", N_(
        "A request that is not signed with one of its keys is refused.")),
    "request_object_signing_alg": Label(N_("Its requests are signed with"), "signing_in"),
    "request_uris": Label(N_("Addresses of its signed requests"), "signing_in", N_(
        "Only these are fetched, one a line: https://crm.example.com/request.jwt")),
    "authorization_signed_response_alg": Label(N_("Answers as a JWT are signed with"), "signing_in"),
    "default_max_age": Label(N_("Oldest sign-in that is taken"), "signing_in", N_(
        "An older one is asked for again: 3600, 12h, 1d. Empty: as old as the session may be.")),
    "require_auth_time": Label(N_("It is always told when people signed in"), "signing_in", N_(
        "But for people whom another provider signed in without saying when: no time is made up for them.")),
    "default_acr_values": Label(N_("How strongly people sign in for it"), "signing_in", N_("acr values, one a line.")),
    "ignore_prompt_consent": Label(N_("Its wish for consent is passed over"), "signing_in", N_(
        "For products that ask for it at every sign-in, which would end single sign-on.")),
    "allow_dotless_scheme": Label(N_("Redirect URIs may have a scheme without a dot"), "signing_in"),
    "self_registered": Label(N_("It registered itself, and nobody has checked it"), "signing_in", N_(
        "Consent pages say so. Take it back when you have.")),
    "application_type": Label(N_("Application type"), "signing_in"),
    "backchannel_token_delivery_mode": Label(
        N_("How it learns of an answer (CIBA)"), "signing_in",
        N_("poll: it asks again and again; ping: it is called; push: it is sent the tokens.")),
    "backchannel_client_notification_endpoint": Label(N_("Where it is called with an answer (CIBA)"), "signing_in"),
    "backchannel_authentication_request_signing_alg": Label(
        N_("Algorithm of its signed requests (CIBA)"), "signing_in", N_("Given one, others are refused.")),
    "backchannel_logout_session_required": Label(N_("Logout notices name the session"), "logout"),
    "logout_token_claims": Label(N_("Claims in logout notices"), "logout", N_(
        "Beside the subject, one a line: employee_number, for applications that know people by it.")),
    "frontchannel_logout_uri": Label(N_("Front-channel logout URI"), "logout", N_(
        "The browser asks it in a hidden frame. Browsers that keep third-party cookies away make it useless; the "
        "back-channel is sure.")),
    "frontchannel_logout_session_required": Label(N_("The address of the frame names the session"), "logout"),
    "id_token_claims": Label(N_("Claims stand in the ID token, too"), "told", N_(
        "For products that never call the userinfo endpoint.")),
    "claims_map": Label(N_("Its own claims"), "told", N_(
        "Claims and the attributes of people that they are made of, in JSON: {\"employee_id\": \"employee_number\"}")),
    "claim_rules": Label(N_("Rows of claims and attributes"), "told", N_(
        "In JSON: [{\"name\": \"role\", \"value\": \"department\", \"groups\": [\"crm\"]}]")),
    "subject_type": Label(N_("Subject type"), "told", N_(
        "public: it knows people by the same id as all others; pairwise: by one that only its own sector has.")),
    "sector_identifier_uri": Label(N_("Address of its sector"), "told", N_(
        "A JSON list of redirect URIs, for applications on several hosts that share the ids of people.")),
    "userinfo_signed_response_alg": Label(N_("Userinfo is signed with"), "told"),
    "id_token_encrypted_response_alg": Label(N_("ID tokens are encrypted by"), "tokens", N_(
        "Empty: not at all. Else one of its public keys must be for this.")),
    "id_token_encrypted_response_enc": Label(N_("Content cipher of ID tokens"), "tokens"),
    "userinfo_encrypted_response_alg": Label(N_("Userinfo is encrypted by"), "told", N_(
        "Empty: not at all. Else one of its public keys must be for this.")),
    "userinfo_encrypted_response_enc": Label(N_("Content cipher of userinfo"), "told"),
    "authorization_encrypted_response_alg": Label(N_("Answers as a JWT are encrypted by"), "signing_in", N_(
        "Empty: not at all. Else one of its public keys must be for this.")),
    "authorization_encrypted_response_enc": Label(N_("Content cipher of answers as a JWT"), "signing_in"),
    "introspection_signed_response_alg": Label(N_("Introspection as a JWT is signed with"), "tokens"),
    "introspection_encrypted_response_alg": Label(N_("Introspection as a JWT is encrypted by"), "tokens", N_(
        "Empty: not at all. Else one of its public keys must be for this.")),
    "introspection_encrypted_response_enc": Label(N_("Content cipher of introspection"), "tokens"),
    "request_object_encryption_alg": Label(N_("Its requests are encrypted by"), "signing_in"),
    "request_object_encryption_enc": Label(N_("Content cipher of its requests"), "signing_in"),
    "access_token_format": Label(N_("Format of access tokens"), "tokens"),
    "access_token_lifetime": Label(N_("Access tokens last"), "tokens", N_("Seconds, or 10m, 1h. Empty: as for all.")),
    "id_token_lifetime": Label(N_("ID tokens last"), "tokens", N_("Seconds, or 10m, 1h. Empty: as for all.")),
    "refresh_token_idle": Label(N_("Refresh tokens end unused after"), "tokens", N_("Such as 14d. Empty: as for all.")),
    "refresh_token_absolute": Label(N_("Refresh tokens end after"), "tokens", N_("Such as 90d. Empty: as for all.")),
    "refresh_token_rotation": Label(N_("Refresh tokens are used once"), "tokens"),
    "id_token_signed_response_alg": Label(N_("ID tokens are signed with"), "tokens"),
    "resources": Label(N_("APIs that it may ask tokens for"), "tokens", N_("One a line: https://api.example.com")),
    "authorization_details_types": Label(N_("Types of authorization details"), "tokens", N_(
        "What it may ask people for in detail, one a line: payment_initiation. The types stand under Applications.")),
    "may_act": Label(N_("Applications that may act with its tokens"), "tokens", N_(
        "Their ids, one a line. They exchange a person’s token of it for one of their own, which names them.")),
    "fedcm": Label(N_("The browser’s own dialog signs in to it (FedCM)"), "signing_in", N_(
        "Its pages ask the browser, which shows who is signed in here. It gets an ID token.")),
    "native_sso_group": Label(N_("Group of apps that share sign-ins on a device"), "tokens", N_(
        "The same word in each app of the group. Empty: it shares with none.")),
    "may_impersonate": Label(N_("Applications that may pass for the person"), "tokens", N_(
        "As above, but nothing in the new token says who acts. Leave it empty where you can.")),
    "exchange_resources": Label(N_("APIs that exchanged tokens may be for"), "tokens", N_(
        "Beyond those of the token that is exchanged. One a line: https://api.example.com")),
    "assertion_issuers": Label(N_("Whose word of a person it may bring"), "tokens", N_(
        "In JSON, with their keys and what their sub is here (id, username, email): {\"https://id.example.com\": "
        "{\"jwks_uri\": \"https://id.example.com/jwks\", \"subject\": \"username\"}}")),
    "id_jag_audiences": Label(N_("Where it may bring our word of a person"), "tokens", N_(
        "Other authorization servers in JSON, with its client id there and the most that it may ask for: "
        "{\"https://as.example.com\": {\"client_id\": \"crm\", \"scope\": \"files.read\"}}")),
    "introspection": Label(N_("Tokens that it may look at"), "tokens", N_(
        "own: its own; audience: also those meant for its APIs; all: everybody's.")),
    "token_endpoint_auth_method": Label(N_("How it proves itself"), "proof", N_(
        "With a secret, either way of sending it works.")),
    "token_endpoint_auth_signing_alg": Label(N_("Its proofs are signed with"), "proof"),
    "client_assertion_audience": Label(N_("Audience of its proofs"), "proof", N_(
        "issuer, as is safe; legacy for older libraries.")),
    "request_uri_hash": Label(N_("Hash in the address of a request"), "proof", N_(
        "checked, as is safe; ignored for older libraries that put something else there.")),
    "jwks": Label(N_("Its public keys"), "proof", N_("A JWK set in JSON.")),
    "jwks_uri": Label(N_("Address of its public keys"), "proof", N_("https://crm.example.com/jwks.json")),
    "tls_client_auth_subject_dn": Label(N_("Name of its certificate"), "proof", N_(
        "With tls_client_auth, one of these five: CN=app,O=Example,C=DE")),
    "tls_client_auth_san_dns": Label(N_("Host name in its certificate"), "proof"),
    "tls_client_auth_san_uri": Label(N_("URI in its certificate"), "proof"),
    "tls_client_auth_san_ip": Label(N_("IP address in its certificate"), "proof"),
    "tls_client_auth_san_email": Label(N_("E-mail address in its certificate"), "proof"),
    "allowed_origins": Label(N_("Origins of its code in browsers"), "proof", N_("One a line: https://app.example.com")),
    "contacts": Label(N_("Contacts"), "shown", N_("E-mail addresses of those who look after it, one a line.")),
    "description": Label(N_("Description"), "shown"),
    "logo_uri": Label(N_("Address of its logo"), "shown"),
    "client_uri": Label(N_("Its home page"), "shown"),
    "policy_uri": Label(N_("Its privacy policy"), "shown"),
    "tos_uri": Label(N_("Its terms"), "shown"),
    "software_id": Label(N_("Software id"), "other"),
    "software_version": Label(N_("Software version"), "other"),
    # SAML
    "sign": Label(N_("What is signed"), "signing_in"),
    "encrypt": Label(N_("Assertions are encrypted"), "signing_in", N_(
        "auto: where its metadata has a key for it.")),
    "name_id_format": Label(N_("NameID format"), "told", N_(
        "email, persistent, transient, unspecified, none or the URI of a format. Empty: as it asks.")),
    "attributes": Label(N_("Attributes"), "told", N_(
        "A set (default, none, microsoft, google …) or a table in JSON: {\"mail\": \"email\"}; +{…} adds to the set.")),
    "require_signed_requests": Label(N_("Its requests have to be signed"), "proof"),
    "signature_algorithm": Label(N_("Signature algorithm"), "proof", N_("rsa-sha256, ecdsa-sha256 …")),
    "digest_algorithm": Label(N_("Digest algorithm"), "proof", N_("sha256, sha384, sha512")),
    "allow_sha1": Label(N_("SHA-1 is taken, though it can be forged"), "proof"),
    "allow_cbc": Label(N_("CBC is taken, though it can be changed on the way"), "proof"),
    "default_relay_state": Label(N_("Relay state"), "signing_in"),
    "allow_idp_initiated": Label(N_("It may be opened from here"), "signing_in"),
    "skew_seconds": Label(N_("Clock difference that is taken"), "signing_in", N_("Seconds, at most 600.")),
    "session_lifetime": Label(N_("Its sessions end after"), "signing_in", N_("Such as 8h. Empty: as it likes.")),
    "scoping": Label(N_("Its wishes for other providers"), "signing_in"),
    # of no form
    "profile": Label(N_("Kind"), "main"),
    "access": Label(N_("Who may open it"), "main"),
    "enabled": Label(N_("Turned on"), "main"),
}  # fmt: skip


def label_of(key: str) -> str:
    """The name of a field; its own where it has no line."""
    found = LABELS.get(key)
    return found.text if found else key

"""Our values as a door would have them, and a template of the tests' own."""

from __future__ import annotations

from clients.gallery.places import Ours

ISSUER = "https://login.example.com"
OURS = Ours(
    issuer=ISSUER,
    discovery_url=f"{ISSUER}/.well-known/openid-configuration",
    authorization_endpoint=f"{ISSUER}/oauth/authorize",
    token_endpoint=f"{ISSUER}/oauth/token",
    userinfo_endpoint=f"{ISSUER}/oauth/userinfo",
    jwks_uri=f"{ISSUER}/oauth/jwks",
    end_session_endpoint=f"{ISSUER}/oauth/logout",
    introspection_endpoint=f"{ISSUER}/oauth/introspect",
    revocation_endpoint=f"{ISSUER}/oauth/revoke",
    metadata_url=f"{ISSUER}/saml/metadata",
    idp_entity_id=f"{ISSUER}/saml/metadata",
    sso_url=f"{ISSUER}/saml/sso",
    slo_url=f"{ISSUER}/saml/slo",
    start_url=f"{ISSUER}/saml/start/c123",
    certificate=b"\x30" + bytes(range(200)),
)

TOY = """# Source: nowhere; a product of the tests.
name = "Toy"
vendor = "https://toy.example/docs"
category = "work"
sure = "likely"

[[questions]]
id = "app"
label = "Address of Toy"
kind = "address"
example = "https://toy.example.com"
why = "It is where it stands."

[[questions]]
id = "provider"
label = "Name of the provider in Toy"
kind = "name"
example = "doorward"
why = "It is part of the path."

[oidc]
profile = "web"
redirect_uris = ["{app}/oauth/{provider}/callback?action=done"]
post_logout_redirect_uris = ["{app}"]
reads = ["email"]
steps = ["Open {app}/admin and paste {client_id}."]
env = ["TOY_REDIRECT={redirect_uri}", "TOY_SECRET={client_secret}", "TOY_USER={{username}}"]

[oidc.snippet]
file = "toy.json"
language = "json"
text = '''
{"issuer": "{issuer}", "redirect": "{redirect_uri}", "who": "{{username}}"}
'''

[saml]
entity_id = "{app}/saml"
acs = ["{app}/saml/acs"]
reads = ["NameID"]
steps = ["Paste {metadata_url}."]
settings = { name_id_format = "email" }

[[saml.logout]]
binding = "redirect"
location = "{app}/saml/slo"

[saml.snippet]
file = "toy.yaml"
language = "yaml"
text = '''
idp:
    certificate: |
      {certificate}
'''
"""

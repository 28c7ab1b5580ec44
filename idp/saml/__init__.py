"""SAML 2.0: the identity provider's side of single sign-on and logout.

    views.py             which URL is answered by which function
    sign_on/             an AuthnRequest comes in, is checked, and is answered: /saml/sso, /saml/ecp, /saml/artifact
    logout/              a LogoutRequest comes in or goes out: /saml/slo
    assertions/          what is said of a person: NameID, attributes, authentication context; the Response
    metadata/            service providers' metadata, read and refreshed; ours, published: /saml/metadata
    messages/            XML, bindings, signatures, encryption: the standard's bytes, and nobody's settings
    provider_keys.py     whose keys check a signature, and what we sign and encrypt with for a service provider
    protocol_handler.py  what the sign-in engine calls when it knows who is there, or that nobody is
    store.py             persistent identifiers, and which session was told to which service provider

Rule: inbound XML is read by `messages.xml.parse` alone, and a signed message is read only from the tree that
`messages.signatures.open_message` gives back. Each floor imports the ones below it (pyproject.toml has the order).
"""

"""SAML 2.0: the identity provider's side of single sign-on and logout. The floors, each importing those below it:

    views.py             which URL is answered by which function
    protocol_handler.py  what the sign-in engine calls when it knows who is there, or that nobody is
    sign_on/             an AuthnRequest is received, checked and answered: /saml/sso, /saml/ecp, /saml/artifact
    logout/              a LogoutRequest comes in or goes out: /saml/slo
    metadata/            service providers' metadata, read and refreshed; ours, published: /saml/metadata
    assertions/          what is said of a person: NameID, attributes, authentication context; the Response
    store.py             persistent identifiers, and which session which service provider knows
    signed_message.py    a message that must be signed; header_checks.py: what every request must fulfil;
                         replay.py: each is answered once; unreadable.py: what it is that nobody can read;
                         document_flood.py: refused ones cost their senders' network
    provider_keys.py     whose keys check a signature, and what we sign and encrypt with for a service provider
    messages/            XML, bindings, signatures, encryption: the standard's bytes, and nobody's settings
    protocol.py          the paths of the endpoints

Rule: inbound XML is read by `messages.xml.parse` alone, and a signed message is read only from the tree that
`messages.signatures.open_message` gives back.
"""

"""SAML 2.0: the identity provider's side of single sign-on and logout.

Door: `sso.start`, `logout`, `metadata`. Rule: inbound XML is read by `xml.parse` alone, and a signed message is read
only from the tree that `signatures.py` gives back.
"""

"""SAML on the wire: XML read and written, bindings, signatures, encryption.

Door: `xml.parse`, `signatures.open_message`, `authn_request.read_authn_request`, `signing.sign`.
Rule: knows no endpoint, no registration and no person; whose keys count is the caller's to say.
"""

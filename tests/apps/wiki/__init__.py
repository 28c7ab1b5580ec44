"""A wiki; signs people in by SAML with python3-saml, the toolkit that OneLogin began."""

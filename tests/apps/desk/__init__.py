"""A support desk; signs people in with idpyoidc, the OpenID-certified library of the IdentityPython project."""

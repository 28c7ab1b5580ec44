"""Providers that speak SAML 2.0: Doorward as their service provider.

Door: `kind.KIND`, `rules`, `views.ROUTES`. Rule: of a Response nothing is read but what `opening` gives back, which is
parsed anew from the very bytes that a key of the provider's metadata has signed; `checking` then holds it against the
request. XML, signatures and metadata are those of `idp.saml`.
"""

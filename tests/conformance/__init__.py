"""The OpenID Foundation's conformance suite against the provider: `make conformance` (docs/conformance.md)."""

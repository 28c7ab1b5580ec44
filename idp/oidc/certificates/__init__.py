"""Certificates of clients (RFC 8705): as a trusted proxy hands them on, whose they are, and what is bound to them.

Doors: `arriving.of`, `arriving.required`, `binding`. Rule: what another than a trusted proxy says of a certificate is
never read, and noted.
"""

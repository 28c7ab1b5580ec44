"""Metadata: that of service providers, read, described and kept current; and our own.

Door: `reading.read`, `sources` (register, refresh), `troubles.find_troubles`, `our_metadata`.
Rule: what cannot be read or trusted is `BadMetadata` with a sentence for the admin, and changes nothing.
"""

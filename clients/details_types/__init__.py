"""Types of authorization details (RFC 9396 §2): what applications may ask people for beyond scopes, as admins say it.

Door: `DetailsType`, `kept`. Rule: a type says what a detail of it looks like, and how it is told to a person; a detail
that no type describes is refused.
"""

from clients.details_types.details_type import DetailsType

__all__ = ["DetailsType"]

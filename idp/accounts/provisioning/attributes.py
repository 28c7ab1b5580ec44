"""What a provisioning client may be allowed to write of people, by the name in the schema (RFC 7643 §4.1, §4.3).

A list of its own, so that whoever checks a name needs no library of SCIM; a test holds it to what is served.
"""

from __future__ import annotations

from typing import Final

WRITABLE: Final = (
    "userName", "name", "displayName", "nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale",
    "timezone", "active", "emails", "phoneNumbers", "ims", "photos", "addresses", "entitlements", "roles",
    "enterprise.employeeNumber", "enterprise.costCenter", "enterprise.organization", "enterprise.division",
    "enterprise.department", "enterprise.manager",
)  # fmt: skip

"""Which product an export is of, and how it is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from idp.importing.found import Found, NotReadable

#: What can be read, each with what to give.
PRODUCTS: Final = {
    "keycloak": "realm files of `kc.sh export`",
    "authentik": "JSON of `ak dumpdata`",
    "authelia": "users_database.yml, its configuration.yml, and the YAML of `authelia storage user totp export`",
    "ldif": "people and groups of a directory, by slapcat or ldapsearch",
    "csv": "a table with a first line of column names; password_hash may be one",
    "htpasswd": "a password file of Apache or nginx",
}
MAX_BYTES: Final = 256 * 1024 * 1024


def read(product: str, files: Sequence[bytes], *, roles_as_groups: bool = False) -> Found:
    """What the files of one product hold. Errors: `NotReadable`."""
    if not files:
        raise NotReadable("no file was given")
    try:
        if product == "keycloak":
            from idp.importing import keycloak

            return keycloak.read(files, roles_as_groups=roles_as_groups)
        if product == "authelia":
            from idp.importing import authelia

            return authelia.read(files)
        if product == "authentik":
            from idp.importing import authentik

            return authentik.read(files)
        if product == "ldif":
            from idp.importing import ldif

            return ldif.read(files)
        from idp.importing import tables

        return tables.htpasswd(files) if product == "htpasswd" else tables.csv_people(files)
    except UnicodeDecodeError:
        raise NotReadable("it is not UTF-8") from None
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:  # a part is of another kind
        raise NotReadable(f"a part of it has not the form that {product} writes ({type(error).__name__})") from error

"""Where an address is, in words: by a GeoIP file where the operator has one, else the network it belongs to."""

from __future__ import annotations

import ipaddress
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from idp.accounts.services import Services

#: How MaxMind's files name the languages that they write otherwise than we do.
_LANGUAGES = {"zh-Hans": "zh-CN"}


class _Readers:
    """One for each file; None for a file that cannot be read."""

    def __init__(self) -> None:
        self.opening = threading.Lock()
        self.by_file: dict[str, Any] = {}


def describe(services: Services, address: str, locale: str = "en") -> str:
    """Words such as "Berlin, Germany", or "203.0.113.x" where nothing more is known; '' for no address at all."""
    return _by_file(services, address, locale) or network(address)


def network(address: str) -> str:
    """The line of a provider that an address stands for, as people read it: IPv4 by /24, IPv6 by /56."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if parsed.version == 4:
        return str(parsed).rpartition(".")[0] + ".x"
    return str(ipaddress.ip_network((parsed, 56), strict=False))


def _by_file(services: Services, address: str, locale: str) -> str:
    reader = _reader(services)
    if reader is None:
        return ""
    try:
        found = reader.get(address.partition("%")[0])
    except ValueError:  # no address, or one of a kind that the file does not hold
        return ""
    names = [_name(found, part, locale) for part in ("city", "country")] if isinstance(found, dict) else []
    return ", ".join(filter(None, names))


def _name(found: dict[str, Any], part: str, locale: str) -> str:
    names = found.get(part, {}).get("names", {})
    return str(names.get(_LANGUAGES.get(locale, locale)) or names.get("en") or "")


def _reader(services: Services) -> Any:
    name = services.settings.portal.geoip
    if not name:
        return None
    file = str(services.settings.path(name))
    readers = services.part(_Readers)
    with readers.opening:
        if file not in readers.by_file:
            readers.by_file[file] = _open(services, file)
        return readers.by_file[file]


def _open(services: Services, file: str) -> Any:
    """A page without places is better than no page: what is wrong with the file is logged, once."""
    try:
        import maxminddb  # the extra "geoip"

        return maxminddb.open_database(file)
    except (ImportError, OSError, ValueError) as error:
        services.log.warning("geoip_unavailable", file=file, reason=str(error) or type(error).__name__)
    except Exception as error:  # maxminddb's own InvalidDatabaseError
        services.log.warning("geoip_unavailable", file=file, reason=str(error))
    return None

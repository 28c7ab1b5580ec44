"""What a protocol stands on: the sign-in with all below it, and the keys. The topmost floor, so all there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from idp.login import services

if TYPE_CHECKING:
    from keys.certificates import CertificateRing
    from keys.ring import Ring


@dataclass(frozen=True, kw_only=True)
class Services(services.Services):
    """The running provider, whole."""

    ring: Ring
    certificates: CertificateRing

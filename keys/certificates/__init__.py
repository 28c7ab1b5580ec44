"""Keys with a certificate, for SAML: long-lived, prepared here, promoted by an operator (K1).

Door: `CertificateRing`. Rule: metadata carries the next certificate beside the active one for as long as an operator
waits, and the retiring one until it is removed; nothing turns by itself.
"""

from .certificate import Certificate
from .ring import CertificateRing, CertifiedKey, NoSuchCertificate, TooEarly

__all__ = ["Certificate", "CertificateRing", "CertifiedKey", "NoSuchCertificate", "TooEarly"]

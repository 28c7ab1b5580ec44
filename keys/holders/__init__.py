"""Where private keys lie that this process never sees: a PKCS#11 token, or the transit engine of OpenBao or Vault.

Door: `Holders`, and `pkcs11.Token`, `transit.Transit` for whoever makes them. Rule: what is kept of such a key is a
reference, sealed as a key is; a signature is asked for by it, and anything that fails is `HolderUnavailable`.
"""

from .port import HERE, Holder, Holders, HolderUnavailable, Made, is_reference

__all__ = ["HERE", "Holder", "HolderUnavailable", "Holders", "Made", "is_reference"]

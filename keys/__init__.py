"""The key ring: signing keys that are published before they sign and stay until their last token has died; the sealing
of every secret at rest; our JWTs, signed and verified. Door: `ring.Ring`, `sealing.Sealer`, `verifying.verify`,
`verifying.verify_own`. Rule: imports neither `idp` nor `clients`; no private key leaves this room, or rests unsealed.
"""

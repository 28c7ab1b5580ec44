"""Addresses and numbers as strangers may see them: enough to know one's own, too little to learn another's."""

from __future__ import annotations


def masked_address(address: str) -> str:
    """`anna.miller@example.com` as `a…r@example.com`."""
    local, _, domain = address.rpartition("@")
    if not local:
        return "…"
    return f"{local[0]}…{local[-1] if len(local) > 3 else ''}@{domain}"


def masked_number(number: str) -> str:
    """`+49 170 1234567` as `…67`."""
    digits = [c for c in number if c.isdigit()]
    return "…" + "".join(digits[-2:]) if len(digits) > 4 else "…"

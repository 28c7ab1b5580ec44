"""Attributes of people that an organisation defines: what a value looks like, who sees and writes it, who is told it.

Door: `Definition`, `kept`, `Registry.attributes`. Rule: a definition binds what people and admins write; what a
directory says is taken as it comes. A claim without a definition stays free.
"""

from clients.attributes.definition import Definition

__all__ = ["Definition"]

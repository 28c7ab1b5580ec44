"""What needs an admin's attention, each with where it is mended (B3). Nothing, where all is well.

Door: `find`; `of_doctor`, `keep_of_doctor`; `examine`. What takes longer than a page may is looked at in the background
every ten minutes (`examining`), and kept in State. A file per room of the console, each asking for its permissions.
"""

from __future__ import annotations

from idp.admin.actor import Actor
from idp.admin.attention import applications, installation, people, upstream
from idp.admin.attention.examining import EVERY, HOUR, examine, keep_of_doctor, of_doctor
from idp.admin.attention.finding import Finding
from idp.protocols import Services

__all__ = ["EVERY", "HOUR", "Finding", "examine", "find", "keep_of_doctor", "of_doctor"]


def find(services: Services, actor: Actor) -> list[Finding]:
    """Everything that this actor may know of: the whole company's, so nothing for whoever looks after a part."""
    rooms = (installation, people, applications, upstream)
    return [finding for room in rooms for finding in room.findings(services, actor)]

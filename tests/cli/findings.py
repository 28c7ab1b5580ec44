"""What `doorward doctor` finds."""

from __future__ import annotations

from typing import Any

from tests.cli.conftest import Folder


def found(site: Folder, check: str, **env: str) -> list[dict[str, Any]]:
    findings = site.run("doctor", "--json", env=env).json["findings"]
    return [finding for finding in findings if finding["check"] == check]

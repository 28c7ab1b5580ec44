"""docs/console.md has every page and every permission that there is; `python docs/console.py` writes it anew."""

from __future__ import annotations

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_the_document_has_every_page_with_its_purpose_and_every_permission() -> None:
    spec = importlib.util.spec_from_file_location("docs_console", DOCS / "console.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = (DOCS / "console.md").read_text("utf-8")
    assert module.filled(text) == text, "run: python docs/console.py"
    assert "| `/admin` |" in text
    assert "| `keys:change` | yes |" in text

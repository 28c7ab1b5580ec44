"""Makes `docs/errors/` and `docs/symptoms.md` from the catalogue, and holds the code to it: `python docs/errors.py`.

It fails where a refusal or a finding has no kind, a kind has no entry, or an entry is of nothing, and says what to do.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import raised  # noqa: E402

from idp import catalogue  # noqa: E402

PAGES = ROOT / "docs" / "errors"
SYMPTOMS = ROOT / "docs" / "symptoms.md"
MADE = "<!-- made by python docs/errors.py from idp/catalogue/entries: change it there -->"


def problems() -> list[str]:
    """What is wrong, each with the file to make or to change; none where all fits."""
    calls = raised.calls()
    wrong = [f"{one.file}:{one.line}: {one.what} {one.problem}" for one in calls if one.problem]
    places = {kind: f"{one.file}:{one.line}" for one in reversed(calls) for kind in one.kinds}
    places |= dict.fromkeys(raised.of_tables(), "a table")
    there = set(catalogue.codes())
    wrong += [
        f"{places[kind]}: the kind {kind} has no entry. Make idp/catalogue/entries/{kind}.toml (copy "
        'pkce_verifier.toml beside it, or write same_as = "..." where it is another name); then python docs/errors.py'
        for kind in sorted(set(places) - there)
    ]
    entries = {code: catalogue.find(code) for code in sorted(there)}
    meant = {name for entry in entries.values() if entry is not None for name in (entry.code, entry.told_as) if name}
    own = {code for code, entry in entries.items() if entry is not None and entry.code == code}
    used = set(places) | {entry.code for code, entry in entries.items() if entry is not None and code in places}
    used |= {entries[code].told_as for code in used & own if entries[code] is not None}  # type: ignore[union-attr]
    wrong += [
        f"idp/catalogue/entries/{code}.toml: nothing refuses or finds {code}; remove it"
        for code in sorted(there - used)
    ]
    wrong += [f"told_as {name}: has no entry of its own" for name in sorted(meant - own)]
    return wrong


def page(entry: catalogue.Entry) -> str:
    """One entry in Markdown."""
    parts = [MADE, f"# {entry.title}", f"`{entry.code}`: the fault of **{entry.whose}**."]
    facts = [f"Field: `{entry.field}`."] if entry.field else []
    facts += [f"Standard: {entry.standard}."] if entry.standard else []
    facts += [f"Read by: {', '.join(entry.read_by)}."]
    parts += [" ".join(facts), entry.means, "## Why, the likeliest first"]
    parts += ["\n".join(f"{n}. **{one.what}** {one.tell}" for n, one in enumerate(entry.causes, 1)), "## What to do"]
    parts += [entry.fix] if entry.fix else []
    parts += [f"Command: `{entry.command}`"] if entry.command else []
    parts += [f"In the console: {entry.click}"] if entry.click else []
    parts += [
        f"What is wrong in one case stands under its error id: `doorward explain {_ID}`, or Activity in the console."
    ]
    return "\n\n".join(parts) + "\n"


_ID = "ID"


def alias(code: str, entry: catalogue.Entry) -> str:
    """The page of another name."""
    return f"{MADE}\n\n# {entry.title}\n\n`{code}` is another name of [`{entry.code}`]({entry.code}.md).\n"


def index() -> str:
    """All of them by title."""
    rows = [MADE, "", "# Errors, one by one", ""]
    rows += [
        "What an error means, its likely causes and the fix. A running Doorward serves the same pages at `/errors`.",
        "",
    ]
    rows += ["| Code | What it is | Whose side | Field |", "| --- | --- | --- | --- |"]
    for code in catalogue.codes():
        entry = catalogue.find(code)
        if entry is not None:
            field = f"`{entry.field}`" if entry.field else ""
            rows.append(f"| [`{code}`]({code}.md) | {entry.title} | {entry.whose} | {field} |")
    return "\n".join(rows) + "\n"


def symptoms() -> str:
    """All symptoms on one page."""
    rows = [MADE.replace("entries", "symptoms.toml"), "", _SYMPTOMS]
    for one in catalogue.symptoms().values():
        rows += [f"## {one.code}", "", f"**{one.title}.** {one.means}", ""]
    return "\n".join(rows)


_SYMPTOMS = """# Symptoms: what an application's traffic looks like

Some mistakes raise no error here: an application that gets codes and never redeems them, a page that calls from an
origin nobody registered. What can be seen of them is counted by the hour, for each application, and judged by rules.
`doorward explain APP` and the application's page in the console show what was found, with its likely causes in the
order in which they are true most often, how to tell them apart, and the fix.

Counted is what somebody who signed in, a code, a token or the application's own proof stands for. Where anybody could
have sent a request, the symptom says so. Counts are kept for 48 hours; since when a thing is seen is remembered until
it was not seen for two weeks.

A running Doorward serves what stands here at `/errors/CODE`.
"""


def made() -> dict[str, str]:
    """Every page by its file's name."""
    pages = {"README.md": index()}
    for code in catalogue.codes():
        entry = catalogue.find(code)
        if entry is not None:
            pages[f"{code}.md"] = page(entry) if entry.code == code else alias(code, entry)
    return pages


def write() -> bool:
    """Bring the folder up to date; answers whether anything was stale."""
    PAGES.mkdir(exist_ok=True)
    wanted, there = made(), {file.name: file.read_text("utf-8") for file in PAGES.glob("*.md")}
    for name in set(there) - set(wanted):
        (PAGES / name).unlink()
    for name, text in wanted.items():
        if there.get(name) != text:
            (PAGES / name).write_text(text, "utf-8")
    told, before = symptoms(), SYMPTOMS.read_text("utf-8") if SYMPTOMS.exists() else ""
    if told != before:
        SYMPTOMS.write_text(told, "utf-8")
    return wanted != there or told != before


if __name__ == "__main__":
    stale = write()
    found = problems()
    print(*found, sep="\n")
    if found:
        sys.exit(f"{len(found)} things to do")
    sys.exit("docs/errors and docs/symptoms.md are up to date now" if stale else 0)

"""Fills the tables of `docs/console.md` from the code: `python docs/console.py`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

PAGE = Path(__file__).parent / "console.md"
IMAGES = PAGE.parent / "images" / "console"
#: Pages of which there is no picture, and why.
NO_PICTURE = {
    "/admin/people/import/<id>/rows": "a file",
    "/admin/people/many": "it leads to the list, and the list to what it would do",
    "/admin/people/many/<id>/rows": "a file",
    "/admin/reviews/<id>/rows": "a file",
    "/admin/apps/<id>/remove": "it leads to the page before, where both stand",
    "/admin/resume": "only a form whose session ended leads there",
    "/admin/apps/<id>/sign-in": "an address of the test, which leads on",
}

#: What each page is for. A page without a line here fails the test.
PURPOSES = {
    "/admin": "what needs attention; sign-ins and failures",
    "/admin/search": "one box for people, applications, groups, errors, cases, events, sign-ins, keys and certificates",
    "/admin/keys": "keys and certificates, each with its time line: publish, let sign, go back, withdraw",
    "/admin/keys/<kid>": "who has a key and how that is known; keep one on the old key, note what was given by hand",
    "/admin/messages": "what everybody is told, how mail and text messages leave and which did not, a test",
    "/admin/tokens": "one's own tokens for scripts: make one, see when each was used, end one",
    "/admin/attributes": "what else is kept of people: its type, who sees and changes it, who is told",
    "/admin/attributes/history": "who changed a definition, with the difference, and undo",
    "/admin/people/<id>/attributes": "what somebody has of it, in controls that fit its type",
    "/admin/details-types": "what applications ask people for in detail: types, with their schema and sentences",
    "/admin/registration": "applications that register themselves: tokens that let them, and those that came",
    "/admin/settings": "what holds on this machine, what differs from the default, what the checks say",
    "/admin/approvals": "changes that wait for a second owner, and what became of others",
    "/admin/approvals/<id>": "one of them: what it changes; approve it, refuse it, take it back",
    "/admin/break-glass": "owners for the day when nothing else lets anybody in: make, try, look at their use, end",
    "/admin/activity": "the record, by person, application, action, day, failures",
    "/admin/activity/<id>": "what stands behind an error's id, or an event",
    "/admin/activity/record": "whether the record is whole, its signed end, who watches it and whether they get it",
    "/admin/activity/export": "what the filters find as a file: CSV, JSON Lines, CEF, OCSF",
    "/admin/activity/blank": "personal data of somebody who was removed taken out of the record, in numbers first",
    "/admin/resume": "a form whose session had ended, to be sent after the sign-in",
    "/admin/apps": "applications, found by name, id or host",
    "/admin/apps/new": "the gallery, or another OpenID Connect or SAML application",
    "/admin/apps/new/<product>": "at most three questions, who may open it, and it is registered",
    "/admin/apps/<id>": "one application: what to paste on its side, its secrets, its last failures",
    "/admin/apps/<id>/edit": "what can be set of an application, in a form made of its fields",
    "/admin/apps/<id>/history": "what was changed, by whom, with the difference, and undo",
    "/admin/apps/<id>/access": "who may open an application",
    "/admin/apps/<id>/past": "who could open it at another time, why, until when, and whether they did; as a file",
    "/admin/apps/<id>/role": "what a program may do by the API: its role, with a new secret that nobody else knows",
    "/admin/apps/<id>/provisioning": "people written to it: each with what was sent, what was answered, and a retry",
    "/admin/apps/<id>/provisioning/edit": "where people are written to, and what goes where; off, on, removed",
    "/admin/apps/<id>/signals": "streams of security events: what waits, what was taken, a test, stopped, removed",
    "/admin/apps/<id>/secrets": "its secrets: a new one beside the old, with its end",
    "/admin/apps/<id>/state": "off and on",
    "/admin/apps/<id>/remove": "removed, and brought back within 30 days",
    "/admin/apps/<id>/claims": "rows that make its claims and attributes, tried with a person before they are saved",
    "/admin/apps/<id>/preview": "what an application would get of a chosen person",
    "/admin/apps/<id>/test": "a test sign-in that shows what would be sent; a live check of what it sends",
    "/admin/apps/<id>/sign-in": "the application's own sign-in, which ends on the page before",
    "/admin/people": "people, found by any part of name, address, username, number or id; filtered by how they stand",
    "/admin/people/new": "somebody new, and what became of their invitation",
    "/admin/people/import": "people from a CSV file: send one; the imports of before",
    "/admin/people/import/<id>": "what a file would do, what its columns mean, how far it is, what came of it",
    "/admin/people/import/<id>/rows": "the lines that were not taken, as a file to correct and send again",
    "/admin/people/many": "what was ticked in the list, or all that it finds, to do the same to each",
    "/admin/people/many/<id>": "what it would do, in numbers; how far it is; what came of each; undo",
    "/admin/people/many/<id>/rows": "what came of each, as a file",
    "/admin/people/invitations": "who was invited and has set no password: mail it again, withdraw it",
    "/admin/people/registrations": "who asks for an account: approve, refuse, under another name",
    "/admin/people/<id>": "why they do not get in, and what helps: unlock, link, code, lost factor, sign-ins, notes",
    "/admin/people/<id>/edit": "name, address, number, claims, groups",
    "/admin/people/<id>/join": "two persons that are one: what would happen, in numbers, and done",
    "/admin/people/<id>/roles": "roles, of what and until when",
    "/admin/people/<id>/off": "turn off: what it ends, in numbers, and what each application answered; on again",
    "/admin/people/<id>/history": "what was changed, by whom, from where, before and after, and undo",
    "/admin/people/<id>/apps": "what they may open, and the rule that says so",
    "/admin/groups": "groups, with how many are in each; a new one",
    "/admin/groups/<id>": "who is in it, groups in it, owners, which applications and rules name it; name, end",
    "/admin/groups/<id>/history": "what was done with it, who came and went, by whom, and undo",
    "/admin/rules": "what signing in takes: the rules in their order, fixed ones marked; off, on, moved, removed",
    "/admin/rules/new": "a new rule; what it means for people in numbers before it is saved",
    "/admin/rules/<id>": "one rule, as a form",
    "/admin/rules/try": "this person, this application, from there: what happens, which rule decides, and why",
    "/admin/rules/history": "who changed which rule, with the difference, and undo",
    "/admin/directories": "directories that write people and groups here by SCIM: let in, with when each came last",
    "/admin/directories/<id>": "one of them: what it may, its token made anew, what was refused to it, off and on",
    "/admin/providers": "providers that people sign in through, with whether each answers; removed ones brought back",
    "/admin/providers/new": "what is it: Entra, Google, Okta and others, each by what is known of it",
    "/admin/providers/new/<template>": "what to do there, step by step, with the redirect URI; what was got there",
    "/admin/providers/<id>": "one provider: how it stands, tried without a person, off and on, its secret",
    "/admin/providers/<id>/edit": "its fields, in groups",
    "/admin/providers/<id>/organisations": "of a federation: how its list stands, and from where people may come",
    "/admin/providers/<id>/history": "what was changed, by whom, with the difference, and undo",
    "/admin/providers/<id>/preview": "one's own sign-in there, to see what it would bring; nobody is signed in by it",
    "/admin/providers/<id>/remove": "removed, with what it costs people in numbers",
    "/admin/cases": "what people need help with",
    "/admin/cases/<id>": "one case: the story of each error id on it, notes, its end",
    "/admin/reviews": "access reviews: of what, how far, until when",
    "/admin/reviews/new": "start one: of an app or a group, who decides, until when; in numbers before it begins",
    "/admin/reviews/<id>": "keep or withdraw, per person or for those marked; how far it is; what came of it, to print",
    "/admin/reviews/<id>/rows": "everybody, what was decided and what became of it, as a file",
    "/admin/reviews/<id>/end": "what ending it now would do, in numbers; end it, stop it, note what was seen to",
    "/admin/requests": "who asks for an application that you look after: let in, or not",
}


def filled(page: str) -> str:
    """The page with its tables as the code has them today."""
    from idp.admin.permissions import TABLE, Permission
    from idp.console.views import PAGES

    rights = [
        f"| `{one}` | {' | '.join('yes' if one in held else '' for held in TABLE.values())} |" for one in Permission
    ]
    page = _table(page, f"| Permission | {' | '.join(TABLE)} |", rights)
    rows = [
        f"| `{one.path}` | {PURPOSES[one.path]} | `{one.permission}`"
        + (f", to change `{one.change}` |" if one.change else " |")
        for one in PAGES
    ]
    page = _table(page, "| Page | What it is for | Needs |", rows)
    shown = "\n".join(map(_shown, (one.path for one in PAGES if one.path not in NO_PICTURE)))
    return re.sub(r"(?<=<!-- pictures -->\n).*?(?=<!-- end of pictures -->)", lambda _: shown, page, flags=re.DOTALL)


def picture_of(path: str) -> Path:
    """Where the picture of a page is."""
    return IMAGES / (re.sub(r"[^a-z]+", "-", path).strip("-") + ".webp")


def _shown(path: str) -> str:
    picture, what = picture_of(path).relative_to(PAGE.parent), PURPOSES[path]
    name = path.replace("<", "&lt;").replace(">", "&gt;")
    return f"<details><summary><code>{name}</code>: {what}</summary>\n\n![{what}]({picture})\n\n</details>\n"


def _table(page: str, head: str, rows: list[str]) -> str:
    rule = "| " + " | ".join("---" for _ in range(head.count("|") - 1)) + " |"
    found = re.compile(re.escape(head) + r"\n\| ---[^\n]*\n(?:\|[^\n]*\n)*")
    return found.sub(lambda _: "\n".join((head, rule, *rows)) + "\n", page)


if __name__ == "__main__":
    sys.path.insert(0, str(PAGE.parent.parent))
    before = PAGE.read_text("utf-8")
    after = filled(before)
    PAGE.write_text(after, "utf-8")
    sys.exit(0 if before == after else "docs/console.md is up to date now")

"""Passwords of a directory that their people change by our page, where its owner has said so (I3)."""

from __future__ import annotations

from typing import Final

from idp.accounts import password_there
from idp.errors import Refused, new_error_id
from idp.federation import keeping, leaving, links
from idp.federation.guesses import Guess
from idp.federation.ldap import changing_password as there
from idp.federation.ldap import standing
from idp.federation.ldap.signing_in import Counts
from idp.federation.provider import Provider
from idp.federation.typed import down, told
from idp.ids import new_id
from idp.login.browser import devices
from idp.login.throttle import Guesser
from idp.login.upstream import Asked, Changed, NewPassword, Over
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request

SAME: Final = N_("This is the password that you have. Choose a new one.")
WRONG: Final = N_("The current password is not right.")
PAUSED: Final = N_("Too many wrong passwords. Wait a few minutes, or ask the help desk.")
MAX_LENGTH: Final = 512  # characters: no directory takes longer ones


def change(services: Services, request: Request, asked: Asked, new: NewPassword) -> Changed:
    """Another password there. Whoever guesses at the old one is paused, as at a sign-in. Errors: `Busy`."""
    kept, person = keeping.find(services.db, asked.directory), asked.person
    if kept is None or not kept.provider.enabled or not kept.provider.changes_passwords:
        return Changed((N_("Passwords cannot be changed here. Your IT can tell you where."),))
    account = services.throttle.account(person.id if person is not None else None, asked.login)
    device = devices.known(services, request, person.id) if person is not None else None
    who = Guesser(account, device, request.remote_address)
    if services.throttle.check(who, services.clock()) is not None:
        return Changed((PAUSED,))
    if not asked.password or not 0 < len(new.password) <= MAX_LENGTH:
        return Changed((WRONG if not asked.password else _text(kept.provider, there.RULES),))
    if asked.password == new.password:
        return Changed((SAME,))
    mine = links.of_person(services.db, person.id) if person is not None else ()
    linked = next((link.subject for link in mine if link.provider_id == asked.directory), "")
    subject = asked.over.subject if asked.over is not None else linked
    guess = Guess(services, request, kept.provider, account)
    try:
        passwords = there.Passwords(asked.password, new.password, only_over=asked.over is not None)
        question = leaving.trial(services, kept)
        done = there.change(services, question, (asked.login, subject), passwords, _counts(guess, asked.over))
    except Refused as error:
        services.log.warning("directory_not_asked", provider=asked.directory, kind=error.code, reason=error.detail)
        return Changed((down(kept.provider),))
    _counted(services, guess, who, asked, is_right=done.is_proven)
    if done.ok:
        mine_is = guess.person_id or (asked.over.person.id if asked.over and asked.over.person else "")
        if mine_is:  # whose account it is here; at a first sign-in nobody's yet
            password_there.changed(services, request, mine_is, asked.directory, new.ended)
        return Changed()
    if done.is_proven:  # what it says has neither of the passwords in it, and says why to whoever looks after it
        services.log.info("directory_password_refused", provider=asked.directory, why=done.state, said=done.said[:200])
    return Changed((_text(kept.provider, done.state),))


def _counts(guess: Guess, over: Over | None) -> Counts:
    """Whether it may be tried: of the account that was proven, and of nobody who was linked with it since."""
    if over is None:
        return guess.may_be_tried
    allowed = ("", over.person.id if over.person is not None else "")
    return lambda subject: guess.may_be_tried(subject) and subject == over.subject and guess.person_id in allowed


def _counted(services: Services, guess: Guess, who: Guesser, asked: Asked, *, is_right: bool) -> None:
    if is_right:
        guess.was_right()
        return
    guess.was_wrong()
    now = services.clock()
    note = {"event": new_id(now), "error": new_error_id()}
    services.throttle.failed(who, asked.password, now, of=f"change:{asked.directory}:{now}", note=note)


def _text(provider: Provider, state: str) -> str:
    name = provider.name
    texts: Final = {
        standing.WRONG: WRONG,
        standing.OK: N_("Your password at %(name)s has not run out, so it was not changed. Sign in with it.",
                        name=name),
        there.SHORT: N_("%(name)s asks for a longer password.", name=name),
        there.SIMPLE: N_("This password is too simple for %(name)s. Mix more kinds of characters, or more words.",
                         name=name),
        there.HISTORY: N_("You had this password at %(name)s before. Choose a new one.", name=name),
        there.YOUNG: N_("%(name)s does not let you change your password again so soon after the last time.",
                        name=name),
        there.RULES: N_(
            "%(name)s does not take this password: it is too short or too simple, you had it before, or your last "
            "change is too recent.", name=name),
        there.REFUSED: N_("%(name)s does not let your password be changed from here. Your IT can tell you more.",
                          name=name),
        there.UNSURE: N_(
            "%(name)s fell silent while your password was changed. Sign in with the new one; if it is not right, "
            "the old one still is.", name=name),
    }  # fmt: skip
    return texts[state] if state in texts else told(provider, state)

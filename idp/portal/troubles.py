"""What people run into when they sign in, each with what to do and where it is done (T6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from idp.texts import N_


@dataclass(frozen=True, slots=True)
class Trouble:
    """One page of help. `act`: the path and the words of what settles it; none where going back does."""

    name: str
    title: str
    teaser: str
    steps: tuple[str, ...]
    act: tuple[str, str] | None = None


TROUBLES: Final = (
    Trouble(
        "code", N_("My code does not come"), N_("By e-mail or text message"),
        (
            N_("Wait a minute, and look among unwanted mail. Only the newest code works."),
            N_("Is the address or the number that is shown still yours? Its first and last characters are."),
            N_("Go back to sign-in and press “I can’t do this now”: it lists every other way that you have."),
        ),
    ),
    Trouble(
        "lost-phone", N_("I lost my phone"), N_("Or it was stolen, or it is at home"),
        (
            N_("Sign in, and press “I can’t do this now” when you are asked for the code: other ways let you in, too."),
            N_("Then remove the lost phone under “Security”, and set up another one."),
            N_("Was it stolen, unlocked? Say “This was not me” on your activity: everybody is locked out at once."),
        ),
        ("/security", N_("Sign in and remove it")),
    ),
    Trouble(
        "new-phone", N_("I have a new phone"), N_("Move the codes while you have the old one"),
        (
            N_("Keep the old phone until this is done."),
            N_("Sign in with the old phone, and add an app or a passkey on the new one under “Security”."),
            N_("Try the new one once, then remove the old one there."),
        ),
        ("/security", N_("Set up the new phone")),
    ),
    Trouble(
        "clock", N_("My codes are always wrong"), N_("Mostly it is the phone’s clock"),
        (
            N_("An app makes its codes from the time. Let the phone set its date and time by itself."),
            N_("Take the code of this account: an app may hold several. Each code works once, for half a minute."),
            N_("Then try again with a new code."),
        ),
    ),
    Trouble(
        "locked", N_("I am locked out"), N_("Too many wrong passwords, or the account is stopped"),
        (
            N_("A pause ends by itself; the page says when. Trying meanwhile does not make it longer."),
            N_("A new password ends it at once, and so does a passkey."),
            N_("Does the page say that the account was locked or disabled? Then the help desk has to open it."),
        ),
        ("/help/password", N_("Get a new password")),
    ),
    Trouble(
        "error", N_("The page shows an error"), N_("With an error id, such as E-7K2QM-XW4RT"),
        (
            N_("Start the app from its front page: many errors come from an old link or a page that lay open."),
            N_("If it comes again, open a case here with the error id: it tells the help desk what happened."),
        ),
        ("/", N_("Start from your apps")),
    ),
    Trouble(
        "real", N_("Is this the real page?"), N_("How to tell it from a copy"),
        (
            N_("Look at the address at the top of the browser. It must be exactly the one above, letter by letter."),
            N_("Nobody here ever asks for your password or a code by telephone, mail or chat."),
            N_("A passkey cannot be used on a false page: set one up, and you need not look."),
        ),
    ),
)  # fmt: skip


def find(name: str) -> Trouble | None:
    """The page of that name."""
    return next((trouble for trouble in TROUBLES if trouble.name == name), None)

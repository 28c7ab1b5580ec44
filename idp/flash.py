"""What the next page says after a form was sent and the browser redirected: one short message, told once.

The redirect carries a cookie with the message's name; whichever page of ours comes next shows the text and drops the
cookie. Only names of `TEXTS` are shown, so no link and no foreign cookie can put words into our mouth.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.browser import cookie_name
from idp.services import Services
from idp.texts import N_
from idp.wire import Cookie, Redirect, Request

COOKIE: Final = "done"  # see `browser.cookie_name`
TTL: Final = 120  # seconds: a page that never came is forgotten

TEXTS: Final[Mapping[str, str]] = {
    "added": N_("It is set up. From now on you can sign in with it."),
    "passkey_made": N_("You have a passkey now. It signs you in without your password; you find it under Security."),
    "attribute_saved": N_("The attribute is saved: from now on, what is written is held to it."),
    "attribute_removed": N_("The attribute is removed; people keep their values."),
    "details_type_saved": N_("The type is saved: applications may ask for it as you said."),
    "details_type_removed": N_("The type is removed: nobody asks for it any more."),
    "removed": N_("It is removed and signs nobody in any more."),
    "renamed": N_("It has its new name."),
    "codes": N_("Your backup codes are ready. Earlier ones do not work any more."),
    "ended": N_("You are signed out everywhere else."),
    "ended_one": N_("That sign-in has ended, and so has what it opened."),
    "ended_device": N_("That line has ended: its apps have to ask you again."),
    "saved": N_("Your profile is saved."),
    "password": N_("Your new password holds from now on."),
    "password_others": N_("Your new password holds from now on, and you are signed out everywhere else."),
    "confirmed": N_("It is confirmed and helps you back in from now on."),
    "forgotten": N_("It is removed and opens nothing any more."),
    "reviewed": N_("Thank you. You are asked again in half a year."),
    "was_me": N_("Noted: this was you."),
    "taken_back": N_("That permission has ended. The app has to ask you again."),
    "pinned": N_("It comes first from now on."),
    "unpinned": N_("It stands among the others again."),
    "moved": N_("The new order is saved."),
    "steps_hidden": N_("The steps are hidden in this browser."),
    "token_ended": N_("The token has ended."),
    "asked": N_("Your admins have been asked."),
    "host_allowed": N_("Its programs are let in, when a person agrees."),
    "host_refused": N_("Its programs are kept out, and what they had has ended."),
    "host_forgotten": N_("Nothing is said of it any more, and what its programs had has ended."),
    "grants_ended": N_("What people let it do has ended. It may ask them anew."),
    "keys_changed": N_("Done. Every server sees it within seconds."),
    "app_saved": N_("It is saved. Below is what changed; it can be undone here."),
    "app_same": N_("Nothing was different, so nothing was changed."),
    "record_looked_at": N_("The record is being looked at. This page says how far that is."),
    "record_blanked": N_("It is blanked. What happened and when stays, and the record is still whole."),
    "access_saved": N_("From now on it is open to those."),
    "people_joined": N_("Joined. All that was theirs is here."),
    "signals_done": N_("Done. What it answers stands here in a moment."),
    "directory_changed": N_("It is saved."),
    "directory_removed": N_("It is removed; its token opens nothing any more."),
    "provisioning_done": N_("Done. What is sent, and what it answers, stands here in a moment."),
    "secret_ended": N_("That secret has ended."),
    "app_off": N_("It is turned off, and its tokens have ended."),
    "app_on": N_("It is turned on again."),
    "app_removed": N_("It is removed. For 30 days it can be brought back."),
    "app_back": N_("It is back, as it was."),
    "check_started": N_("The check runs. Open the application in another tab now and sign in there."),
    "check_ended": N_("The check has ended. What it found stays here for a day."),
    "check_withdrawn": N_("The link opens nothing any more."),
    "undone": N_("It is as it was before that change."),
    "rule_added": N_("The rule holds from now on, on every server."),
    "rule_saved": N_("It is saved, and holds so from now on, on every server."),
    "rule_on": N_("The rule is turned on."),
    "rule_off": N_("The rule is turned off and asks nothing any more."),
    "provider_added": N_("It is added. Register its redirect URI there, and try it."),
    "provider_saved": N_("It is saved."),
    "provider_secret": N_("The new secret is kept."),
    "provider_on": N_("It is turned on: people may sign in through it."),
    "provider_off": N_("It is turned off: nobody signs in through it, and its links stay."),
    "provider_gone": N_("The provider is removed. For 30 days it can be brought back."),
    "provider_back": N_("It is back, with its links. Groups come with each person's next sign-in."),
    "rule_gone": N_("The rule is removed. For 30 days it can be brought back."),
    "rule_back": N_("The rule is back, as it was."),
    "switched": N_("You have switched accounts."),
    "unlocked": N_("The pause has ended. They can try again now."),
    "link_sent": N_("A link to set a new password is on its way to them by mail. It works once and soon runs out."),
    "link_kept": N_("No mail server is set: the link stays in this machine’s outbox and reaches nobody."),
    "code_approved": N_("The code works from now on."),
    "factor_gone": N_("It is removed. A mail that says so is on its way to them."),
    "factor_gone_untold": N_("It is removed. No mail could tell them, so please tell them yourself."),
    "session_ended": N_("That sign-in has ended, and the applications are told."),
    "all_ended": N_("They are signed out everywhere, and the applications are told."),
    "notice_added": N_("It is told from its time on. People see it within seconds."),
    "notice_removed": N_("It is told no longer."),
    "message_tested": N_("The test is on its way. What became of it stands below in a moment: load the page again."),
    "message_aside": N_("It is put aside."),
    "noted": N_("Your note stands on the case."),
    "person_saved": N_("The changes are saved."),
    "turned_on": N_("They may sign in again. What had ended stays ended."),
    "role_given": N_("They have the role from now on."),
    "group_gone": N_("The group is removed. Its people stay."),
    "group_renamed": N_("The group has its new name, also where applications name it."),
    "group_saved": N_("It is saved."),
    "inner_added": N_("Whoever is in that group is in this one, too, from now on."),
    "inner_gone": N_("That group is in this one no more."),
    "member_added": N_("They are in the group from now on."),
    "member_gone": N_("They are in the group no more."),
    "case_closed": N_("The case is closed."),
    "registration_approved": N_("They have an account now, and a mail with a link to choose a password is on its way."),
    "registration_approved_untold": N_(
        "They have an account now, but no mail could tell them: invite them on their page."
    ),
    "registration_refused": N_("It is refused, and a mail that says so is on its way to them."),
    "told_nobody": N_("It is done. No mail could tell them, so please tell them yourself."),
    "access_granted": N_("They may open it now, and a mail that says so is on its way to them."),
    "access_granted_untold": N_("They may open it now. No mail could tell them, so please tell them yourself."),
    "invited_again": N_("The mail server has taken the invitation."),
    "invitation_withdrawn": N_("It is withdrawn: no link of theirs opens anything any more. They are told nothing."),
    "end_planned": N_("It is planned. Until then they can sign in."),
    "end_withdrawn": N_("They stay on."),
    "many_nobody": N_("Nobody was chosen, so nothing was done. Tick some in the list, or choose all that it finds."),
    "many_nothing": N_("Nothing was chosen to be done."),
    "many_no_group": N_("There is no group of this name, so nothing was done. Make it under Groups first."),
    "review_started": N_("The access review has begun. Those who decide are told by mail."),
    "review_over": N_("It is over, so nothing was changed by this."),
    "review_ending": N_("It is ending. This page says what becomes of each."),
    "review_stopped": N_("It is stopped. Nothing was changed for anybody."),
    "review_not_ended": N_("It has not ended, so there is nothing to see to yet."),
    "review_settled": N_("Noted. Nobody is reminded of it any more."),
    "break_glass_ended": N_("It is no break-glass account any more. It is turned off, and what it had open has ended."),
    "break_glass_seen": N_("Noted. The warning is gone for every owner."),
    "break_glass_again": N_("It was used once more meanwhile. Look at that, too, and say so again."),
    "break_glass_gone": N_("Somebody else has done that meanwhile."),
    "approval_asked": N_("Nothing is changed yet: it waits for another owner, who is told by mail."),
    "approval_done": N_("Approved, and done."),
    "approval_refused": N_("Refused. Nothing is changed, and whoever asked is told."),
    "approval_withdrawn": N_("Taken back. Nothing is changed."),
    "approval_over": N_("It does not wait any more: somebody has decided, or it was too late."),
    "role_taken": N_("The role is taken back, at once and everywhere."),
}


def redirect(services: Services, path: str, name: str, *cookies: Cookie) -> Redirect:
    """To one of our own paths, where `TEXTS[name]` is said."""
    return Redirect(location=services.url(path), cookies=(*cookies, cookie(services, name)))


def cookie(services: Services, name: str) -> Cookie:
    """The cookie that makes the next page say it."""
    assert name in TEXTS, name
    return Cookie(cookie_name(services, COOKIE), name, TTL)


def name_of(services: Services, request: Request) -> str:
    """Which message this request's page is to show; '' for none."""
    said = request.cookies.get(cookie_name(services, COOKIE), "")
    return said if said in TEXTS else ""


def gone(services: Services, request: Request) -> tuple[Cookie, ...]:
    """Drops what has been said, where the browser brought it."""
    named = cookie_name(services, COOKIE)
    return (Cookie(named, "", 0),) if named in request.cookies else ()

"""From what was counted to what may be behind it: a rule is a function of the evidence, and its row here.

A rule answers nothing where the numbers are too small to say it. Its causes stand in the order in which they are true
most often; what the evidence rules out is left out, and what it points at comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from idp.answers.symptoms.evidence import Evidence
from idp.answers.symptoms.rules import codes, documents, ending, loops, origin, silent, tokens
from idp.answers.symptoms.symptom import Symptom

Rule = Callable[[Evidence], Iterator[Symptom]]

RULES: Final[tuple[Rule, ...]] = (
    loops.openid_connect, loops.saml, codes.never_redeemed, codes.some_unredeemed, codes.pkce, codes.redeemed_twice,
    origin.unknown, tokens.refresh_reused, tokens.signed_out_at_end, silent.without_cookie, documents.without_the_key,
    documents.old_secret, tokens.introspects_others, ending.artifacts_unresolved, ending.logout_untold,
    ending.only_errors, loops.userinfo_never, silent.signed_out, tokens.refreshes_too_often, tokens.offline_unused,
    tokens.hammered, tokens.asks_anew, documents.fetched_each_time, ending.at_consent, ending.logout_never,
)  # fmt: skip

"""From what was counted to what may be behind it: a rule is a function of the evidence, and its row here.

A rule answers nothing where the numbers are too small to say it. Its causes stand in the order in which they are true
most often; what the evidence rules out is left out, and what it points at comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from idp.answers.symptoms.evidence import Evidence
from idp.answers.symptoms.rules import origin
from idp.answers.symptoms.symptom import Symptom

Rule = Callable[[Evidence], Iterator[Symptom]]

RULES: Final[tuple[Rule, ...]] = (origin.unknown,)

"""What can only be inferred of an application, from its traffic: counted off the hot path, and judged by rules (Q2).

Door: `keep` (the background), `of_application`, `sweep`. A rule is a function and its row in `rules`. Rule: nobody is
accused by what a stranger could have sent; where a count is of such, the symptom says so.
"""

from idp.answers.symptoms.judging import of_application, of_everybody
from idp.answers.symptoms.keeping import keep, sweep
from idp.answers.symptoms.symptom import Cause, Symptom

__all__ = ["Cause", "Symptom", "keep", "of_application", "of_everybody", "sweep"]

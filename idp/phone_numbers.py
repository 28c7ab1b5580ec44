"""Phone numbers, as people write them and as they are kept (ITU-T E.164; the claim phone_number, Core §5.1)."""

from __future__ import annotations

import re

#: What stands between the digits of a written number; letters and extensions are not taken for digits.
_WRITTEN = re.compile(r"(\+|00)[0-9\s()./-]{5,40}")
_E164 = re.compile(r"\+[1-9][0-9]{5,14}")


def read(text: str) -> str:
    """The number in its E.164 form, of +49 170 1234567, 0049 (170) 123-4567 or +49 (0)170 1234567.

    Errors: `ValueError` for one without its country code, or of a length that its country has no numbers of.
    """
    import phonenumbers  # 100 ms, and nobody needs it before somebody types a number

    written = text.strip()
    if not _WRITTEN.fullmatch(written):
        raise ValueError("no phone number with its country code")
    try:
        parsed = phonenumbers.parse("+" + written.removeprefix("00") if written[0] == "0" else written)
    except phonenumbers.NumberParseException as error:
        raise ValueError(str(error)) from None
    found: str = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_possible_number(parsed) or not _E164.fullmatch(found):
        raise ValueError("no number of that country has this length")
    return found

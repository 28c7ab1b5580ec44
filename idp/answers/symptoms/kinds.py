"""What is counted beside the notes themselves: what several of them, one after the other, have in common."""

from __future__ import annotations

from typing import Final

#: The same person, through the sign-in once more within seconds; of these: the code before was never redeemed; whoever
#: signed in has no e-mail address, or none that is verified, and the application asks for it.
LOOP, LOOP_UNREDEEMED, LOOP_NO_EMAIL, LOOP_UNVERIFIED = "loop", "loop_unredeemed", "loop_no_email", "loop_unverified"
#: The same person once more, just when the access token of before had run out.
AT_END: Final = "at_end"
#: The same grant refreshed from another address than before; long before the access token ran out.
TWO_PLACES, EARLY = "refresh_two_places", "refresh_early"
#: Of tokens: `offline_access` was granted. Of codes: a new proof was asked for.
OFFLINE, ANEW = "offline", "anew"

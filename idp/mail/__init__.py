"""Messages to people: mail and SMS, queued, sealed, in the person's language.

Door: `tell` (a person, about their account), `send` (an address), `sms.send`, `is_ready`, `leaves`;
`messages.MESSAGES` says which message takes which values. Rule: links are made from the settings only, and what a
message says stands nowhere in clear until it leaves: not in the queue, not in a log, not in an event.
"""

from idp.mail.delivery import is_ready, leaves, register
from idp.mail.masks import masked_address, masked_number
from idp.mail.sending import Told, send, tell, tell_gone

__all__ = [
    "Told", "is_ready", "leaves", "masked_address", "masked_number", "register", "send", "tell", "tell_gone",
]  # fmt: skip

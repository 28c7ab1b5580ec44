"""A code by text message."""

from idp.accounts.factors import sent_codes
from idp.language import N_
from idp.login.authn import SMS
from idp.login.way_sent import Sent

WAY = Sent(sent_codes.SMS, N_("Code by text message"), SMS)

"""Is there a person? Asked after some wrong passwords from a device that is not known, and never of a known one (W4).

With JavaScript the browser does some work by itself and nobody sees a puzzle; without it, a picture or a sound with six
digits does. Both come from this host, work once, and belong to the browser that got them.
"""

from __future__ import annotations

import json
import secrets
import threading
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any

from idp import browser
from idp.browser import cookie_name
from idp.errors import Explanation, Refused
from idp.ids import digest
from idp.login.flow import open_value, seal_value
from idp.login.services import Services
from idp.login.throttle import address_range
from idp.texts import N_
from idp.wire import Cookie, Raw, Request, Response

FROM = 3  # failures in a lane of a stranger's, after which it is asked
EFFORT = 60_000  # hashes at most: under a second in a browser, and ten hours of a core for a million guesses
TTL = 1800.0  # seconds
DIGITS = 6
UNPROVEN = N_(
    "Several wrong passwords were typed for this name from your network, so this browser had to show first that it is "
    "not a program. What you typed is kept: there is nothing to type again."
)
MISREAD = N_("These were not the digits in the picture. Here is another one; your password is kept.")
TOO_MANY = N_("Very many people asked from your network just now. Please wait ten minutes, or ask the help desk.")
_PURPOSE = "robot-check"
_NOT_KEPT = (("Cache-Control", "no-store"),)
_LOOKS = 10  # pictures and sounds that one check may be asked for
_LOOKS_OF_RANGE, _WINDOW = 100, 600.0  # the same from one address range, within so many seconds


class Sounding:
    """A sound costs a quarter of a second of a core, and anybody may ask for one: so one at a time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


def is_expected(services: Services, request: Request) -> bool:
    """Whether the next page had better bring a check along."""
    return bool(request.cookies.get(cookie_name(services, "check")))


def cookie(services: Services) -> Cookie:
    """Remembers that this browser is asked, for a day."""
    return Cookie(cookie_name(services, "check"), "1", 86400)


def offer(services: Services, request: Request) -> dict[str, str]:
    """What the page needs: the work to do, and the names of a picture and a sound."""
    from altcha.v1 import ChallengeOptions, create_challenge  # only where somebody is asked

    expires = datetime.fromtimestamp(services.clock() + TTL, UTC)
    made = create_challenge(ChallengeOptions(max_number=EFFORT, hmac_key=_key(services, request), expires=expires))
    number = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
    value = [secrets.token_urlsafe(9), number, services.clock() + TTL]
    token = seal_value(services.sealer, _PURPOSE, value, browser.identify(services, request))
    return {"work": json.dumps(made.to_dict(), separators=(",", ":")), "token": token}


def is_passed(services: Services, request: Request) -> bool:
    """Whether the form brings a solution that was not used before."""
    first = request.form.first
    return _is_solved(services, request, first.get("work", "")) or _is_read(
        services, request, first.get("picture", ""), first.get("digits", "")
    )


def _is_solved(services: Services, request: Request, payload: str) -> bool:
    from altcha.v1 import verify_solution

    if not payload or len(payload) > 2000:
        return False
    try:
        solved = json.loads(b64decode(payload, validate=True))
        # The expiry is looked at here, by our own clock.
        expires = int(
            dict(part.split("=", 1) for part in solved["salt"].partition("?")[2].split("&") if part)["expires"]
        )
        right, _ = verify_solution(solved, _key(services, request), False)
        name = digest(str(solved["challenge"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
    return right and services.clock() < expires and services.state.add("robot:used:" + name, 1, TTL + 60)


def _is_read(services: Services, request: Request, token: str, typed: str) -> bool:
    value = _open(services, request, token)
    if value is None or not typed:
        return False
    # Right or wrong, a picture is looked at once: six digits are no secret to somebody who may guess for long.
    unused = services.state.add("robot:used:" + value[0], 1, TTL + 60)
    return unused and secrets.compare_digest("".join(typed.split()).encode(), value[1].encode())


def picture(services: Services, request: Request) -> Response:
    """GET /check/picture/<token>: the digits to be seen."""
    from captcha.image import ImageCaptcha

    number = _number(services, request)
    body = ImageCaptcha(width=220, height=80).generate(number, "png").getvalue()
    return Raw(body=body, content_type="image/png", headers=_NOT_KEPT)


def sound(services: Services, request: Request) -> Response:
    """GET /check/sound/<token>: the digits to be heard."""
    from captcha.audio import AudioCaptcha

    number = _number(services, request)
    lock = services.part(Sounding).lock
    if not lock.acquire(blocking=False):
        raise Refused(
            "no_picture", N_("Please try again in a moment"), status=503,
            explanation=Explanation("nobody", "Somebody else's sound is being made, and they are made one by one."),
        )  # fmt: skip
    try:
        return Raw(body=bytes(AudioCaptcha().generate(number)), content_type="audio/wav", headers=_NOT_KEPT)
    finally:
        lock.release()


def _number(services: Services, request: Request) -> str:
    value = _open(services, request, request.segment)
    looks = "robot:looks-from:" + address_range(request.remote_address)
    if value is not None and services.state.count(looks, _WINDOW) > _LOOKS_OF_RANGE:
        raise Refused(
            "no_picture", TOO_MANY, status=429,
            explanation=Explanation("nobody", "Pictures and sounds cost work; one network asked for very many."),
        )  # fmt: skip
    if value is None or services.state.count("robot:looks:" + value[0], TTL) > _LOOKS:
        raise Refused(
            "no_picture", N_("This picture is not there any more. Load the page again."), status=404,
            explanation=Explanation("nobody", "A check of a sign-in page that is old, or of another browser."),
        )  # fmt: skip
    return str(value[1])


def _open(services: Services, request: Request, token: str) -> list[Any] | None:
    value = open_value(services.sealer, _PURPOSE, token, browser.identify(services, request)) if token else None
    return value if value is not None and services.clock() < value[2] else None


def _key(services: Services, request: Request) -> str:
    """The key of this browser's checks."""
    return digest(services.sealer.mac_key(_PURPOSE).hex() + browser.identify(services, request))

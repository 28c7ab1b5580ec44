"""Pauses after wrong passwords: the decision comes before the hash (W1–W3, W5; NIST SP 800-63B-4 §3.2.2).

Failures are counted in lanes: one per account and known device, one per account and address range. A stranger fills
only the stranger's own lane, so nobody is locked out on a device of their own. Names that nobody has are counted alike.
Strangers are counted by the name that they typed, so that no name's pause tells that another one is the same person's;
the limit of failures in a row, and whatever lifts a pause, go by the person, or by the entry of a directory.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from idp.accounts.person import MAX_LOGIN, fold
from idp.ids import digest
from idp.normal_forms import normal
from idp.state import State

_DAY = 86400.0
LANE_TTL = _DAY  # seconds from a lane's first failure until its failures are forgotten
ACCOUNT_TTL = 30 * _DAY  # the same for the failures in a row of an account
STOPPED_TTL = 365 * _DAY  # how long an account stays stopped that nobody unlocks
RANGE_WINDOW = 600.0  # seconds in which the names that fail from one address range are counted
LIFTED_FOR = 3600.0  # seconds for which an unlocked account is not held up by its address range
PADDINGS = 3  # ways to put spaces around a known-wrong password that are not counted; each costs a hash


@dataclass(frozen=True, slots=True)
class Pause:
    """Passwords are not looked at, right or wrong. `until`: epoch seconds; None: until an admin unlocks, or a reset.

    `of` is what is paused: `device` and `address` for this account from here, `range` for all accounts from here.
    """

    until: float | None
    of: str


@dataclass(frozen=True, slots=True)
class Failure:
    """What a wrong password led to. `failures`: those counted in this lane.

    `alarm`: many names have now failed from this address range; once per window, for an admin event (W5).
    `late`: a pause had begun before this one was counted, so the answer must not tell that the password was wrong.
    `again`: the same was wrong before, and is not counted; the others that raced with it are.
    """

    pause: Pause | None
    failures: int
    alarm: bool
    late: bool = False
    again: Repeat | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Repeat:
    """Something that is known to be wrong, typed again: no guess, and not worth a hash (W2).

    `times`: how often it was repeated; `note`: what was kept when it was wrong the first time.
    """

    times: int
    note: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Held:
    """How an account stands. `stopped`: lanes that nobody gets through until it is unlocked; `lifted`: when it was."""

    stopped: tuple[str, ...]
    lifted: float


class Account(NamedTuple):
    """What failures are counted under. `key`: the person's id, or `name` for a name that nobody has."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Guesser:
    """Who types passwords, and from where.

    `device`: the id of a device that has signed in to this very account before, proven by its cookie; else None.
    """

    account: Account
    device: str | None
    address: str

    @property
    def lane(self) -> _Lane:
        """Where their failures are counted."""
        if self.device is None:
            return _Lane("address", self.account.name, address_range(self.address))
        return _Lane("device", self.account.key, digest(self.device)[:22])


@dataclass(frozen=True, slots=True)
class _Lane:
    of: str  # "device" or "address"
    whose: str  # the person on a device of their own; the name as typed for everybody else
    key: str


class Throttle:
    """The counters, in State. `key`: secret bytes for what people typed; the rest: see the settings.

    Of `max_consecutive` wrong passwords in a row per account, four fifths may come from strangers and one fifth from
    known devices: so the sum holds NIST's limit, and strangers who use theirs up leave the person's devices (and
    passkeys) working.
    """

    def __init__(
        self,
        state: State,
        key: bytes,
        *,
        failures: int = 5,
        pauses_minutes: Sequence[float] = (1, 5, 15, 30),
        max_consecutive: int = 100,
        range_names: int = 30,
    ) -> None:
        self._state, self._secret = state, key
        self._failures, self._range_names = failures, range_names
        self._pauses = [minutes * 60.0 for minutes in pauses_minutes]
        of_devices = max_consecutive // 5
        self._limits = {"device": of_devices, "address": max_consecutive - of_devices}

    def account(self, person_id: str | None, login: str) -> Account:
        """What to count under: a keyed digest of the name as typed (maybe a password), and the person behind it."""
        name = "x" + self._mac("name", fold(login[:MAX_LOGIN]))
        return Account(person_id or name, name)

    def check(self, who: Guesser, now: float) -> Pause | None:
        """Whether this sign-in must wait. Ask before the hash; a pause holds for right passwords too.

        One round trip for a known device, one more where something has failed; three for others, whatever has: a
        failure under one name of a person must not be seen in the work for another name (L7).
        """
        record = self._state.get(_account_key(who.account.key))
        looked = record or ({"generation": ""} if who.device is None else None)
        pause = self._pause(who.lane, looked, now)
        if pause is None and who.device is None and now - _lifted(record) > LIFTED_FOR:
            pause = _running(self._state.get(_range_key(who.address)), "range", now)
        return pause

    def failures(self, account: Account, address: str) -> int:
        """What was wrong for this name from here on devices that are not known, repeats included (W4).

        Three round trips, the same for every name (L7).
        """
        record = self._state.get(_account_key(account.key)) or {"generation": ""}
        place = _place(record, Guesser(account, None, address).lane)
        count = self._state.count
        return count(_lane_key(place), LANE_TTL, 0) + count(_repeats_key(place), LANE_TTL, 0)

    def repeated(self, who: Guesser, password: str, of: str = "") -> Repeat | None:
        """Whether this very password was wrong in this lane within the hour; counts it as a repeat then.

        `of`: what it was compared with, so that a password that was set meanwhile is looked at. Two round trips where
        it was not, four where it was. What is kept is a keyed digest: who reads State cannot try passwords on it.
        """
        lane = who.lane
        record = self._state.get(_account_key(who.account.key)) or {"generation": ""}
        place = _place(record, lane)
        typed = _normal(password)
        note = self._state.get(self._typed_key(place, lane, of, typed))
        return None if note is None else self._repeat(place, self._typed_key(place, lane, of, typed.strip()), note)

    def failed(
        self, who: Guesser, password: str, now: float, *, of: str = "", note: Mapping[str, Any] | None = None
    ) -> Failure:
        """Count a wrong password; the same one typed again in the same lane is not counted (W2).

        `note`: kept with it for `repeated`.
        """
        lane, account = who.lane, who.account
        record = self._opened(account.key)
        place = _place(record, lane)
        repeat = self._note_wrong(place, lane, of, _normal(password), dict(note or {}))
        if repeat is not None:
            pause = self._pause(lane, record, now)
            failures = self._state.count(_lane_key(place), LANE_TTL, 0)
            return Failure(pause, failures, False, pause is not None, repeat)
        failures = self._state.count(_lane_key(place), LANE_TTL)
        pause, late = self._begin(_pause_key(place), lane.of, failures - self._failures, now)
        in_a_row = self._state.count(_row_key(account.key, record, lane.of), ACCOUNT_TTL)
        alarm = False
        if lane.of == "address":
            names, of_range = self._count_name(account.name, who.address, now)
            alarm, pause = names == self._range_names, _longer(pause, of_range)
        if in_a_row >= self._limits[lane.of]:
            self._state.put(_account_key(account.key), {**record, lane.of: "stopped"}, STOPPED_TTL)
            pause = Pause(None, lane.of)
        return Failure(pause, failures, alarm, late)

    def annotate(self, who: Guesser, password: str, note: Mapping[str, Any], of: str = "") -> None:
        """Another note for something that has just failed."""
        lane = who.lane
        place = _place(self._opened(who.account.key), lane)
        self._state.put(self._typed_key(place, lane, of, _normal(password)), dict(note), self._typed_ttl)

    def succeeded(self, who: Guesser, now: float) -> Pause | None:
        """Forget this lane's failures after a right password, unless a pause began meanwhile: then that holds.

        So guesses sent in parallel gain nothing over guesses one by one. One round trip where nothing has failed.
        """
        account, lane = who.account, who.lane
        record = self._state.get(_account_key(account.key))
        if record is None:
            return None
        pause = self._pause(lane, record, now)
        if pause is None:
            self._state.take(_lane_key(_place(record, lane)))
            self._state.take(_repeats_key(_place(record, lane)))
            for of in self._limits:  # S63: failures in a row end with a success
                self._state.take(_row_key(account.key, record, of))
        return pause

    def may_guess(self, account: Account, key: str, device: str | None) -> bool:
        """Whether a password is looked at elsewhere, counted before it is: so guesses sent at once gain nothing.

        `key`: the person, or the entry there, that was found under the name, whatever it is called; where it is the
        account's own, its failure is what counts. `device`: one that this person knows. Three round trips for every
        name (L7).
        """
        of, record, is_own = _of(device), self._opened(key), key == account.key
        in_a_row = self._state.count(_row_key(key, record, of), ACCOUNT_TTL, 0 if is_own else 1)
        return of not in record and in_a_row + is_own <= self._limits[of]

    def stops(self, key: str, device: str | None, seconds: float = STOPPED_TTL) -> bool:
        """Whether what `may_guess` counted was wrong so often that no more are looked at, for so many seconds then."""
        of, record = _of(device), self._opened(key)
        if self._state.count(_row_key(key, record, of), ACCOUNT_TTL, 0) < self._limits[of]:
            return False
        if of not in record:
            self._state.put(_account_key(key), {**record, of: "stopped"}, seconds)
        return True

    def forgive(self, key: str) -> None:
        """Forget what `may_guess` has counted: one of them was right."""
        record = self._opened(key)
        for of in self._limits:  # S63: failures in a row end with a success
            self._state.take(_row_key(key, record, of))

    def lift(self, account: str, now: float) -> None:
        """End every pause of an account (a person's id), in all lanes: an admin's click, a reset, a passkey (W3)."""
        self._state.put(_account_key(account), {**_fresh(), "lifted": now}, ACCOUNT_TTL)

    def held(self, account: str) -> Held:
        """What holds up an account (a person's id, or `second_step` of it) wherever they are; one round trip.

        A lane's pauses are told by the events that began them: the lanes of a name are not listed anywhere.
        """
        record = self._state.get(_account_key(account)) or {}
        return Held(tuple(of for of in self._limits if of in record), _lifted(record))

    # -- below -----------------------------------------------------------------------------------------------------

    def _opened(self, account: str) -> dict[str, Any]:
        """The account's record. Its `generation` is in all keys below it, so that a new record voids them at once."""
        key, record = _account_key(account), _fresh()
        self._state.add(key, record, ACCOUNT_TTL)
        return self._state.get(key) or record  # both, whether there was one or not (L7)

    def _pause(self, lane: _Lane, record: dict[str, Any] | None, now: float) -> Pause | None:
        if record is None:
            return None
        if lane.of in record:
            return Pause(None, lane.of)
        return _running(self._state.get(_pause_key(_place(record, lane))), lane.of, now)

    def _begin(self, key: str, of: str, beyond: int, now: float) -> tuple[Pause | None, bool]:
        """Begin the pause of the failure that is `beyond` the first one to have any; None where it has none.

        Of failures that race, one begins it; the others hear that they come late, and the pause that runs.
        """
        if beyond < 0:
            return None, False
        seconds = self._pauses[min(beyond, len(self._pauses) - 1)]
        if self._state.add(key, now + seconds, seconds):
            return Pause(now + seconds, of), False
        return _running(self._state.get(key), of, now) or Pause(now + seconds, of), True

    def _count_name(self, name: str, address: str, now: float) -> tuple[int, Pause | None]:
        """Count the names that fail from one address range, each once; past the limit the range itself pauses (W5)."""
        key = _range_key(address)
        if not self._state.add(f"{key}:{name}", 1, RANGE_WINDOW):
            return 0, None
        names = self._state.count(key + ":names", RANGE_WINDOW)
        return names, self._begin(key, "range", names - self._range_names, now)[0]

    @property
    def _typed_ttl(self) -> float:
        return 2 * max(self._pauses)

    def _note_wrong(self, place: str, lane: _Lane, of: str, password: str, note: dict[str, Any]) -> Repeat | None:
        """Keep that it is wrong; answers the repeat that it is, None where it counts.

        Spaces around a password that is wrong are no guess; but each way to put them costs a hash, so few are free.
        """
        bare = password.strip()
        key = self._typed_key(place, lane, of, bare)
        is_new = self._state.add(key, note, self._typed_ttl)
        if password != bare:
            padded = self._typed_key(place, lane, of, password)
            if self._state.add(padded, note, self._typed_ttl) and not is_new:
                is_new = self._state.count(key + ":padded", self._typed_ttl) > PADDINGS
        return None if is_new else self._repeat(place, key, self._state.get(key) or note)

    def _repeat(self, place: str, key: str, note: Any) -> Repeat:
        self._state.count(_repeats_key(place), LANE_TTL)
        return Repeat(self._state.count(key + ":times", self._typed_ttl), note if isinstance(note, dict) else {})

    def _typed_key(self, place: str, lane: _Lane, of: str, password: str) -> str:
        return f"throttle:typed:{place}:{self._mac('password', lane.whose, of, password)}"

    def _mac(self, *parts: str) -> str:
        message = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hmac.digest(self._secret, b"throttle\0" + message, "sha256")[:16].hex()


def address_range(address: str) -> str:
    """Whom an address stands for: IPv4 by /24, IPv6 by /56, as one line of a provider is usually given."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 56), strict=False))


def second_step(person_id: str) -> str:
    """What wrong codes of a person are counted under: apart from wrong passwords."""
    return "second:" + person_id


def _of(device: str | None) -> str:
    return "address" if device is None else "device"


def _normal(password: str) -> str:
    return normal("NFC", password)


def _fresh() -> dict[str, Any]:
    return {"generation": secrets.token_hex(4)}


def _lifted(record: dict[str, Any] | None) -> float:
    return float(record.get("lifted", 0)) if record else 0.0


def _running(until: float | None, of: str, now: float) -> Pause | None:
    return Pause(until, of) if until is not None and until > now else None


def _longer(one: Pause | None, other: Pause | None) -> Pause | None:
    return max(filter(None, (one, other)), key=lambda pause: pause.until or 0.0, default=None)


def _place(record: dict[str, Any], lane: _Lane) -> str:
    return f"{lane.whose}:{record['generation']}:{lane.of}:{lane.key}"


def _account_key(account: str) -> str:
    return "throttle:account:" + account


def _lane_key(place: str) -> str:
    return "throttle:failures:" + place


def _repeats_key(place: str) -> str:
    return "throttle:repeats:" + place


def _pause_key(place: str) -> str:
    return "throttle:pause:" + place


def _row_key(account: str, record: dict[str, Any], of: str) -> str:
    return f"throttle:in-a-row:{account}:{record['generation']}:{of}"


def _range_key(address: str) -> str:
    return "throttle:range:" + address_range(address)

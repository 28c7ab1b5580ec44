"""How targets and objects of provisioning are printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from idp.cli.terminal import print_table, printable, say, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clients.client import Client
    from idp.admin.provisioning import Shown, Standing


def of_standing(one: Standing, client: Client) -> dict[str, Any]:
    """As JSON, without a secret."""
    target = one.target
    return {
        "client_id": client.id, "name": client.name, **target.said.to_json(), "state": target.state,
        "reason": target.reason, "braked": target.braked, "retry_at": target.retry_at or None,
        "counts": one.counts, "left": one.left,
        "patch": target.abilities.patch, "filter": target.abilities.filter,
    }  # fmt: skip


def of_object(shown: Shown, *, words: bool = False) -> dict[str, Any]:
    """As JSON. `words`: with what was sent last and what was answered."""
    one = shown.object
    also = {"request": one.request, "answer": one.answer} if words else {}
    return {"kind": one.kind, "id": one.local_id, "name": shown.name, "remote_id": one.remote_id or None,
            "state": one.state, "problem": one.problem, "status": one.status or None, "at": one.at or None,
            "due": one.due, "tries": one.tries, **also}  # fmt: skip


def show_standing(one: Standing, client: Client, objects: Iterable[Shown]) -> None:
    """The target in some lines, then each object in one."""
    target, said = one.target, one.target.said
    say(f"{printable(client.name)} ({client.id}): {', '.join(filter(None, (target.state, printable(target.reason))))}")
    say(f"  {said.url}; off means {said.off}; groups: {said.groups}; adopts: {'yes' if said.adopts else 'no'}")
    say(f"  brake: {said.brake} people within a day, or {said.brake_share} % of those there")
    for line in ways_out(one, client):
        say(f"  {line}")
    if target.retry_at and target.failures:
        say(f"  Nothing is sent before {timestamp(target.retry_at)}: it asked for time, or did not answer.")
    for kind, states in one.counts.items():
        if states:
            say(f"  {kind}s: " + ", ".join(f"{many} {state}" for state, many in sorted(states.items())))
    rows = [
        (each.object.kind, printable(each.name or each.object.local_id), each.object.state, each.object.status or "",
         timestamp(each.object.at or None), printable(each.object.problem))
        for each in objects
    ]  # fmt: skip
    if rows:
        print_table(("Kind", "Name", "State", "Status", "At", "What it says"), rows, "")


def ways_out(one: Standing, client: Client) -> list[str]:
    """What an admin does about a target that is stopped, or refuses somebody."""
    target, refused = one.target, sum(states.get("refused", 0) for states in one.counts.values())
    if target.braked:
        return [f"Look at who it is: doorward provision release {client.id}; with --yes they may end there."]
    if target.state == "stopped":
        return [f"Give it a token that works: doorward provision change {client.id} --secret-file FILE --on"]
    if target.state == "off":
        return [f"Nothing is sent: doorward provision dry-run {client.id}, then doorward provision change "
                f"{client.id} --on"]  # fmt: skip
    if refused:
        return [f"{refused} refused: doorward provision show {client.id} --state refused; who is there already under "
                f"the same name is taken over by doorward provision change {client.id} --adopts; then doorward "
                f"provision sync {client.id} --failed"]  # fmt: skip
    return []


def show_object(shown: Shown) -> None:
    """What was sent last, and what was answered."""
    one = shown.object
    how = ", ".join(filter(None, (one.state, printable(one.problem))))
    say(f"{one.kind} {printable(shown.name or one.local_id)}: {how}")
    say(f"  id there: {printable(one.remote_id) or 'none'}")
    if one.due is not None:
        say(f"  tried again at {timestamp(one.due)}, after {one.tries} failures")
    if one.request:
        say(f"Sent at {timestamp(one.at)}:", *map(printable, one.request.splitlines()))
        say(f"Answered: status {one.status or 'none'}", *map(printable, one.answer.splitlines()))

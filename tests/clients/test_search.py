"""Applications are found by any part of name, id and host, a page at a time (B4, R1)."""

from __future__ import annotations

import pytest
from sqlalchemy import delete

from clients.access import Access
from clients.registry import Draft, Registry
from clients.search import store
from idp.db import Database
from tests.backends import Clock
from tests.clients.conftest import draft


def add(registry: Registry, name: str, *redirects: str, access: Access | None = None) -> str:
    metadata = {"redirect_uris": list(redirects) or ["https://app.example/cb"]}
    made = registry.register(Draft(name=name, metadata=metadata, access=access or Access.only()))
    return made.client.id


def names(registry: Registry, query: str = "", **how: object) -> list[str]:
    return [one.name for one in registry.search(query, **how)]  # type: ignore[arg-type]


def test_B4_what_is_called_exactly_so_comes_first_then_beginnings_then_parts(registry: Registry) -> None:
    for name in ("Apache Spark", "Sparkling", "spark", "Other"):
        add(registry, name)
    assert names(registry, "Spark") == ["spark", "Sparkling", "Apache Spark"]


def test_B4_an_application_is_found_by_its_id_and_by_the_host_it_lives_on(registry: Registry) -> None:
    wiki = add(registry, "Knowledge", "https://wiki.intern.example/login/callback")
    add(registry, "Other", "https://other.example/cb")
    assert names(registry, "wiki.intern") == ["Knowledge"]
    assert names(registry, wiki[3:12]) == ["Knowledge"]
    assert names(registry, "callback") == []  # a path is no host


@pytest.mark.parametrize("query", ["100%", "a_b", "\\", "Ü", "ẞ–ẞ", "'", "💡", "zwei  Worte"])
def test_B4_no_character_of_a_search_is_a_pattern(registry: Registry, query: str) -> None:
    add(registry, "Plain axb 100 percent")
    add(registry, f"x {query} y")
    assert names(registry, query) == [f"x {query} y"]
    assert names(registry, f" \x00{query}\ud800 ") == [f"x {query} y"]


def test_B4_pages_by_keys_show_each_application_once_whatever_their_case(registry: Registry) -> None:
    made = [f"{'App' if n % 2 else 'app'} {n:02}" for n in range(25)]
    for name in reversed(made):
        add(registry, name)
    for query in ("", "app", "0"):
        seen: list[str] = []
        after = ""
        while page := registry.search(query, after=after, limit=4):
            seen += [one.name for one in page]
            after = page[-1].cursor
        assert seen == [name for name in made if query in name.lower()]


@pytest.mark.parametrize("cursor", ["x", "9.c", "2.unknown", "2.", "0.' or 1=1", "2." + "c" * 5000])
def test_B4_a_cursor_that_was_made_up_is_the_first_page(registry: Registry, cursor: str) -> None:
    add(registry, "CRM")
    assert names(registry, after=cursor) == ["CRM"]


def test_R4_a_list_is_narrowed_to_what_is_off_open_to_everyone_or_removed(registry: Registry) -> None:
    off, gone = add(registry, "Off by now"), add(registry, "Gone")
    add(registry, "Open by now", access=Access())
    add(registry, "Limited", access=Access.only(groups=["staff"]))
    registry.disable(off)
    registry.remove(gone)
    assert names(registry) == ["Limited", "Off by now", "Open by now"]
    assert names(registry, which="off") == ["Off by now"]
    assert names(registry, which="everyone") == ["Open by now"]
    assert names(registry, which="removed") == ["Gone"]
    assert names(registry, which="saml") == []
    assert names(registry, "by now", which="oidc") == ["Off by now", "Open by now"]
    removed = registry.find_removed(gone)
    assert removed is not None
    assert removed.name == "Gone"
    assert registry.find_removed(off) is None


def test_a_new_name_is_found_at_once_and_the_old_one_no_more(registry: Registry) -> None:
    client_id = add(registry, "CRM 9")  # no client id has a 9, and each is searched as well
    registry.update(client_id, {"redirect_uris": ["https://new.example/cb"]}, name="Customers")
    assert names(registry, "crm 9") == []
    assert names(registry, "new.example") == ["Customers"]


def test_what_a_release_without_the_texts_wrote_is_found_too(db: Database, registry: Registry, clock: Clock) -> None:
    add(registry, "CRM")
    assert names(registry, "crm") == ["CRM"]
    db.run(delete(store.client_search))
    later = Registry(db, clock)
    assert names(later, "crm") == ["CRM"]


def test_R6_one_secret_is_ended_and_the_others_go_on(registry: Registry, clock: Clock) -> None:
    made = registry.register(draft())
    assert made.client_secret is not None
    second = registry.add_secret(made.client.id, 3600)
    first_id = registry.list_secrets(made.client.id)[0].id
    events: list[str] = []
    registry.end_secret(made.client.id, first_id, record=lambda _tx, action, _detail: events.append(action))
    client = registry.get(made.client.id)
    assert client.find_secret(made.client_secret, clock()) is None
    assert client.find_secret(second, clock()) is not None
    assert events == ["client:secret_ended"]
    with pytest.raises(ValueError, match="ended already"):
        registry.end_secret(made.client.id, first_id)
    other = registry.register(draft(name="Other"))
    mine = registry.list_secrets(other.client.id)[0].id
    with pytest.raises(ValueError, match="no such secret"):
        registry.end_secret(made.client.id, mine)

"""C5, R4: access for a time stands in files, and an apply of what was exported changes nothing."""

from __future__ import annotations

from clients.access import Access, Term, group_key, person_key
from tests.admin.configuration.conftest import Configured, Open

UNTIL = 4_102_444_800.0  # 2100-01-01


def test_C5_R4_access_for_a_time_goes_out_into_a_file_and_comes_back(configured: Configured, another: Open) -> None:
    one, other = configured, another()
    ann = one.provider.add_person("ann", groups=("sales",))
    same = other.provider.add_person("ann", groups=("sales",))
    terms = {group_key("sales"): Term(until=UNTIL), person_key(ann.id): Term(since=UNTIL - 60, until=UNTIL)}
    app = one.provider.add_client("CRM", access=Access.only(groups=["sales"], persons=[ann.id], terms=terms))
    text = one.export()
    assert "2100-01-01T00:00:00Z" in text
    assert one.changes(text) == ()
    other.apply(text)
    assert other.export() == text
    made = other.services.registry.get(app.id).access
    assert made.term_of(person_key(same.id)) == Term(UNTIL - 60, UNTIL)
    assert made.term_of("group:sales").until == UNTIL


def test_C5_R4_a_term_of_nobody_or_one_that_makes_no_sense_is_named(configured: Configured) -> None:
    head = '[[application]]\nname = "CRM"\nredirect_uris = ["https://crm.example/cb"]\naccess.groups = ["sales"]\n'
    configured.provider.add_person("ann", groups=("sales",))
    for line in (
        'access.times.groups.others = { until = "2100-01-01T00:00:00Z" }',
        'access.times.people.ann = { until = "2100-01-01T00:00:00Z" }',
        'access.times.groups.sales = { until = "soon" }',
        'access.times.groups.sales = { from = "2100-01-01", until = "2099-01-01" }',
        "access.times.groups.sales = {}",
        "access.times.everyone = {}",
        "access.times = 5",
    ):
        assert any("times: " in one for one in configured.faults(head + line)), line
    assert configured.change(head + "access.times.groups.sales = { until = 2100-01-01T00:00:00Z }")

"""U1: a variant of an attribute in a language is bound by the attribute's definition (OpenID Connect Core 1.0 §5.2)."""

from __future__ import annotations

import pytest

from idp import audit
from idp.accounts.person import InvalidPerson
from idp.admin import attributes, people, person_attributes
from idp.admin.actor import of_shell
from idp.admin.histories import people as history
from idp.admin.people import Correction
from tests.attributes.test_who import ADMIN, DESK, OWNER
from tests.provider import Provider


def test_U1_a_variant_is_written_by_whoever_writes_the_attribute_and_of_its_type(provider: Provider) -> None:
    services, ann = provider.services, provider.add_person("ann")
    attributes.add(services, OWNER, "pay", {"edits": []})
    attributes.add(services, OWNER, "level", {"type": "number"})
    for name in ("pay#de", "level#de"):
        with pytest.raises(InvalidPerson):
            people.correct(services, ADMIN, ann, Correction(merge={name: "any text"}))
    with pytest.raises(InvalidPerson):
        person_attributes.check_exact(services, {"level#de": "3"})
    assert people.correct(services, ADMIN, ann, Correction(merge={"level#de": "3"})).after.claims == {"level#de": 3}


def test_U1_the_record_and_the_history_mask_it_like_the_attribute(provider: Provider) -> None:
    services, ann = provider.services, provider.add_person("ann")
    people.correct(services, ADMIN, ann, Correction(merge={"free#de": "before"}))
    for name in ("pay", "free"):
        attributes.add(services, of_shell("cli:test"), name, {"sees": []})
    ann = services.directory.get(ann.id)
    people.correct(services, ADMIN, ann, Correction(merge={"pay#de": "E15"}))
    events = audit.of_person(services.db, ann.id, history.ACTIONS, after=0.0, many=50)
    assert "E15" not in str([event.detail for event in events])
    hidden = person_attributes.hidden_from(services, DESK)
    assert "before" not in str([history.shown(event, hidden).get("after") for event in events])

"""H2: what the release before makes of providers, while both serve on one database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.federation import keeping, store
from tests.federation.visiting import Office


@pytest.mark.parametrize("is_on", [True, False])
def test_H2_a_removed_provider_is_off_for_a_process_that_knows_no_removal(office: Office, is_on: bool) -> None:
    """One of the release before reads every row by `enabled` alone, and would go on signing people in."""
    services, one = office.provider.services, office.add()
    wanted = keeping.Change(replace(one, enabled=is_on))
    keeping.change(services.db, services.sealer, wanted, services.clock(), record=lambda *_: None)
    office.remove(one)
    assert services.db.one(store.ONE, provider_id=one.id).enabled == 0
    (removed,) = keeping.removed(services.db, services.clock())
    assert removed.provider.enabled is is_on
    back = keeping.restore(services.db, one.id, services.clock(), record=lambda *_: None)
    assert (back.provider, keeping.find(services.db, one.id)) == (replace(one, enabled=is_on), back)
    assert "was_on" not in services.db.one(store.ONE, provider_id=one.id).said

"""In which order the files are run: what takes longest first, or any order at all.

`make test` hands out whole files, so that what a file makes for its tests is made once: a long one
that began last would be waited for alone. `--shuffle SEED` proves that no test needs another before
it: files by chance, and tests by chance within each.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import groupby
from typing import Any

# What takes more than five seconds, longest first; a name that is missing costs time alone.
LONGEST = (
    "web/test_pages.py",
    "servers/test_product.py",
    "web/test_behaviour.py",
    "servers/test_embedded.py",
    "jobs/test_job_processes.py",
    "house/test_drift.py",
    "screens/test_every_route.py",
    "insights/test_clicks.py",
    "security/test_weaker.py",
    "web/test_script.py",
    "screens/test_lists.py",
    "messages/test_dispatching.py",
    "messages/test_brakes.py",
    "orders/test_import_named_points.py",
    "screens/test_walk.py",
    "orders/test_together.py",
    "insights/test_dashboard.py",
    "screens/test_clients_of_others.py",
    "campaigns/test_channels.py",
    "demo/test_planted.py",
    "demo/test_never_analysed.py",
    "servers/test_prepared.py",
    "orders/test_without_order.py",
    "messages/test_crashes.py",
    "messages/test_hostile_texts.py",
    "house/test_drafts.py",
    "house/test_background.py",
    "servers/test_supervisor.py",
    "cli/test_commands.py",
    "messages/test_audience.py",
    "clients/test_segment_oracle.py",
    "messages/test_smtp.py",
    "security/test_probes.py",
    "jobs/test_upkeep.py",
    "security/test_description_bounds.py",
    "orders/test_screens.py",
    "screens/test_walk_actions.py",
    "screens/test_walk_forms.py",
    "screens/test_rest.py",
    "house/test_weight.py",
)
_RANK = {name: place for place, name in enumerate(LONGEST)}


def arrange(items: list[Any]) -> None:
    """Put the files that take longest first; all else stays as it was found."""
    items.sort(key=lambda item: _RANK.get("/".join(item.path.parts[-2:]), len(_RANK)))


def shuffle(items: list[Any], seed: str) -> None:
    """Put files, and the tests in each, in an order by chance: the same for the same seed."""
    chance = random.Random(seed)
    files = [list(tests) for _file, tests in groupby(items, key=lambda item: item.path)]
    items[:] = _flat(_mixed([_mixed(tests, chance) for tests in files], chance))


def _mixed(values: list[Any], chance: random.Random) -> list[Any]:
    return chance.sample(values, len(values))


def _flat(lists: Iterable[list[Any]]) -> list[Any]:
    return [item for one in lists for item in one]

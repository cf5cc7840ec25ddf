"""What an order leaves behind: bytes of tables and indexes, bytes of WAL, and updates in place.

`python -m benchmarks.weighing [ORDERS]` places orders of three lines through the API on the stage
of `orders-api`, and leads some of them to their end.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from benchmarks.placing import CALLERS, DATABASE, Api
from benchmarks.stage import Stage, stage

ORDERS = 1000
LIVES = 100
STEPS = ("confirm", "assemble", "ship", "complete")
_SIZES = """
select c.relname, pg_table_size(c.oid), pg_indexes_size(c.oid)
  from pg_class c where c.relkind in ('r', 'm') and c.relnamespace = 'public'::regnamespace"""
_WAL = "select pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
_INDEXES = "select count(*) from pg_index where indrelid = 'orders'::regclass"
_UPDATES = """
select relname, n_tup_upd, n_tup_hot_upd from pg_stat_user_tables
 where n_tup_upd >= %s order by n_tup_upd desc"""


class Scale:
    """Weighs the database before and after some work."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def _sizes(self) -> dict[str, tuple[int, int]]:
        return {name: (table, more) for name, table, more in self.stage.ask(DATABASE, _SIZES)}

    def weigh(self, title: str, count: int, work: Callable[[], object]) -> None:
        """Print what each of `count` pieces of the work added, and to which tables."""
        sizes, wal = self._sizes(), self.stage.ask(DATABASE, _WAL)[0][0]
        work()
        grown = self.stage.ask(DATABASE, _WAL)[0][0] - wal
        added = {
            name: (table - sizes[name][0], more - sizes[name][1])
            for name, (table, more) in self._sizes().items()
            if name in sizes
        }
        tables, indexes = (sum(one[side] for one in added.values()) for side in (0, 1))
        print(
            f"WEIGH {title} {(tables + indexes) / count:,.0f} bytes, of which indexes"
            f" {indexes / count:,.0f}; WAL {float(grown) / count:,.0f} bytes"
        )
        for name, (table, more) in sorted(added.items(), key=lambda one: -sum(one[1]))[:8]:
            print(f"  {name}: {table / count:,.0f} and indexes {more / count:,.0f}")


def lead(api: Api, orders: list[tuple[int, str]]) -> None:
    """Pay, ship and complete each of the orders."""
    connection = api.open()
    for pk, total in orders:
        paid = {"order": pk, "method": "card", "amount": total}
        key = {"Idempotency-Key": f"{api.run}-paid-{pk}"}
        api.post(connection, "/api/v1/payments/", paid, api.headers | key)
        for step in STEPS:
            api.post(connection, f"/api/v1/orders/{pk}/{step}", {}, api.headers)


def _newest(stage: Stage) -> list[tuple[Any, ...]]:
    asked = (
        "select id, (total / 10000.0)::numeric(14, 2)::text from orders order by id desc limit %s"
    )
    return stage.ask(DATABASE, asked, [LIVES])


def _live(scale: Scale, api: Api, count: int, mode: str) -> None:
    scale.weigh(f"placed, {mode}:", count, lambda: api.place(count))
    newest = _newest(scale.stage)
    scale.weigh(f"paid, shipped, completed, {mode}:", LIVES, lambda: lead(api, newest))


def main(count: int) -> None:
    """Weigh placing and the rest of an order's life."""
    # More are placed here than a caller may have in a minute.
    os.environ["API_RATE_LIMIT"] = "0"
    with stage() as scene, scene.copy(DATABASE):
        scene.ask(DATABASE, "vacuum (analyze)")
        scale = Scale(scene)
        with scene.web(DATABASE) as address:
            api = Api(scene, address)
            api.place(8 * CALLERS)
            scene.ask(DATABASE, "checkpoint")
            _live(scale, api, count, "with images of pages")
            # How many of those there are follows the clock of checkpoints; records do not.
            try:
                scene.ask(DATABASE, "alter system set full_page_writes = off")
                scene.ask(DATABASE, "select pg_reload_conf()")
                _live(scale, api, count, "without them")
            finally:
                scene.ask(DATABASE, "alter system reset full_page_writes")
                scene.ask(DATABASE, "select pg_reload_conf()")
        # Statistics of processes that have ended are complete.
        print(f"WEIGH indexes on orders: {scene.ask(DATABASE, _INDEXES)[0][0]}")
        for name, updates, hot in scene.ask(DATABASE, _UPDATES, [LIVES]):
            print(f"  {name}: {updates} updates, {hot} in place")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ORDERS)

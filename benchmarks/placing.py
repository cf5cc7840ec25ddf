"""Orders placed through the API by four callers against bare INSERTs by one writer."""

from __future__ import annotations

import contextlib
import itertools
import json
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import psycopg2

from app.kit.database import bootstrap
from benchmarks.harness import Benchmark, Sides
from benchmarks.stage import Stage

CALLERS = 4
ORDERS = 100
BARE = 400
DATABASE = "bench_orders"
_VARIANTS = """
select b.variant_id from stock_balance b
  join store s on s.id = b.store_id and s.kind = 'warehouse'
  join variant v on v.id = b.variant_id and v.archived_at is null
  join product p on p.id = v.product_id and p.status = 'published' and p.kind = 'goods'
 where b.on_hand - b.reserved >= 5 order by b.variant_id"""
_COLUMNS = """
select column_name from information_schema.columns
 where table_schema = 'public' and table_name = %s
   and is_generated = 'NEVER' and column_name <> 'id'
 order by ordinal_position"""


class Api:
    """Four callers with a token, each on a connection of its own."""

    def __init__(self, stage: Stage, address: str) -> None:
        self.host = urlsplit(address).netloc
        self.store = stage.ask(DATABASE, "select id from store where kind = 'warehouse'")[0][0]
        self.variants = itertools.cycle(row[0] for row in stage.ask(DATABASE, _VARIANTS))
        rows = stage.ask(DATABASE, "select id from client order by id limit 20000")
        self.clients = itertools.cycle(row[0] for row in rows)
        self.run, self.lock = str(time.time_ns()), threading.Lock()
        self.numbers = itertools.count()
        who = {"username": "owner@demo.example", "password": stage.config.demo_password}
        answer = self.post(self.open(), "/api/v1/security/login", {**who, "provider": "db"}, {})
        self.headers = {"Authorization": f"Bearer {answer['access_token']}"}

    def place(self, count: int) -> float:
        """Orders per second over `count` orders."""
        orders = [self._order() for _number in range(count)]
        failed: list[BaseException] = []
        connections = [self.open() for _caller in range(CALLERS)]

        def call(connection: HTTPConnection, mine: list[dict[str, Any]]) -> None:
            try:
                for order in mine:
                    key = {"Idempotency-Key": f"{self.run}-{next(self.numbers)}"}
                    self.post(connection, "/api/v1/orders/", order, self.headers | key)
            except BaseException as error:  # noqa: BLE001 -- told to the caller below
                failed.append(error)

        threads = [
            threading.Thread(target=call, args=(connection, orders[number::CALLERS]))
            for number, connection in enumerate(connections)
        ]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.perf_counter() - began
        if failed:
            raise failed[0]
        return count / took

    def _order(self) -> dict[str, Any]:
        lines = [{"variant": next(self.variants), "quantity": 1} for _line in range(3)]
        return {"store": self.store, "client": next(self.clients), "lines": lines}

    def open(self) -> HTTPConnection:
        return HTTPConnection(self.host, timeout=60)

    def post(
        self, connection: HTTPConnection, path: str, body: Any, headers: dict[str, str]
    ) -> dict[str, Any]:
        more = {"Content-Type": "application/json", **headers}
        connection.request("POST", path, json.dumps(body), more)
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status not in (200, 201):
            message = f"{path} answered {answer.status}: {text[:400]}"
            raise RuntimeError(message)
        return dict(json.loads(text))


class Bare:
    """Write the rows that the API writes, and nothing but them: order, three lines, commit."""

    def __init__(self, stage: Stage) -> None:
        url = stage.url(DATABASE, bootstrap.MIGRATE_LOGIN)
        self.connection = psycopg2.connect(url)
        self.order = self._like(stage, "orders", "true order by id desc limit 1")
        last = "select max(id) from orders"
        self.lines = self._like(stage, "order_line", f"order_id = ({last}) order by id")
        self.numbers = itertools.count()
        with self.connection.cursor() as cursor:
            cursor.execute("set role crm_owner; select set_config('app.company_id', '1', false)")
        self.connection.commit()

    def _like(self, stage: Stage, table: str, which: str) -> tuple[list[str], list[list[Any]]]:
        names = [row[0] for row in stage.ask(DATABASE, _COLUMNS, [table])]
        columns = ", ".join(f'"{name}"' for name in names)
        rows = stage.ask(DATABASE, f"select {columns} from {table} where {which}")
        return names, [list(row) for row in rows]

    def write(self, count: int) -> float:
        """Orders per second over `count` orders."""
        began = time.perf_counter()
        for _turn in range(count):
            with self.connection.cursor() as cursor:
                self._write(cursor)
            self.connection.commit()
        return count / (time.perf_counter() - began)

    def _write(self, cursor: Any) -> None:
        names, (order,) = self.order
        values = dict(zip(names, order, strict=True)) | {"number": f"B-{next(self.numbers)}"}
        cursor.execute(_insert("orders", names, 1) + " returning id", list(values.values()))
        pk = cursor.fetchone()[0]
        names, lines = self.lines
        place = names.index("order_id")
        given = [pk if at == place else value for line in lines for at, value in enumerate(line)]
        cursor.execute(_insert("order_line", names, len(lines)), given)


def _insert(table: str, names: list[str], rows: int) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    one = "(" + ", ".join(["%s"] * len(names)) + ")"
    return f"insert into {table} ({columns}) values {', '.join([one] * rows)}"


@contextlib.contextmanager
def _sides(stage: Stage) -> Iterator[tuple[Api, Bare]]:
    with stage.copy(DATABASE):
        stage.ask(DATABASE, "vacuum (analyze)")
        with stage.web(DATABASE) as address:
            api = Api(stage, address)
            api.place(8 * CALLERS)
            yield api, Bare(stage)


def orders_api(stage: Stage) -> Sides:
    """Check that both sides leave orders with three lines that add up."""
    stack = contextlib.ExitStack()
    api, bare = stack.enter_context(_sides(stage))

    def counts() -> tuple[int, int]:
        asked = "select (select count(*) from orders), (select count(*) from order_line)"
        orders, lines = stage.ask(DATABASE, asked)[0]
        return int(orders), int(lines)

    def checked(work: Any, number: int) -> float:
        before = counts()
        rate: float = work(number)
        after = counts()
        made = (after[0] - before[0], after[1] - before[1])
        if made != (number, 3 * number):
            message = f"{made} orders and lines were made instead of {number, 3 * number}."
            raise RuntimeError(message)
        return rate

    wrong = (
        "select count(*) from orders o where o.id > (select max(id) - 30 from orders) and o.total"
    )
    wrong += " <> (select sum(amount) from order_line l where l.order_id = o.id)"
    if stage.ask(DATABASE, wrong)[0][0]:
        raise RuntimeError("The sums of orders are not those of their lines.")
    return Sides(lambda: checked(api.place, ORDERS), lambda: checked(bare.write, BARE), stack.close)


ALL = [Benchmark("orders-api", "orders/s", "bare-inserts", 0.06, at_most=False, prepare=orders_api)]

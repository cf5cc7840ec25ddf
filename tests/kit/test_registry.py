"""Registries keep what domains add to each other, in order and without a silent second."""

from dataclasses import dataclass

import pytest
from sqlalchemy import Select, literal, select
from sqlalchemy.orm import Session

from app.kit import merging, registry
from app.kit.registry import (
    Duplicate,
    EraseHandler,
    Invariant,
    MergeHandler,
    Registry,
    Unknown,
    broken_invariants,
    sole,
)


@dataclass(frozen=True)
class Dish:
    name: str
    order: int = 0


def test_entries_come_in_their_order_then_as_registered() -> None:
    dishes: Registry[Dish] = Registry("dish")
    dishes.register(Dish("soup", order=2), Dish("bread"), Dish("salt"), Dish("tea", 1))
    assert dishes.names() == ["bread", "salt", "tea", "soup"]
    assert [dish.name for dish in dishes] == dishes.names()
    assert ("soup" in dishes, "cake" in dishes, len(dishes)) == (True, False, 4)


def test_a_second_entry_of_the_same_name_is_an_error_not_a_replacement() -> None:
    dishes: Registry[Dish] = Registry("dish")
    dishes.register(Dish("soup"))
    with pytest.raises(Duplicate, match=r"two of the dish “soup”: .*order=0.* and .*order=1"):
        dishes.register(Dish("soup", order=1))
    assert dishes["soup"].order == 0


def test_the_same_entry_of_a_second_application_is_taken_once() -> None:
    dishes: Registry[Dish] = Registry("dish")
    for _application in range(2):
        dishes.register(Dish("soup"))
    assert dishes.names() == ["soup"]


def test_an_entry_may_have_another_name_and_a_registry_one_entry_only() -> None:
    by_order: Registry[Dish] = Registry("dish", key=lambda dish: dish.order)
    by_order.register(Dish("soup", 2), Dish("soup", 1))
    assert by_order.names() == [1, 2]
    best: Registry[Dish] = Registry("best dish", key=sole)
    assert best.only() is None
    best.register(Dish("soup"))
    with pytest.raises(Duplicate, match=r"soup.*cake"):
        best.register(Dish("cake"))
    assert best.only() == Dish("soup")


def test_a_missing_entry_is_named() -> None:
    dishes: Registry[Dish] = Registry("dish")
    assert dishes.get("cake") is None
    with pytest.raises(Unknown, match="no dish “cake”"):
        dishes["cake"]


def test_merging_and_erasing_ask_every_domain_about_that_kind(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[object] = []
    merges: Registry[MergeHandler] = Registry("merge handler")
    erases: Registry[EraseHandler] = Registry("erase handler")
    monkeypatch.setattr(merging, "merge_handlers", merges)
    monkeypatch.setattr(merging, "erase_handlers", erases)
    merges.register(
        MergeHandler("b", "client", lambda _s, old, new: done.append(("b", old, new)), order=2),
        MergeHandler("a", "client", lambda _s, old, new: done.append(("a", old, new)), order=1),
        MergeHandler("c", "product", lambda _s, _old, _new: done.append("wrong kind")),
    )
    erases.register(EraseHandler("a", "client", lambda _s, one: done.append(("erase", one))))
    merging.merge(session, "client", 1, 2)
    merging.erase(session, "client", 3)
    assert done == [("a", 1, 2), ("b", 1, 2), ("erase", 3)]


def test_only_broken_invariants_are_reported_with_their_rows(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Select[tuple[int]]:
        return select(literal(7))

    def kept() -> Select[tuple[int]]:
        return select(literal(7)).where(literal(1) == literal(2))

    known: Registry[Invariant] = Registry("invariant")
    known.register(Invariant("one", "One.", broken), Invariant("two", "Two.", kept))
    monkeypatch.setattr(registry, "invariants", known)
    assert {
        name: [tuple(row) for row in rows] for name, rows in broken_invariants(session).items()
    } == {"one": [(7,)]}

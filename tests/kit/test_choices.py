"""Choices are text with a CHECK; moves between them go through one table."""

from dataclasses import dataclass

import pytest
from alembic.autogenerate import render_python_code
from alembic.operations.ops import CreateTableOp, UpgradeOps
from flask_babel import lazy_gettext as _l
from sqlalchemy import Column, Integer, MetaData, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.schema import CreateTable

from app.kit.choices import Choice, ChoiceType, choice, choices_of, move
from app.kit.errors import Conflict


class Light(Choice):
    RED = "red", _l("Red"), "danger"
    GREEN = "green", _l("Green"), "success"
    OUT_OF_ORDER = "out_of_order"


MOVES = {Light.RED: {Light.GREEN}, Light.GREEN: {Light.RED, Light.OUT_OF_ORDER}}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention={"ck": "ck_%(table_name)s_%(constraint_name)s"})


class Colourful:
    light: Mapped[Light] = choice(Light, default=Light.RED, info={"label": "Light"})


class Crossing(Colourful, Base):
    __tablename__ = "crossing"
    id: Mapped[int] = mapped_column(primary_key=True)
    spare: Mapped[Light | None] = choice(Light)


class Bridge(Colourful, Base):
    __tablename__ = "bridge"
    id: Mapped[int] = mapped_column(primary_key=True)


@dataclass
class Signal:
    status: Light


def ddl(table: Table) -> str:
    return str(CreateTable(table).compile(dialect=postgresql.dialect()))


def test_a_member_has_value_label_and_tone() -> None:
    assert (Light.RED, str(Light.RED.label), Light.RED.tone) == ("red", "Red", "danger")
    assert (Light.OUT_OF_ORDER.label, Light.OUT_OF_ORDER.tone) == ("Out of order", "grey")
    assert Light("green") is Light.GREEN
    assert [value for value, _label in Light.options()] == ["red", "green", "out_of_order"]


def test_every_column_of_choices_gets_its_check_without_being_asked() -> None:
    values = "IN ('red', 'green', 'out_of_order'))"
    assert ddl(Crossing.__table__).count("CONSTRAINT ck_crossing_light CHECK (light " + values) == 1
    assert "CONSTRAINT ck_crossing_spare CHECK (spare " + values in ddl(Crossing.__table__)
    assert "CONSTRAINT ck_bridge_light CHECK (light " + values in ddl(Bridge.__table__)
    assert "light TEXT NOT NULL" in ddl(Crossing.__table__)
    assert "spare TEXT," in ddl(Crossing.__table__)


def test_a_copied_table_has_the_check_once() -> None:
    table: Table = Crossing.__table__  # type: ignore[assignment]  # as SQLAlchemy has typed it
    copied = table.to_metadata(MetaData())
    assert ddl(copied).count("light IN") == 1


def test_alembic_writes_the_check_once_into_a_migration() -> None:
    created = CreateTableOp.from_table(Crossing.__table__)
    code = render_python_code(UpgradeOps([created]))
    assert code.count("light IN ('red', 'green', 'out_of_order')") == 1
    assert code.count("spare IN ('red', 'green', 'out_of_order')") == 1


def test_values_are_stored_and_members_come_back() -> None:
    kind = ChoiceType(Light)
    dialect = postgresql.dialect()
    assert kind.process_bind_param(Light.RED, dialect) == "red"
    assert kind.process_bind_param("green", dialect) == "green"
    assert kind.process_result_value("green", dialect) is Light.GREEN
    assert (
        kind.process_bind_param(None, dialect) is kind.process_result_value(None, dialect) is None
    )


def test_a_stranger_is_refused_before_it_reaches_the_database() -> None:
    with pytest.raises(ValueError, match="'blue' is not a valid Light"):
        ChoiceType(Light).process_bind_param("blue", postgresql.dialect())


def test_parts_of_a_value_can_be_searched_for() -> None:
    clause = Crossing.light.like("out%")
    compiled = clause.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    assert "LIKE 'out%" in str(compiled)


def test_columns_tell_their_choices() -> None:
    assert choices_of(Crossing.light) is choices_of(Crossing.__table__.c.spare) is Light
    assert choices_of(Column("n", Integer)) is None


def test_a_move_that_the_table_allows_sets_the_status() -> None:
    signal = Signal(Light.RED)
    move(signal, MOVES, Light.GREEN)
    assert signal.status is Light.GREEN


def test_a_move_that_the_table_lacks_is_refused_in_words() -> None:
    signal = Signal(Light.RED)
    with pytest.raises(Conflict, match="“Red” and cannot become “Out of order”") as refusal:
        move(signal, MOVES, Light.OUT_OF_ORDER)
    assert (signal.status, refusal.value.status, refusal.value.field) == (Light.RED, 409, "status")
    with pytest.raises(Conflict):
        move(Signal(Light.OUT_OF_ORDER), MOVES, Light.GREEN)

"""Roles: nobody gives or takes what they do not have, and somebody stays in charge."""

from datetime import timedelta

import pytest
from sqlalchemy import NullPool, delete, select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from app.company import operations, queries
from app.company.models import Invitation
from app.company.operations.privileges import LastAdministrator, NotYours
from app.kit import clock
from app.kit.database.session import make_engine
from app.kit.database.stamp import Role as StampRole
from app.kit.database.stamp import company_stamp
from app.kit.errors import Conflict, Invalid, NotFound
from app.kit.security import auth_functions
from app.kit.security.models import Role, role_rights
from tests.company.factories import (
    PASSWORD,
    make_company,
    make_membership,
    make_reader,
    make_role,
    make_store,
    make_user,
)

READ, WRITE = ("read", "Client"), ("write", "Client")
COSTS = ("read", "costs")
EDITS_ROLES = {("read", "Role"), ("write", "Role"), ("write", "Membership")}


@pytest.fixture
def owner(session):
    """Return the reader of an owner."""
    return make_reader(session, make_membership(session, "owner"))


@pytest.fixture
def helper(session, owner):
    """Somebody who edits roles, sees clients, and no more. The owner keeps the company in charge."""
    return make_reader(session, make_membership(session, make_role(session, {READ, *EDITS_ROLES})))


def rights_of(session, role):
    return queries.rights_of_roles(session, [role.id])[role.id]


def test_a_role_is_made_within_its_makers_rights(session, helper):
    role = operations.make_role(session, name="Watcher", rights={READ}, by=helper, at=clock.now())
    assert rights_of(session, role) == {READ}


def test_a_role_with_more_than_its_maker_has_is_refused(session, helper):
    with pytest.raises(NotYours, match="Client"):
        operations.make_role(session, name="W", rights={READ, WRITE}, by=helper, at=clock.now())


def test_a_change_that_gives_more_than_one_has_is_refused(session, helper):
    role = make_role(session, {READ})
    with pytest.raises(NotYours):
        operations.change_role(
            session, role, name="W", rights={READ, COSTS}, version=1, by=helper, at=clock.now()
        )


def test_a_change_that_takes_what_one_lacks_is_refused(session, helper):
    role = make_role(session, {READ, COSTS})
    with pytest.raises(NotYours):
        operations.change_role(
            session, role, name="W", rights={READ}, version=1, by=helper, at=clock.now()
        )


@pytest.mark.parametrize("rights", [{COSTS}, {READ, COSTS}, {READ, COSTS, *EDITS_ROLES}])
def test_nobody_changes_a_role_with_rights_beyond_their_own(session, helper, rights):
    role = make_role(session, {READ, COSTS})
    with pytest.raises(NotYours):
        operations.change_role(
            session, role, name=role.name, rights=rights, version=1, by=helper, at=clock.now()
        )


def test_a_stronger_role_keeps_its_name(session, owner, helper):
    role = make_role(session, {READ, COSTS}, name="Strong")
    with pytest.raises(NotYours), session.begin_nested():
        operations.change_role(
            session, role, name="Weak", rights={READ, COSTS}, version=1, by=helper, at=clock.now()
        )
    session.refresh(role)
    operations.change_role(
        session, role, name="Weak", rights={READ, COSTS}, version=1, by=owner, at=clock.now()
    )
    assert role.name == "Weak"


def test_an_old_version_is_refused(session, owner):
    role = make_role(session, {READ})
    operations.change_role(
        session, role, name="A", rights={READ}, version=1, by=owner, at=clock.now()
    )
    with pytest.raises(Conflict, match="meanwhile"):
        operations.change_role(
            session, role, name="B", rights={READ}, version=1, by=owner, at=clock.now()
        )
    operations.change_role(
        session, role, name="B", rights={READ}, version=2, by=owner, at=clock.now()
    )
    assert (role.name, role.version) == ("B", 3)


def test_who_counts_among_the_people_of_a_role_is_active_and_has_it(session):
    role, other = make_role(session, name="B"), make_role(session, name="A")
    both, one = make_membership(session, role, other), make_membership(session, role)
    without = make_membership(session, other)
    shut_out, gone = make_membership(session, role), make_membership(session, role)
    shut_out.active, gone.archived_at = False, clock.now()
    session.flush()
    assert {m.id for m in queries.members_with(session, role.id)} == {both.id, one.id}
    assert {m.id for m in queries.members_with(session, other.id)} == {both.id, without.id}
    assert {m.id for m in queries.members(session)} == {both.id, one.id, without.id}
    assert queries.people_by_role(session) == {role.id: 2, other.id: 2}
    ids = [both.id, one.id, shut_out.id]
    assert queries.role_names(session, ids) == {both.id: "A, B", one.id: "B", shut_out.id: "B"}
    assert [found.name for found in queries.roles_of(session, both)] == ["A", "B"]


def test_who_holds_rights_in_the_whole_company_holds_all_of_them(session):
    two = make_role(session, {READ, COSTS})
    reads, costs = make_role(session, {READ}), make_role(session, {COSTS})
    by_one, by_two = make_membership(session, two), make_membership(session, reads, costs)
    only_reads = make_membership(session, reads)
    make_membership(session, two, store_ids=[make_store(session).id])
    everybody = {m.id for m in queries.holders(session, [READ])}
    assert everybody == {by_one.id, by_two.id, only_reads.id}
    assert {m.id for m in queries.holders(session, [READ, COSTS])} == {by_one.id, by_two.id}
    assert queries.rights_by_role(session, by_two) == {READ: [reads.name], COSTS: [costs.name]}


@pytest.mark.parametrize("missing", [1, 3, 4])
def test_three_missing_rights_are_named_and_more_are_hinted_at(missing):
    lacking = [("read", "Client"), ("write", "Client"), ("delete", "Client"), ("export", "Client")]
    words = str(NotYours(lacking[:missing]).message)
    assert words.count(";") == min(missing, 3) - 1
    assert words.endswith(" …") == (missing > 3)


@pytest.mark.parametrize("name", ["Admin", " public ", "SUPERUSER", "", "x" * 65])
def test_reserved_and_impossible_names_are_refused(session, owner, name):
    with pytest.raises(Invalid):
        operations.make_role(session, name=name, rights={READ}, by=owner, at=clock.now())


def test_two_roles_of_one_name_are_refused_however_it_is_written(session, owner):
    make_role(session, name="Verkäufer")
    with pytest.raises(Invalid, match="already"):
        operations.make_role(session, name="VERKÄUFER", rights={READ}, by=owner, at=clock.now())


def test_a_role_that_somebody_has_cannot_be_removed(session, owner):
    role = make_role(session, {READ})
    make_membership(session, role)
    with pytest.raises(Conflict):
        operations.remove_role(session, role, by=owner, at=clock.now())


def test_a_free_role_is_removed_with_its_rights(session, owner):
    role = make_role(session, {READ})
    operations.remove_role(session, role, by=owner, at=clock.now())
    assert session.scalar(select(Role.id).where(Role.id == role.id)) is None
    assert queries.rights_of_roles(session, [role.id]).get(role.id, set()) == set()


def test_the_last_administrator_keeps_the_role(session, owner):
    member = session.get(operations.people.Membership, owner.membership_id)
    with pytest.raises(LastAdministrator):
        operations.set_roles(session, member, [], by=owner, at=clock.now())


def test_the_last_administrator_is_not_deactivated(session, owner):
    member = session.get(operations.people.Membership, owner.membership_id)
    with pytest.raises(LastAdministrator):
        operations.deactivate(session, member, by=owner, at=clock.now())


def test_who_lacks_a_right_of_administrators_does_not_count_as_one(session, owner, helper):
    """Nobody could give back what nobody has."""
    member = session.get(operations.people.Membership, owner.membership_id)
    for leave in (
        lambda: operations.set_roles(session, member, [], by=owner, at=clock.now()),
        lambda: operations.deactivate(session, member, by=owner, at=clock.now()),
    ):
        with pytest.raises(LastAdministrator), session.begin_nested():
            leave()


def test_the_last_administrator_takes_no_right_off_their_own_role(session, owner):
    member = session.get(operations.people.Membership, owner.membership_id)
    role = make_role(session, owner.rights, name="Everything")
    operations.set_roles(session, member, [role.id], by=owner, at=clock.now())
    for rights in (owner.rights - {("export", "Client")}, EDITS_ROLES):
        with pytest.raises(LastAdministrator), session.begin_nested():
            operations.change_role(
                session, role, name="Less", rights=rights, version=1, by=owner, at=clock.now()
            )


def test_who_holds_everything_by_two_roles_counts(session, owner):
    halves = [make_role(session, part) for part in (EDITS_ROLES, owner.rights - EDITS_ROLES)]
    make_membership(session, *halves)
    member = session.get(operations.people.Membership, owner.membership_id)
    operations.deactivate(session, member, by=owner, at=clock.now())
    assert queries.count_administrators(session) == 1


def test_the_role_of_the_last_administrator_keeps_the_right_to_give_rights(session):
    role = make_role(session, {READ, *EDITS_ROLES})
    reader = make_reader(session, make_membership(session, role))
    with pytest.raises(LastAdministrator):
        operations.change_role(
            session, role, name="W", rights={READ}, version=1, by=reader, at=clock.now()
        )


def test_the_last_administrator_is_not_bound_to_stores(session, owner):
    store = make_store(session)
    member = session.get(operations.people.Membership, owner.membership_id)
    with pytest.raises(LastAdministrator):
        operations.set_stores(
            session, member, all_stores=False, store_ids=[store.id], by=owner, at=clock.now()
        )


def test_nobody_gives_themselves_the_role_of_the_owner(session, helper):
    roles = operations.seed_roles(session, 1)
    member = session.get(operations.people.Membership, helper.membership_id)
    with pytest.raises(NotYours):
        operations.set_roles(session, member, [roles["owner"].id], by=helper, at=clock.now())


def test_nobody_takes_a_role_from_somebody_stronger(session, owner, helper):
    strong = session.get(operations.people.Membership, owner.membership_id)
    with pytest.raises(NotYours):
        operations.set_roles(session, strong, [], by=helper, at=clock.now())


ON_A_MEMBERSHIP = {
    "a weak role beside theirs": lambda session, who, weak, **more: operations.set_roles(
        session, who, [*(role.id for role in queries.roles_of(session, who)), weak.id], **more
    ),
    "a store instead of all": lambda session, who, weak, **more: operations.set_stores(
        session, who, all_stores=False, store_ids=[make_store(session).id], **more
    ),
    "let out": lambda session, who, weak, **more: operations.deactivate(session, who, **more),
    "let in": lambda session, who, weak, **more: operations.reactivate(session, who, **more),
    "sessions": lambda session, who, weak, **more: operations.end_sessions(session, who, **more),
    "employee": lambda session, who, weak, **more: operations.link_employee(session, who, **more),
    "a link": lambda session, who, weak, **more: operations.remind(
        session, who, network="198.51.100.1", **more
    ),
}


@pytest.mark.parametrize("what", ON_A_MEMBERSHIP.values(), ids=ON_A_MEMBERSHIP)
def test_each_operation_on_a_membership_asks_by_itself_whose_it_is(session, owner, helper, what):
    """A screen may do several of them at once: none leans on another's question."""
    make_membership(session, "owner")
    strong = session.get(operations.people.Membership, owner.membership_id)
    with pytest.raises(NotYours):
        what(session, strong, make_role(session), by=helper, at=clock.now())


@pytest.mark.parametrize("what", [operations.deactivate, operations.end_sessions])
def test_nobody_shuts_out_somebody_stronger(session, owner, helper, what):
    make_membership(session, "owner")
    strong = session.get(operations.people.Membership, owner.membership_id)
    with pytest.raises(NotYours):
        what(session, strong, by=helper, at=clock.now())


def test_a_role_of_another_company_cannot_be_given(session, owner, as_stamp, other_company):
    with as_stamp(company_stamp(other_company)):
        theirs = make_role(session, {READ}).id
    member = make_membership(session)
    with pytest.raises(NotFound):
        operations.set_roles(session, member, [theirs], by=owner, at=clock.now())


def test_the_database_refuses_another_companys_role_as_well(session, as_stamp, other_company):
    with as_stamp(company_stamp(other_company)):
        theirs = make_role(session, {READ}).id
    member = make_membership(session)
    with pytest.raises(IntegrityError):
        session.execute(
            text("insert into membership_role (membership_id, role_id) values (:m, :r)"),
            {"m": member.id, "r": theirs},
        )


def test_a_member_bound_to_stores_opens_no_others(session, owner):
    mine, other = make_store(session), make_store(session)
    role = make_role(session, {READ, *EDITS_ROLES})
    by = make_reader(session, make_membership(session, role, store_ids=[mine.id]))
    member = make_membership(session, store_ids=[mine.id])
    with pytest.raises(operations.privileges.Refused):
        operations.set_stores(
            session, member, all_stores=False, store_ids=[other.id], by=by, at=clock.now()
        )
    with pytest.raises(operations.privileges.Refused):
        operations.set_stores(session, member, all_stores=True, by=by, at=clock.now())


def test_a_member_bound_to_stores_opens_their_own(session):
    here, there = make_store(session), make_store(session)
    role = make_role(session, {READ, *EDITS_ROLES})
    bound = make_membership(session, role, store_ids=[here.id, there.id])
    member = make_membership(session, store_ids=[here.id])
    by, wanted = make_reader(session, bound), {here.id, there.id}
    given = {"all_stores": False, "store_ids": wanted, "by": by, "at": clock.now()}
    operations.set_stores(session, member, **given)
    assert operations.privileges.stores_of(session, member) == wanted


def test_the_company_sees_its_own_people_and_no_password(session, as_stamp, other_company):
    ours = make_membership(session)
    with as_stamp(company_stamp(other_company)):
        theirs = make_membership(session).user_id
        seen = set(session.scalars(text("select id from ab_user")))
    assert (ours.user_id in seen, theirs in seen) == (False, True)
    with pytest.raises(ProgrammingError, match="permission denied"), session.begin_nested():
        session.execute(text("select password from ab_user"))


def test_nobody_adds_a_person_of_the_installation_by_hand(session):
    user = make_user(session)
    with pytest.raises(ProgrammingError, match="permission denied"):
        session.execute(text("insert into membership (user_id) values (:u)"), {"u": user})


def offer(session, **values):
    """An open invitation, with the token that it is accepted by."""
    made = Invitation(
        email=values.pop("email", "offered@example.com"),
        token_hash=auth_functions.hash_of("offer"),
        sent_at=clock.now(),
        expires_at=clock.now() + timedelta(days=7),
        **values,
    )
    session.add(made)
    session.flush()
    return made


def test_who_loses_a_role_offers_it_to_nobody_any_more(session, owner):
    roles = operations.seed_roles(session, 1)
    second = make_membership(session, "administrator")
    theirs = offer(session, role_ids=[roles["administrator"].id])
    theirs.created_by = second.user_id
    session.flush()
    operations.set_roles(session, second, [], by=owner, at=clock.now())
    session.refresh(theirs)
    assert theirs.revoked_at is not None


def test_an_old_offer_does_not_take_away_what_somebody_has_by_now(session):
    roles = operations.seed_roles(session, 1)
    member = make_membership(session, "owner", email="boss@example.com", password=PASSWORD)
    offer(session, email="boss@example.com", role_ids=[roles["cashier"].id], all_stores=False)
    with auth_functions.through(session) as door:
        signed = auth_functions.open_session(door, member.user_id, "t" * 64)
        used = auth_functions.accept_invitation(
            door, auth_functions.hash_of("offer"), session_id=signed.session_id
        )
    session.expire_all()
    assert used.membership_id == member.id
    assert ([one.template for one in queries.roles_of(session, member)], member.all_stores) == (
        ["owner"],
        True,
    )
    assert queries.count_administrators(session) == 1


def test_an_offer_of_all_stores_is_not_sent_again_by_somebody_bound_to_one(session, owner):
    store = make_store(session)
    role = make_role(session, {READ, *EDITS_ROLES})
    by = make_reader(session, make_membership(session, role, store_ids=[store.id]))
    wide = offer(session, role_ids=[role.id], all_stores=True)
    with pytest.raises(operations.privileges.Refused):
        operations.resend_invitation(session, wide, by=by, at=clock.now())


def test_an_offer_of_a_role_that_is_gone_is_not_sent_again(session, owner):
    role = make_role(session, {READ})
    wide = offer(session, role_ids=[role.id], all_stores=True)
    operations.remove_role(session, role, by=owner, at=clock.now())
    with pytest.raises(NotFound, match="does not exist"):
        operations.resend_invitation(session, wide, by=owner, at=clock.now())


def test_a_new_company_gets_the_roles_of_the_templates(session, as_stamp):
    made = make_company(session)
    with as_stamp(company_stamp(made)):
        roles = operations.seed_roles(session, made)
        again = operations.seed_roles(session, made)
        assert {role.id for role in roles.values()} == {role.id for role in again.values()}
        assert len(roles) == 12
        assert WRITE in rights_of(session, roles["owner"])


def test_a_role_that_was_changed_follows_its_template_no_longer(session, owner):
    roles = operations.seed_roles(session, 1)
    operations.change_role(
        session,
        roles["administrator"],
        name="Administrator",
        rights=rights_of(session, roles["administrator"]) - {("export", "Client")},
        version=roles["administrator"].version,
        by=owner,
        at=clock.now(),
    )
    assert (roles["owner"].follows, roles["administrator"].follows) == (True, False)


def test_giving_a_right_is_noted_in_the_audit_trail(session, owner):
    role = make_role(session, {READ})
    operations.change_role(
        session, role, name="W", rights={READ, WRITE}, version=1, by=owner, at=clock.now()
    )
    noted = session.scalars(
        text(
            "select after -> 'rights' from audit_entry where table_name = 'ab_role'"
            " and row_id = :id and after ? 'rights' order by id"
        ),
        {"id": role.id},
    ).all()
    assert noted == [["can_read Client"], ["can_write Client"]]


@pytest.fixture
def deploying(owner_url):
    """A session of whoever deploys, whose changes are rolled back."""
    engine = make_engine(owner_url, poolclass=NullPool)
    with engine.connect() as connection, Session(connection) as session:
        session.execute(text(f"set local role {StampRole.OWNER}"))
        yield session
        session.rollback()


def test_a_deploy_makes_the_role_of_the_installation_once(deploying):
    own = select(Role.id).where(Role.company_id.is_(None), Role.template == "superuser")
    for _time in range(2):
        operations.sync_roles(deploying)
        assert len(deploying.scalars(own).all()) == 1


@pytest.mark.parametrize("was", [True, False])
def test_a_deploy_says_once_in_which_company_nobody_holds_everything_any_more(
    deploying, caplog, was
):
    there = "insert into perm_version (company_id, administered) values (1, :was)"
    again = "on conflict (company_id) do update set administered = :was"
    deploying.execute(text(f"{there} {again}"), {"was": was})

    def deploy():
        caplog.clear()
        operations.sync_roles(deploying)
        return [one for one in caplog.messages if "In company 1 nobody" in one]

    assert len(deploy()) == was
    assert deploy() == []


@pytest.mark.parametrize("follows", [True, False])
def test_a_deploy_brings_roles_that_nobody_changed_up_to_their_template(deploying, follows):
    operations.sync_roles(deploying)
    of_cashiers = Role.company_id == 1, Role.template == "cashier"
    role = deploying.scalars(select(Role).where(*of_cashiers)).one()
    of_template = rights_of(deploying, role)
    role.follows = follows
    deploying.flush()
    deploying.execute(delete(role_rights).where(role_rights.c.role_id == role.id))
    operations.sync_roles(deploying)
    assert rights_of(deploying, role) == (of_template if follows else frozenset())

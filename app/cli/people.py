"""`flask crm people …`, `flask crm company create`: the way in, and the way out of a lock-out.

Whoever may run a command on the machine answers to nobody's rights: it gives what nobody in the
company could. What it did is in the audit trail, under who ran it. A password is typed at a prompt,
or set by its owner with the link that is printed; it never stands in the list of processes.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import click
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.cli.company import find_company, stamp_for
from app.kit import clock
from app.kit.database.session import work
from app.kit.email_address import normalise_email
from app.kit.errors import CrmError, NotFound
from app.kit.security import auth_functions
from app.kit.security.addresses import public_url
from app.kit.security.passwords import check_strength, hash_password
from app.kit.security.reset import VALID_FOR

_company = click.option("--company", "slug", required=True, help="Its short name.")
_ask = click.option("--ask", is_flag=True, help="Type the password here instead of a link.")
_first = click.option("--first", default="", help="First name of somebody new.")
_last = click.option("--last", default="", help="Last name of somebody new.")


@click.group()
def people() -> None:
    """Let people into a company, give them roles and ways to sign in."""


@click.group()
def company() -> None:
    """Make companies."""


@people.command()
@click.argument("email")
@_company
@click.option("--role", default="administrator", show_default=True, help="Template or name.")
@_first
@_last
@_ask
def add(email: str, slug: str, role: str, first: str, last: str, ask: bool) -> None:  # noqa: FBT001 -- click's
    """Give EMAIL a place in the company, or open it again, with a role in all stores."""
    with _at(slug, "add") as session:
        address = normalise_email(email)
        member, is_new = _admitted(session, address, role, first, last)
        click.echo(f"{address} is {role} of {slug}.")
        if is_new or ask:
            _way_in(session, address, member, ask=ask)


@people.command("role")
@click.argument("email")
@_company
@click.option("--role", required=True, help="The key of a template, or the name of a role.")
def give(email: str, slug: str, role: str) -> None:
    """Give EMAIL, who has a place in the company, one more role."""
    from app.company.operations import companies  # noqa: PLC0415 -- needs every model

    with _at(slug, "role") as session:
        address = normalise_email(email)
        member = companies.member_by_email(session, address)
        if member is None:
            raise NotFound(f"{address} has no place in {slug}: add them with `people add`.")
        companies.open_place(session, member, companies.role_named(session, role))
        click.echo(f"{address} is {role} of {slug}.")


@people.command()
@click.argument("email")
@_company
@_ask
def password(email: str, slug: str, ask: bool) -> None:  # noqa: FBT001 -- click's
    """Print a link by which EMAIL sets a new password, or ask for it; every session ends then."""
    from app.company.operations import companies  # noqa: PLC0415 -- needs every model

    with _at(slug, "password") as session:
        address = normalise_email(email)
        member = companies.member_by_email(session, address)
        if member is None:
            raise NotFound(f"{address} has no place in {slug}.")
        _way_in(session, address, member, ask=ask)


@company.command()
@_company
@click.option("--owner", required=True, help="The email of whoever may do everything there.")
@click.option("--name", default="", help="What it is called; else the short name.")
@click.option("--currency", default="EUR", show_default=True)
@click.option("--country", default="DE", show_default=True)
@click.option("--zone", default="Europe/Berlin", show_default=True)
@click.option("--locale", default="en", show_default=True)
@_first
@_last
@_ask
def create(slug: str, owner: str, first: str, last: str, ask: bool, **values: str) -> None:  # noqa: FBT001 -- click's
    """Make a company with an owner: all that a new machine needs for the first sign-in."""
    from app.company.operations import companies  # noqa: PLC0415 -- needs every model

    if find_company(slug) is not None:
        message = f"There is a company “{slug}” already. Use `people add --role owner`."
        raise click.ClickException(message)
    with _said():
        address = normalise_email(owner)
        companies.check_new_company(slug, **values)
        stamp_for(slug, create=True, **values)
    with _at(slug, "create") as session:
        member, is_new = _admitted(session, address, "owner", first, last)
        click.echo(f"{address} is owner of {slug}.")
        if is_new or ask:
            _way_in(session, address, member, ask=ask)


def _admitted(session: Session, address: str, role: str, first: str, last: str) -> tuple[int, bool]:
    """Give the person a place with the role; return it, and whether they were nobody before."""
    from app.company.operations import companies  # noqa: PLC0415 -- needs every model

    chosen = companies.role_named(session, role)
    with auth_functions.through(session) as door:
        is_new = auth_functions.user_by_email(door, address) is None
    names = {"first": first or address.partition("@")[0], "last": last}
    user = companies.add_person(session, address, **names)
    member = companies.member_by_email(session, address) or companies.add_member(session, user)
    companies.open_place(session, member, chosen)
    return member, is_new


def _way_in(session: Session, address: str, member: int, *, ask: bool) -> None:
    """Set the password that is typed, or print a link that sets one, once."""
    typed = _typed(session, address) if ask else None
    token = auth_functions.new_token()
    with auth_functions.through(session) as door:
        until = clock.now() + VALID_FOR
        if auth_functions.begin_reset(door, address, auth_functions.hash_of(token), until) is None:
            raise NotFound(f"{address} is deactivated in this installation.")
        if typed is not None:
            auth_functions.reset_password(door, auth_functions.hash_of(token), hash_password(typed))
        auth_functions.note_access(door, member, "password set" if ask else "password link printed")
    if typed is not None:
        click.echo("The password is set.")
        return
    click.echo("With this link they set their password. It works once, for two hours:")
    click.echo(public_url("SignInView.reset", token=token))


def _typed(session: Session, address: str) -> str:
    from app.company.operations import companies  # noqa: PLC0415 -- needs every model

    chosen: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    check_strength(chosen, address, *companies.names_around(session, address))
    return chosen


@contextmanager
def _at(slug: str, command: str) -> Iterator[Session]:
    """Open work on the company, noted under whoever sits at the machine."""
    stamp = stamp_for(slug, hint="Make it with `company create`.")
    who = f"command line: {command} by {_login()}"[:64]
    with _said(), work(replace(stamp, request_id=who)) as it:
        yield it


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        return "?"


@contextmanager
def _said() -> Iterator[None]:
    """Say what the business or the database refuses, in a sentence."""
    from app.kit.screens.dberrors import as_refusal  # noqa: PLC0415 -- screens of every part

    try:
        yield
    except (CrmError, SQLAlchemyError) as error:
        refused = as_refusal(error)
        if refused is None:
            raise
        raise click.ClickException(str(refused.message)) from error

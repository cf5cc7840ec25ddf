"""Signing in for programs that act for a person: FAB's addresses and answers, our checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from flask_appbuilder.security.api import SecurityApi
from flask_appbuilder.views import expose
from flask_babel import gettext as _
from flask_jwt_extended import (
    create_access_token,
    create_refresh_token,
    get_jwt,
    get_jwt_identity,
    jwt_required,
)

from app.kit.errors import CrmError
from app.kit.rest.payload import json_body
from app.kit.rest.query_parameters import BadRequest
from app.kit.rights import words_of
from app.kit.screens.boundary import answer
from app.kit.security import auth_functions, authentication
from app.kit.security.readers import resolve


def _text(body: Mapping[str, Any], name: str) -> str:
    """Return a text of the body. Raises BadRequest."""
    found = body.get(name)
    if not isinstance(found, str):
        raise BadRequest(_("Send a text."), field=name)
    return found


def _signed_in(body: Mapping[str, Any]) -> dict[str, str]:
    """Sign somebody in; return the tokens. Raises BadRequest, and what `attempt` raises."""
    company = None if body.get("company") is None else _text(body, "company")
    stays = body.get("refresh") is True
    made = authentication.sign_in_program(
        _text(body, "username"), _text(body, "password"), company=company, stays=stays
    )
    user, claims = str(made.user_id), {"sid": made.session_id}
    tokens = {"access_token": create_access_token(user, fresh=True, additional_claims=claims)}
    if stays:
        tokens["refresh_token"] = create_refresh_token(user, additional_claims=claims)
    return tokens


class SignInApi(SecurityApi):  # type: ignore[misc]  # Flask-AppBuilder is untyped
    """Tokens stand for a session in the database: ending it ends them at once."""

    # Without a cookie there is nothing to forge; `csrf.TOKENS` names both addresses.
    csrf_exempt = True
    class_permission_name = "SignInApi"
    base_permissions: list[str] = []

    # Not FAB's @safe, here and below: it makes 500 of a body that is too large or cannot be read.
    @expose("/login", methods=["POST"])
    def login(self) -> Response:
        """Give an access token and, if asked, a refresh token.

        ---
        post:
          summary: Sign in with email and password
          requestBody:
            required: true
            content:
              application/json:
                schema:
                  type: object
                  required: [username, password]
                  properties:
                    username: {type: string}
                    password: {type: string}
                    provider: {type: string, enum: [db]}
                    refresh: {type: boolean}
                    company:
                      type: string
                      description: >
                        The short name of the company to work in. Needed by whoever works for
                        several; the refusal of a sign-in without it names them.
          responses:
            200:
              description: Signed in
              content:
                application/json:
                  schema:
                    type: object
                    properties:
                      access_token: {type: string}
                      refresh_token: {type: string}
            400:
              $ref: '#/components/responses/400'
            401:
              $ref: '#/components/responses/401'
            403:
              $ref: '#/components/responses/403'
            413:
              $ref: '#/components/responses/413'
            415:
              $ref: '#/components/responses/415'
            422:
              $ref: '#/components/responses/422'
        """
        try:
            return self.response(200, **_signed_in(json_body()))
        except CrmError as refused:
            return answer(refused.status, words_of(refused), refused.field)

    @expose("/refresh", methods=["POST"])
    @jwt_required(refresh=True)
    def refresh(self) -> Response:
        """Give a new access token.

        ---
        post:
          summary: Exchange a refresh token for a new access token
          responses:
            200:
              description: A new access token
              content:
                application/json:
                  schema:
                    type: object
                    properties:
                      access_token: {type: string}
            401:
              $ref: '#/components/responses/401'
          security:
            - jwt_refresh: []
        """
        claims: dict[str, Any] = get_jwt()
        with auth_functions.opened() as door:
            alive = resolve(door, session_id=claims.get("sid"))
        if alive is None or not alive.opens:
            return self.response_401()
        token = create_access_token(
            get_jwt_identity(), fresh=False, additional_claims={"sid": alive.session_id}
        )
        return self.response(200, access_token=token)

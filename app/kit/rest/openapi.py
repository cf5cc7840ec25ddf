"""`/api/v1/_openapi`: all resources in one description."""

from typing import Any

from flask import current_app, jsonify
from flask_appbuilder.baseviews import BaseView, expose

from app.kit.access import reader
from app.kit.rest.describe import PROBLEM, describe, schemas
from app.kit.rest.describe_actions import describe_doing, describe_sourced
from app.kit.rest.headers import HEADERS
from app.kit.rest.resource_registry import resources


class OpenApiView(BaseView):  # type: ignore[misc]  # Flask-AppBuilder is untyped
    """The description, for everybody who is signed in: it holds no data."""

    route_base = "/api/v1"
    class_permission_name = "OpenApi"
    default_view = "describe"

    @expose("/_openapi")
    def describe(self) -> Any:
        reader()
        paths: dict[str, Any] = {}
        cookie = current_app.config["SESSION_COOKIE_NAME"]
        components: dict[str, Any] = {"Problem": PROBLEM}
        for _name, resource in sorted(resources().items()):
            paths |= describe(resource) | describe_doing(resource) | describe_sourced(resource)
            components |= schemas(resource)
        return jsonify(
            {
                "openapi": "3.0.3",
                "info": {"title": current_app.config.get("APP_NAME", "Tresen"), "version": "v1"},
                "servers": [{"url": current_app.config["CRM"].public_url}],
                "paths": paths,
                "components": {
                    "schemas": components,
                    "headers": HEADERS,
                    "securitySchemes": {
                        "jwt": {"type": "http", "scheme": "bearer"},
                        "cookie": {"type": "apiKey", "in": "cookie", "name": cookie},
                    },
                },
            }
        )


SCREENS = [OpenApiView]

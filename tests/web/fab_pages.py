"""Prints Flask-AppBuilder's own pages as JSON. A process of its own: its tables must not meet those of the product."""

import json
import sys
import warnings

warnings.simplefilter("ignore")

from flask import Flask  # noqa: E402
from flask_appbuilder import AppBuilder  # noqa: E402
from flask_appbuilder.models.sqla.base import SQLA  # noqa: E402

from app.web import init_app  # noqa: E402

PATHS = [
    "/",
    "/users/list/",
    "/users/show/1",
    "/users/edit/1",
    "/users/add",
    "/users/userinfo/",
    "/roles/list/",
]
PATHS += ["/roles/show/1", "/resetmypassword/form", "/userinfoeditview/form"]


def main(database: str) -> None:
    app = Flask("fab", template_folder=None, static_folder=None)
    app.config.update(
        SECRET_KEY="x", SQLALCHEMY_DATABASE_URI=f"sqlite:///{database}", WTF_CSRF_ENABLED=False
    )
    app.config.update(AUTH_TYPE=1, TESTING=True, FAB_ROLES={"Admin": [[".*", ".*"]]})
    pages = {}
    with app.app_context():
        init_app(app)
        db = SQLA(app)
        builder = AppBuilder(app, db.session)
        admin = builder.sm.find_role("Admin")
        builder.sm.add_user(
            "katrin", "Katrin", "Petersen", "katrin@petersen.example", admin, "geheim12345"
        )
        client = app.test_client()
        pages["/login/"] = [200, client.get("/login/").text]
        client.post("/login/", data={"username": "katrin", "password": "geheim12345"})
        for path in PATHS:
            answer = client.get(path)
            pages[path] = [answer.status_code, answer.text]
        wrong = {"first_name": "", "last_name": "P", "username": "katrin", "email": "no"}
        pages["refused"] = [200, client.post("/users/edit/1", data=wrong).text]
    json.dump(pages, sys.stdout)


main(sys.argv[1])

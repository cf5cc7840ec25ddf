"""A little application of nothing but app.web, showing each template with values that strain it."""

# ruff: noqa: FBT001, FBT002, FBT003 - sample values stand in the order of the dataclass
# ruff: noqa: C901 - the routes are one list

from flask import Flask, abort, jsonify, redirect, render_template, request
from flask_babel import Babel
from flask_wtf import CSRFProtect
from markupsafe import escape

from app.kit import clock
from app.kit.i18n import compile_catalogues
from app.kit.screens import pages as p
from app.web import init_app
from config import LANGUAGES, ROOT
from tests.web.samples.common import NOW, shell
from tests.web.samples.groups import groups_page
from tests.web.samples.lists import COLUMNS, list_page
from tests.web.samples.records import form_page, history_page, show_page
from tests.web.samples.wide import dashboard_page
from tests.web.samples.work import (
    campaign_page,
    progress_page,
    rights_page,
    search_page,
    segment_page,
    sign_in_page,
)

PAGES = {
    "list": lambda: ("list.html", list_page(12)),
    "list-long": lambda: ("list.html", list_page(50)),
    "list-empty": lambda: (
        "list.html",
        list_page(
            0,
            views=[],
            chips=[],
            count_text="none yet",
            pager=p.Pager(),
            filters=[],
            searchable=False,
            view=None,
            totals={},
            empty=p.Empty(
                "Everyone who buys from you, in one place",
                "A client appears here by buying in the web shop.",
                "users",
                [
                    p.Action("Import from a file", "/form", "upload"),
                    p.Action("Add one by hand", "/form"),
                ],
            ),
        ),
    ),
    "list-wrong": lambda: (
        "list.html",
        list_page(
            0,
            chips=[p.Chip("Region is", "“Hambrug” – no such region", "?", tone="bad")],
            error="One filter could not be read, so nothing is shown.",
        ),
    ),
    "list-bare": lambda: (
        "list.html",
        p.ListPage(
            title="Jobs",
            columns=COLUMNS[:2],
            rows=[p.Row("1", [p.Cell("send"), p.Cell("done", tone="green")])],
            searchable=False,
        ),
    ),
    "show": lambda: ("show.html", show_page()),
    "form": lambda: ("form.html", form_page()),
    "form-new": lambda: ("form.html", form_page(errors=False)),
    "form-groups": lambda: ("form.html", groups_page()),
    "form-groups-wrong": lambda: ("form.html", groups_page(errors=True)),
    "dashboard": lambda: ("dashboard.html", dashboard_page()),
    "rights": lambda: ("rights.html", rights_page()),
    "rights-user": lambda: ("rights.html", rights_page(readonly=True)),
    "campaign": lambda: ("campaign.html", campaign_page("sms")),
    "campaign-email": lambda: ("campaign.html", campaign_page("email")),
    "progress": lambda: ("campaign_running.html", progress_page()),
    "segment": lambda: ("segment.html", *segment_page()),
    "search": lambda: ("search.html", search_page()),
    "search-empty": lambda: ("search.html", p.SearchPage(title="Search: xyz", query="xyz")),
    "signin": lambda: ("signin.html", sign_in_page()),
    "invite": lambda: (
        "invite.html",
        sign_in_page(
            title="Welcome to Angelhaus Petersen", submit_label="Set the password", error=""
        ),
    ),
    "reset": lambda: (
        "reset.html",
        sign_in_page(
            done="If this address is known, a link is on its way.",
            error="",
            back=p.Link("Back to signing in", "/signin"),
        ),
    ),
}


ERRORS = ("403", "404", "409", "413", "429", "500")


def create_demo(time: bool = True) -> Flask:
    if time:
        clock.set_clock(lambda: NOW)
    compile_catalogues()
    app = Flask("demo", template_folder=None, static_folder=None)
    app.config.update(
        LANGUAGES=LANGUAGES,
        BABEL_TRANSLATION_DIRECTORIES=str(ROOT / "translations"),
        SECRET_KEY="demo",
        WTF_CSRF_CHECK_DEFAULT=False,
        TEMPLATES_AUTO_RELOAD=True,
    )
    Babel(
        app,
        locale_selector=lambda: request.args.get("lang", "en"),
        timezone_selector=lambda: "Europe/Berlin",
    )
    CSRFProtect(app)
    init_app(app, shell=shell)
    app.config["RECEIVED"] = []

    @app.get("/<name>")
    def page(name: str) -> str:
        if name not in PAGES:
            abort(404)
        template, value, *more = PAGES[name]()
        return render_template(f"tresen/{template}", page=value, **(more[0] if more else {}))

    @app.get("/error/<code>")
    def error(code: str) -> str:
        return render_template(
            f"tresen/{code}.html",
            missing="Refund a payment" if code == "403" else "",
            who=["Katrin Petersen"],
            reference="a1b2c3",
        )

    @app.get("/lookup")
    def lookup() -> object:
        ids = request.args.getlist("id")
        names = {"7": "Nordfisch Großhandel", "8": "Shimano Deutschland", "9": "Daiwa"}
        word = request.args.get("q", "").lower()
        return jsonify(
            results=[
                {"id": k, "text": v}
                for k, v in names.items()
                if (k in ids if ids else word in v.lower())
            ]
        )

    @app.get("/fragment/list")
    def fragment_list() -> str:
        return render_template(
            "tresen/fragment/list.html",
            page=list_page(3, views=[], filters=[], view=None, bulk_url="/bulk2", chips=[]),
        )

    @app.get("/fragment/small")
    def fragment_small() -> str:
        return render_template(
            "tresen/fragment/list.html",
            page=p.ListPage(title="Returns", columns=COLUMNS[:2], rows=[], searchable=False),
        )

    @app.get("/fragment/history")
    def fragment_history() -> str:
        return render_template(
            "tresen/fragment/history.html", page=history_page("older" not in request.args)
        )

    @app.get("/led-elsewhere")
    def led_elsewhere() -> object:
        return redirect("/signin")

    polls = iter(range(2700, 10_000, 100))

    @app.get("/polled")
    def polled() -> str:
        return render_template("tresen/campaign_running.html", page=progress_page(2614, True))

    @app.get("/poll")
    def poll() -> str:
        return render_template(
            "tresen/fragment/progress.html", page=progress_page(next(polls), True)
        )

    @app.post("/preview")
    def preview() -> str:
        return str(escape(request.form["text"].replace("{first_name}", "Jörg")))

    @app.post("/count")
    def count() -> object:
        app.config["RECEIVED"].append(("count", request.json))
        conditions = [one for parts in request.json.values() for one in parts]
        if any(one.get("value") in (None, "") for one in conditions):
            return jsonify(detail="Condition 1 lacks its value."), 422
        return jsonify(count=1234 - len(conditions), sample=[])

    @app.post("/<path:where>")
    def received(where: str) -> str:
        app.config["RECEIVED"].append((where, request.form.to_dict(flat=False)))
        return "<p>received</p>"

    app.register_error_handler(404, lambda e: (render_template("tresen/404.html"), 404))
    return app


if __name__ == "__main__":
    create_demo().run(port=5055)

"""Eight threads on one process: nobody sees another's filter (FAB issue 2366: 94 of 100 did)."""

import re
from concurrent.futures import ThreadPoolExecutor

from app.catalogue.models import Brand
from tests.screens.bench import EVERYTHING, at_work, reader_with, signed_in


def test_no_thread_sees_the_filter_of_another(app):
    with at_work() as session:
        session.add_all([Brand(name=f"B{i}") for i in range(8)])

    def look(number: int) -> set[str]:
        wrong, client = set(), app.test_client()
        with signed_in(reader_with(set(EVERYTHING), user_id=100 + number)):
            for _ in range(12):
                html = client.get(f"/bench-brands/list/?f.name.is=B{number}").text
                shown = set(re.findall(r">(B\d)</a>", html)) | set(re.findall(r"“(B\d)”", html))
                wrong |= shown ^ {f"B{number}"}
                rows = client.get(
                    "/api/v1/bench-brands/",
                    query_string={"q": f"(filters:!((col:name,opr:eq,value:B{number})))"},
                ).json["result"]
                wrong |= {row["name"] for row in rows} ^ {f"B{number}"}
        return wrong

    with ThreadPoolExecutor(8) as threads:
        assert [wrong for wrong in threads.map(look, range(8)) if wrong] == []
        # FAB's own filters, which anything of it may still use, belong to the request too.
        screen = app.extensions["crm_screens"]["BenchBrands"]

        def own(_number: int) -> int:
            with app.test_request_context():
                return id(screen._filters)

        with app.test_request_context():
            assert screen._filters is screen._filters
            assert id(screen._filters) != threads.submit(own, 1).result()

from tests.screens import bench
from tests.screens.bench import page, signed_in, reader_with
from app.catalogue.models import Brand

ALL = {(p, v) for p in ("read", "write", "delete", "export", "rename") for v in ("BenchBrand", "BenchProduct", "BenchVariant", "BenchClient")}
ALL |= {("read", g) for g in ("costs", "prices", "contacts", "salaries", "money")}


def test_smoke(app, client):
    with bench.at_work() as session:
        session.add(Brand(name="Shimano"))
        session.add(Brand(name="Daiwa"))
    with signed_in(reader_with(ALL)):
        print(page(client, "/bench-brands/list/")[:200])
        for url in ("/bench-brands/add", "/bench-brands/show/1", "/bench-brands/edit/1", "/bench-brands/history/1",
                    "/bench-products/list/", "/bench-products/add", "/bench-variants/list/", "/bench-variants/add", "/bench-clients/list/", "/bench-clients/add",
                    "/bench-brands/export", "/bench-products/lookup/brand?q=shi"):
            page(client, url)

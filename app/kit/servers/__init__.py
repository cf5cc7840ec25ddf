"""The product's own PostgreSQL 18 and Valkey, for as long as somebody uses them.

    with servers.running(config) as urls:        # urls.database, urls.owner, urls.redis
        config = config.with_urls(urls)

Where DATABASE_URL or REDIS_URL is set, that one is used and nothing embedded starts for it.
Otherwise the servers of this checkout (data in `instance/`) are joined if they run, else started.
Any number of processes may use them at once: the last one that leaves stops them, and when it did
not leave but died, their keeper does. `urls.check()` starts again what died meanwhile; the
addresses stay the same.

For tests:

    with servers.test_server(directory) as server:   # TestServer
        server.superuser_url          # libpq URL of the administrator, database "postgres"
        server.redis_url              # Valkey; `server.redis(n)` is its database n of 16
        server.create_database("t1")  # or ("t1", template="t0"), with the roles of production
        server.url("t1", "crm_web")   # SQLAlchemy URL for crm_web, crm_migrate or postgres
        server.drop_database("t1")

It keeps nothing and is as fast as unsafe settings make it. Concurrent runs on one directory share
it; the last one stops it and deletes its data.
"""

from app.kit.servers.directories import ServerError
from app.kit.servers.embedded import TestServer, Urls, running, test_server

__all__ = ["ServerError", "TestServer", "Urls", "running", "test_server"]

"""A process that uses the servers: prints their addresses, obeys lines of its input, leaves at the end of it."""

import json
import sys

import config as configuration
from app.kit import servers

if __name__ == "__main__":
    try:
        with servers.running(configuration.load()) as urls:
            print(
                json.dumps({"database": urls.database, "owner": urls.owner, "redis": urls.redis}),
                flush=True,
            )
            for line in sys.stdin:
                if line.strip() == "check":
                    urls.check()
                    print("checked", flush=True)
    except servers.ServerError as error:
        sys.exit(str(error))

"""`python -m app.serve`: the whole product on this machine, behind one address.

`make run` ends up here.
"""

import argparse
import contextlib
import errno
import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import config as configuration
from app.kit import servers
from app.kit.database.prepared import fingerprint, is_prepared
from app.kit.supervisor import Program, Supervisor, die_with_parent
from config import Config

# Whoever starts it waits for the pages: on two cores six more programs would treble that time.
# They wait for that, but not for ever.
LATER = 20.0
# Else the C library keeps freed memory apart for each thread, up to eight times the cores.
ARENAS = {"MALLOC_ARENA_MAX": "2"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Start servers and programs and keep them running until told to end."""
    parser = argparse.ArgumentParser(prog="python -m app.serve")
    parser.add_argument("--with-parent", action="store_true", help="end when the parent ends")
    parser.add_argument("--prepare", action="store_true", help="only bring the database up to date")
    options = parser.parse_args(arguments)
    config = configuration.load()
    # Told to end while still preparing, we leave in good order too; later the supervisor listens.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if options.with_parent:
        die_with_parent()
    try:
        (prepare if options.prepare else run)(config)
    except servers.ServerError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def run(config: Config) -> None:
    """Run the product. Raises ServerError, and SystemExit where the port is taken."""
    with (
        contextlib.closing(listen(config.host, config.port)) as listener,
        servers.running(config) as urls,
    ):
        served = config.with_urls(urls)
        owner = configuration.plain_url(served.database_owner_url or "")
        if not is_prepared(owner, fingerprint(served)):
            _prepare_apart(served)
        watch = _Watch(served, urls.check)
        supervisor = Supervisor(
            programs=programs(served, listener),
            environment={**ARENAS, **served.environment()},
            check=watch,
            ready=lambda: watch.announced,
        )
        supervisor.run()


def prepare(config: Config) -> None:
    """Bring the database up to date: migrations, rules, permissions, the demo once."""
    from app.deploy import prepare as deploy  # noqa: PLC0415 - loads the whole application

    with servers.running(config) as urls:
        deploy(config.with_urls(urls))


def _prepare_apart(config: Config) -> None:
    # In a process of its own: the supervisor stays small and has no threads.
    done = subprocess.run(
        [sys.executable, "-m", "app.serve", "--prepare"], env=config.environment(), check=False
    )
    if done.returncode:
        sys.exit("The database could not be brought up to date: see above.")


def programs(config: Config, listener: socket.socket) -> list[Program]:
    """Give what makes up the product: web, one worker for each queue, the tick."""
    from app.kit.jobs.queues import QUEUES  # noqa: PLC0415

    python = sys.executable
    workers = [
        Program(f"worker {queue}", [python, "-m", "app.kit.jobs.worker", queue], delay=LATER)
        for queue in QUEUES
    ]
    return [
        Program("web", _gunicorn(config, listener), [listener.fileno()]),
        *workers,
        Program("tick", [python, "-m", "app.kit.jobs.tick"], delay=LATER),
    ]


def _gunicorn(config: Config, listener: socket.socket) -> list[str]:
    shared_memory = Path("/dev/shm")  # noqa: S108 - gunicorn makes its files there safely
    # The socket is the supervisor's: callers wait, rather than being refused, while web starts
    # again.
    return [
        *(sys.executable, "-m", "gunicorn", "run:app", "--bind", f"fd://{listener.fileno()}"),
        *("--worker-class", "gthread", "--workers", str(config.web_processes)),
        *("--threads", str(config.web_threads), "--timeout", "60", "--graceful-timeout", "20"),
        *("--keep-alive", "5", "--log-level", "warning", "--no-control-socket"),
        # Loaded once, before the processes part: they share what does not change.
        "--preload",
        *(("--worker-tmp-dir", str(shared_memory)) if os.access(shared_memory, os.W_OK) else ()),
    ]


def listen(host: str, port: int) -> socket.socket:
    """Take the port, before anything is started.

    Exits with a sentence that names it when it is taken.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        sys.exit(f"HOST names no address of this machine: {host} ({error.strerror}).")
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(512)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            sys.exit(
                f"Port {port} on {host} is already in use. "
                f"Free it, or choose another: PORT={port + 10} make run"
            )
        sys.exit(f"Port {port} on {host} cannot be used: {error.strerror}.")
    return listener


class _Watch:
    """What the supervisor asks for twice a second.

    The servers live, and who waits is told when web answers.
    """

    def __init__(self, config: Config, check_servers: Callable[[], None]) -> None:
        self._config = config
        self._check_servers = check_servers
        self.announced = False

    def __call__(self) -> None:
        self._check_servers()
        if not self.announced and _is_healthy(self._config):
            self.announced = True
            print(announcement(self._config), flush=True)


def _is_healthy(config: Config) -> bool:
    wildcards = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked, not bound
    host = wildcards.get(config.host, config.host)
    connection = http.client.HTTPConnection(host, config.port, timeout=2)
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    return False


def announcement(config: Config) -> str:
    """Say where the product is and, except in production, who can sign in."""
    lines = ["", f"Tresen runs at {config.public_url}"]
    if not config.production:
        people = [f"{name}@demo.example" for name in configuration.DEMO_PEOPLE]
        lines += ["", "Demo sign-ins:", *(f"  {person}" for person in people)]
        lines += [f"Password: {config.demo_password}"]
    return "\n".join([*lines, "", "Ctrl-C ends it.", ""])


if __name__ == "__main__":
    main()

"""`python run.py` is the development server; `run:app` is what gunicorn loads."""

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    app: Flask


def __getattr__(name: str) -> object:
    """Make the application when a web server asks for it: importing this file stays cheap."""
    if name != "app":
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from app import create_app  # noqa: PLC0415
    from app.kit import logs  # noqa: PLC0415
    from app.kit.database.session import engine  # noqa: PLC0415

    made = globals()["app"] = create_app()
    logs.speak(made.config["CRM"].log_level)
    # The web server's processes part after this: none may have a connection of another.
    engine().dispose()
    # What the application consists of is never garbage: requests do not search it again, and
    # what is not searched stays shared.
    gc.collect()
    gc.freeze()
    return made


def main() -> None:
    """Serve with reloading and a debugger; jobs wait for `make run`."""
    from werkzeug.serving import is_running_from_reloader  # noqa: PLC0415

    import config as configuration  # noqa: PLC0415
    from app import create_app, serve  # noqa: PLC0415
    from app.kit import logs, servers  # noqa: PLC0415

    config = configuration.load()
    logs.speak(config.log_level)
    if not is_running_from_reloader():
        serve.listen(config.host, config.port).close()
        serve.prepare(config)
    with servers.running(config) as urls:
        config = config.with_urls(urls)
        if not is_running_from_reloader():
            print(serve.announcement(config), flush=True)
        create_app(config).run(host=config.host, port=config.port, debug=not config.production)


if __name__ == "__main__":
    main()

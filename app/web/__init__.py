"""The look: layout, templates, static files and the headers every answer carries.

`init_app(app, shell=…)` puts our templates before Flask-AppBuilder's, serves the static files under
addresses that carry a hash of their content, and sets the Content-Security-Policy. `shell` is
called once for each request that renders a page and returns what stands around it (see
`app.kit.screens.pages.Shell`), or None when nobody is signed in.
"""

from app.web.setup import csp_nonce, init_app

__all__ = ["csp_nonce", "init_app"]

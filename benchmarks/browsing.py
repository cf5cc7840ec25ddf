"""A browser as far as the benchmarks need one: cookies, forms, one connection kept open."""

from __future__ import annotations

import http.client
import re
import time
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

_TOKENS = re.compile(r'name="(csrf_token|csrfmiddlewaretoken)"[^>]*value="([^"]+)"')


class Browser:
    """Keeps cookies and a connection to one address."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.host = urlsplit(address).netloc
        self.cookies: dict[str, str] = {}
        self.connection = http.client.HTTPConnection(self.host, timeout=60)

    def get(self, path: str) -> str:
        """Return the page at `path`. Raises for all but 200: benchmarks measure no errors."""
        status, body, onward = self._ask("GET", path)
        if status != 200:
            message = f"{path} answered {status} {onward}: {body[:300]}"
            raise RuntimeError(message)
        return body

    def send(self, path: str, fields: dict[str, str]) -> str:
        """Fill in the form at `path` and give where it leads. Raises where it is refused."""
        found = _TOKENS.search(self.get(path))
        if found is None:
            message = f"There is no form with a token at {path}."
            raise RuntimeError(message)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Referer": self.address + path,
        }
        body = urlencode({**fields, found[1]: found[2]})
        status, text, onward = self._ask("POST", path, body, headers)
        if status not in (302, 303):
            message = f"{path} did not take the form: {status} {text[:300]}"
            raise RuntimeError(message)
        return onward

    def time(self, path: str, times: int) -> float:
        """Milliseconds per request for `path`, asked `times` times in a row."""
        began = time.perf_counter()
        for _turn in range(times):
            self.get(path)
        return (time.perf_counter() - began) * 1000 / times

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def _ask(
        self, method: str, path: str, body: str | None = None, more: dict[str, str] | None = None
    ) -> tuple[int, str, str]:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Accept": "text/html", **(more or {}), **({"Cookie": cookie} if cookie else {})}
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # The server closes a connection that was idle for some seconds.
            self.connection.close()
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
        text = answer.read().decode()
        for line in answer.headers.get_all("Set-Cookie") or ():
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        return answer.status, text, answer.headers.get("Location", "")


def signed_in(address: str, path: str, fields: dict[str, str], workers: int = 2) -> Browser:
    """Sign in, and wake every process of the server by a few connections of their own."""
    browser = Browser(address)
    browser.send(path, fields)
    for _turn in range(4 * workers):
        other = Browser(address)
        other.cookies = dict(browser.cookies)
        other.get("/clients/list/" if path == "/login/" else "/admin/bench/client/")
        other.close()
    return browser

"""The small page of signing in, and the shell around every other page."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.kit.screens.pages.common import Link, Note, Text, WtField
from app.kit.screens.pages.forms import Field


@dataclass(frozen=True, slots=True)
class SignInChoice:
    """A button that sends `value`: a company to work in."""

    value: str
    label: Text
    tag: Text = ""


@dataclass(frozen=True, kw_only=True)
class SignInPage:
    """tresen/signin.html, invite.html, reset.html: a small form on an empty page."""

    title: Text
    text: Text = ""
    fields: Sequence[Field] = ()
    hidden: Sequence[WtField] = ()
    error: Text = ""
    """"This email and password do not belong together. You can try 3 more times."."""
    done: Text = ""
    """A sentence in place of the form: "If this address is known, a link is on its way."."""
    action_url: str = ""
    submit_label: Text = ""
    choices: Sequence[SignInChoice] = ()
    """In place of the one button: a list of buttons, sent as `choice`."""
    forgot_url: str = ""
    back: Link | None = None
    company: Text = ""


@dataclass(frozen=True, slots=True)
class MenuItem:
    """An entry of the side menu. `count` is what waits there."""

    label: Text
    url: str
    icon: str = ""
    count: Text | int | None = None
    current: bool = False


@dataclass(frozen=True, slots=True)
class MenuArea:
    """A group of the side menu; the first one usually has no label."""

    label: Text
    items: Sequence[MenuItem]


@dataclass(frozen=True, slots=True)
class Language:
    code: str
    name: str
    url: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class StoreChoice:
    """An entry of the store switcher: posts `store` (empty: all stores) to Shell.store_url."""

    name: Text
    value: str = ""
    current: bool = False


@dataclass(frozen=True, kw_only=True)
class Shell:
    """Top bar and side menu.

    Made once per request by the function given to `app.web.init_app(app, shell=…)`, which returns
    None for a reader who is not signed in. Links with an empty URL are left out.
    """

    company: str
    areas: Sequence[MenuArea]
    user_name: str
    user_text: Text = ""
    """Under the name: the role."""
    initials: str = ""
    """Of the company; made from its name when empty."""
    user_initials: str = ""
    home_url: str = "/"
    search_url: str = ""
    stores: Sequence[StoreChoice] = ()
    store_url: str = ""
    quick_add: Sequence[Link] = ()
    notifications_url: str = ""
    unread: int = 0
    profile: Sequence[Link] = ()
    """Links of the profile menu: own settings, password, sessions."""
    sign_out_url: str = ""
    """Signing out is a POST."""
    languages: Sequence[Language] = ()
    language_url: str = ""
    """POST with `language`; when empty, each language's own URL is a link."""
    brand_css_url: str = ""
    """The style sheet with the company's four brand values."""
    banner: Note | None = None
    """Above every page: "You see this as Jonas Weiß"."""

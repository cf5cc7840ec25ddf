"""What the columns of this domain may hold."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp

from app.kit.choices import Choice


class StoreKind(Choice):
    """What sort of place a store is."""

    SHOP = "shop", _l("Shop"), "blue"
    SALON = "salon", _l("Salon"), "green"
    WAREHOUSE = "warehouse", _l("Warehouse"), "grey"
    WEB_SHOP = "web_shop", _l("Web shop"), "amber"


class ClientsSeen(Choice):
    """Which clients those see who are bound to stores."""

    ALL = "all", _l("All stores see all clients"), "green"
    OWN = "own", _l("A store sees its own clients"), "blue"


class Locale(Choice):
    """The languages of the interface."""

    EN = "en", "English"
    DE = "de", "Deutsch"
    PT_BR = "pt_BR", "Português (Brasil)"
    UK = "uk", "Українська"
    RU = "ru", "Русский"


class InvitationState(Choice):
    """What became of an invitation; computed, never stored."""

    OPEN = "open", _l("Waiting"), "blue"
    ACCEPTED = "accepted", _l("Accepted"), "green"
    REVOKED = "revoked", _lp("invitation", "Withdrawn"), "grey"
    EXPIRED = "expired", _l("Expired"), "amber"

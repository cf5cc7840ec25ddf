"""Choices of clients."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _lp

from app.kit.choices import Choice


class ClientKind(Choice):
    PERSON = "person", _lp("kind of client", "Person"), "blue"
    LEGAL_ENTITY = "legal_entity", _l("Legal entity"), "purple"


class Stage(Choice):
    LEAD = "lead", _l("Lead"), "grey"
    FIRST_ORDER = "first_order", _l("First order"), "cyan"
    ACTIVE = "active", _l("Active"), "green"
    LAPSING = "lapsing", _l("Lapsing"), "yellow"
    LOST = "lost", _l("Lost"), "red"
    RETURNED = "returned", _lp("stage of a client", "Returned"), "blue"


class ClientSource(Choice):
    MANUAL = "manual", _l("Added by hand"), "grey"
    COUNTER = "counter", _l("At the counter"), "green"
    SHOP = "shop", _l("Web shop"), "blue"
    BOOKING = "booking", _l("Booking"), "purple"
    PHONE = "phone", _l("By phone"), "cyan"
    IMPORT = "import", _l("Import"), "orange"
    API = "api", _l("API"), "blue"
    DEMO = "demo", _l("Demo data"), "grey"


class SeenBecause(Choice):
    """Why a client is one of a store's."""

    REGISTERED = "registered", _l("Registered there"), "blue"
    HOME = "home", _l("Home store"), "purple"
    BOUGHT = "bought", _l("Bought there"), "green"
    BOOKED = "booked", _l("Booked there"), "cyan"


class ServedBecause(Choice):
    """Why a client is one of an employee's."""

    ASSIGNED = "assigned", _l("Looks after the client"), "blue"
    SERVED = "served", _l("Served the client"), "green"


class ContactChannel(Choice):
    """What a contact point is."""

    PHONE = "phone", _l("Phone"), "green"
    EMAIL = "email", _l("Email"), "blue"
    MESSENGER = "messenger", _l("Messenger"), "purple"


class Channel(Choice):
    """By what a client is written to; consent is asked for each."""

    EMAIL = "email", _l("Email"), "blue"
    SMS = "sms", _l("SMS"), "green"
    WHATSAPP = "whatsapp", _l("WhatsApp"), "cyan"
    CALL = "call", _l("Call"), "orange"
    POST = "post", _l("Letter"), "grey"


# The kind of contact point that each channel writes to; a letter goes to the address.
REACHED_BY = {
    Channel.EMAIL: ContactChannel.EMAIL,
    Channel.SMS: ContactChannel.PHONE,
    Channel.WHATSAPP: ContactChannel.PHONE,
    Channel.CALL: ContactChannel.PHONE,
}


class Purpose(Choice):
    """What a client allows us to write for. An order's own messages need no consent."""

    MARKETING = "marketing", _l("Advertising"), "orange"
    REVIEW = "review", _l("Asking for a review"), "cyan"
    REMINDER = "reminder", _l("Reminders"), "blue"
    PROFILING = "profiling", _l("Personal offers from purchases"), "purple"


class ConsentAction(Choice):
    GRANT = "grant", _l("Granted"), "green"
    WITHDRAW = "withdraw", _l("Withdrawn"), "red"


class ConsentSource(Choice):
    FORM = "form", _l("Form on the site"), "blue"
    COUNTER = "counter", _l("At the counter"), "green"
    PHONE = "phone", _l("By phone"), "cyan"
    LINK = "link", _l("Link in a message"), "orange"
    REPLY = "reply", _l("Reply to a message"), "orange"
    PROVIDER = "provider", _l("Reported by the provider"), "grey"
    IMPORT = "import", _l("Import"), "grey"
    DEMO = "demo", _l("Demo data"), "grey"


class SegmentKind(Choice):
    SAVED = "saved", _l("Saved conditions"), "blue"
    FIXED = "fixed", _l("Fixed list"), "grey"

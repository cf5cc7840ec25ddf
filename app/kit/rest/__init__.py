"""REST resources: `/api/v1/<plural>`, generated from a screen (`api = True`) or declared.

    class OrderResource(Resource):
        screen = OrderScreen     # fields, rights, filters, lines and operations are the screen's
        fields = ("number", "client", "store", "total")   # default: what lists and records show
        writable = ("client", "store", "note")            # default: what the form may set
        idempotent = True                                 # POST insists on Idempotency-Key

        def create(self, session, values, *, by, at):
            # values: {"client": 5, "lines": [{"variant": 3, "quantity": 2}]}
            order = draft_order(…)
            place_order(session, order, by=by, at=at)
            return order

A screen whose resource is declared this way says no `api = True`. Relations are ids; beside each
stands its name (`client_name`). Money and other decimals are strings ("12.50"). A record carries
`version`: PUT, PATCH and DELETE send it back (in the body, or as If-Match), a stale one is answered
by 409 with the present record. DELETE archives. PUT and PATCH change what is sent; where a field
holds an object (an address, own fields, texts), PUT takes it whole and PATCH merges it, null taking
a member away (RFC 7396).

The lines that a form edits come with the record, under the relation's name. POST makes them. PUT
and PATCH take the whole list: a line with its `id` is changed, one without is added, one that is
left out is removed; without the list the lines stay. The screen's operation says what may still be
changed.

What the screen does with records, the API does (actions.py): POST /<id>/<action> for each action
and each of `page_actions`, with what it asks and, if one likes, the version; POST /<id>/restore;
POST /bulk/<action> with ids, or filters and a search, answered with a run to be read at
GET /bulk/<id>.

Where records may come from other programs (app/kit/database/source.py), they are read and made by
the key that they have there: GET and PUT /by/<source>/<key> (upsert.py). `moved_in` names what
only somebody with the right `move_in` may set of a new record.

Whatever changes something takes an `Idempotency-Key` and keeps its answer under it, a refusal too
(once.py); a POST of a resource that is `idempotent` insists on one.

Lists: `?q=` takes FAB's rison or JSON: filters [{col, opr, value}], order_column, order_direction,
page_size, columns, next. The answer has `next` while there is more, and the `page_size` in force.
Beside `q` there are `expand` (expanding.py), codes such as `sku` (codes.py) and `changed_since`
(changes.py); other parameters are refused. Refusals are problems: app/kit/problems.py.
"""

from app.kit.rest.declaration import MOVE_IN
from app.kit.rest.openapi import OpenApiView
from app.kit.rest.resource import Resource, resource_for

__all__ = ["MOVE_IN", "OpenApiView", "Resource", "resource_for"]

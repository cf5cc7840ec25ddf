"""The admin's lists and forms, with the columns of ours.

Every index of the product begins with the company, so that Django asks for one company too: without
it none of them would be of use, and the reference would look worse than it is.
"""

from django.contrib import admin

from bench.models import Client, ClientFigures, ContactPoint, Order, Store

COMPANY = 1


def money(amount):
    return "" if amount is None else f"{amount / 10_000:,.2f}"


class OfCompany(admin.ModelAdmin):
    list_per_page = 50
    # show_full_result_count stays as Django has it: on.

    def get_queryset(self, request):
        return super().get_queryset(request).filter(company_id=COMPANY)


class ContactPoints(admin.TabularInline):
    model = ContactPoint
    fields = ("channel", "value", "label", "primary", "valid")
    extra = 0


class Figures(admin.StackedInline):
    model = ClientFigures
    fields = readonly_fields = (
        "orders_count",
        "total",
        "mean",
        "first_order_at",
        "last_order_at",
        "returns_count",
        "returned",
    )

    def total(self, figures):
        return money(figures.orders_sum)

    def mean(self, figures):
        return money(figures.average)

    def returned(self, figures):
        return money(figures.returns_sum)


@admin.register(Client)
class ClientAdmin(OfCompany):
    list_display = (
        "name",
        "number",
        "stage",
        "country",
        "orders_count",
        "orders_sum",
        "average",
        "last_order_at",
        "registered_at",
    )
    list_select_related = ("figures",)
    ordering = ("name_fold", "id")
    # LIKE '%digits%' on one column, for which there is a trigram index: the fastest that the
    # admin's search can be. With icontains, or with the name beside it, no index would help.
    search_fields = ("contact_points__search_key__contains",)
    raw_id_fields = ("store",)
    exclude = ("company_id",)
    inlines = (ContactPoints, Figures)

    def orders_count(self, client):
        return client.figures.orders_count

    def orders_sum(self, client):
        return money(client.figures.orders_sum)

    def average(self, client):
        return money(client.figures.average)

    def last_order_at(self, client):
        return client.figures.last_order_at


@admin.register(Order)
class OrderAdmin(OfCompany):
    list_display = (
        "number",
        "placed_at",
        "client",
        "store",
        "channel",
        "status",
        "payment_state",
        "sum",
        "promised_at",
    )
    list_select_related = ("client", "store")
    ordering = ("-total", "-id")

    def sum(self, order):
        return f"{money(order.total)} {order.currency}"


admin.site.register(Store)

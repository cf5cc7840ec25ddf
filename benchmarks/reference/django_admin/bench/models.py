"""The product's tables as Django sees them; it neither makes nor changes them."""

from django.db import models

STAGES = [
    ("lead", "Lead"),
    ("first_order", "First order"),
    ("active", "Active"),
    ("lapsing", "Lapsing"),
    ("lost", "Lost"),
]


class Store(models.Model):
    company_id = models.BigIntegerField()
    number = models.TextField()
    name = models.TextField()

    class Meta:
        managed = False
        db_table = "store"

    def __str__(self):
        return self.name


class Client(models.Model):
    company_id = models.BigIntegerField()
    number = models.TextField(null=True, blank=True)
    kind = models.TextField()
    name = models.TextField()
    name_fold = models.TextField(editable=False)
    salutation = models.TextField(null=True, blank=True)
    first_name = models.TextField(null=True, blank=True)
    last_name = models.TextField(null=True, blank=True)
    tax_number = models.TextField(null=True, blank=True)
    country = models.CharField(max_length=2, null=True, blank=True)
    region = models.TextField(null=True, blank=True)
    city = models.TextField(null=True, blank=True)
    postcode = models.TextField(null=True, blank=True)
    address = models.TextField(null=True, blank=True)
    locale = models.TextField(null=True, blank=True)
    time_zone = models.TextField(null=True, blank=True)
    birthday = models.DateField(null=True, blank=True)
    source = models.TextField()
    registered_at = models.DateTimeField()
    preferred_channel = models.TextField(null=True, blank=True)
    stage = models.TextField(choices=STAGES)
    store = models.ForeignKey(Store, models.DO_NOTHING, null=True, blank=True)
    note = models.TextField(null=True, blank=True)
    made_up = models.BooleanField()
    custom = models.JSONField(blank=True)

    class Meta:
        managed = False
        db_table = "client"

    def __str__(self):
        return self.name


class ClientFigures(models.Model):
    company_id = models.BigIntegerField()
    client = models.OneToOneField(Client, models.DO_NOTHING, related_name="figures")
    orders_count = models.IntegerField()
    orders_sum = models.BigIntegerField()
    average = models.BigIntegerField(null=True)
    first_order_at = models.DateTimeField(null=True)
    last_order_at = models.DateTimeField(null=True)
    returns_count = models.IntegerField()
    returns_sum = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "client_figures"


class ContactPoint(models.Model):
    company_id = models.BigIntegerField()
    client = models.ForeignKey(Client, models.DO_NOTHING, related_name="contact_points")
    channel = models.TextField()
    value = models.TextField()
    label = models.TextField(null=True, blank=True)
    primary = models.BooleanField()
    valid = models.BooleanField()
    search_key = models.TextField(editable=False)

    class Meta:
        managed = False
        db_table = "contact_point"

    def __str__(self):
        return self.value


class Order(models.Model):
    company_id = models.BigIntegerField()
    number = models.TextField(null=True)
    client = models.ForeignKey(Client, models.DO_NOTHING, null=True)
    store = models.ForeignKey(Store, models.DO_NOTHING)
    channel = models.TextField()
    status = models.TextField()
    payment_state = models.TextField()
    total = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    placed_at = models.DateTimeField(null=True)
    promised_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "orders"

    def __str__(self):
        return self.number or "Draft"

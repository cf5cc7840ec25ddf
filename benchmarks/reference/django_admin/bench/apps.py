"""The application's name."""

from django.apps import AppConfig


class Bench(AppConfig):
    name = "bench"

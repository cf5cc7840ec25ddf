"""Makes Django's own tables and a superuser `bench` with password `bench`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402 -- only after setup
from django.core.management import call_command  # noqa: E402

call_command("migrate", verbosity=0)
if not User.objects.filter(username="bench").exists():
    User.objects.create_superuser("bench", "bench@example.com", "bench")

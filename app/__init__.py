"""Tresen, a back-office CRM."""

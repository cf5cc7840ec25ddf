"""Figures: daily facts kept up by events, the dashboard and the reports that read them."""

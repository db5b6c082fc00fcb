"""Dashboards and alerts, made from the description of the metrics."""

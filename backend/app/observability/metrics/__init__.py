"""Figures for Prometheus: described once, kept by wrappers around ports, shown at `/metrics`."""

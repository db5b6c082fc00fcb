"""Conflict strategies, one per file; the plugin table gives them their names."""

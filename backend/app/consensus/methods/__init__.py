"""Consensus methods, one rule per file; the plugin table gives them their names."""

"""Decisions while everything is killed, and a checker that keeps books of its own."""

"""Decisions that were accepted and are made by whichever process finds the time: nothing lost, nothing twice."""

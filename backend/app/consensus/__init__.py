"""The consensus engine: votes and settings in, one decision out. Pure: no clock, no chance, no I/O.

Votes come independent and sealed rather than out of a debate, which does not make panels better (arXiv 2508.17536,
2502.08788, 2509.05396).
"""

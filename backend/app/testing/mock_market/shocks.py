"""Chance, made from names: the same seed and names give the same numbers on every run."""

from hashlib import blake2b
from math import sqrt

import numpy as np

from app.domain.market import Column


def chance(seed: int, *names: str) -> np.random.Generator:
    """Return the generator that belongs to a seed and names."""
    told = blake2b("\0".join(names).encode(), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, int.from_bytes(told)])))


def shared_normals(seed: int, market: str, symbol: str, count: int, correlation: float) -> Column:
    """Return standard normal shocks of a symbol, correlated with those of every other symbol of the same market."""
    common = chance(seed, market, "market").standard_normal(count)
    own = chance(seed, market, symbol, "own").standard_normal(count)
    together: Column = sqrt(correlation) * common + sqrt(1 - correlation) * own
    return together


def fat_tailed(normals: Column, degrees: float, random: np.random.Generator) -> Column:
    """Turn standard normals into Student t of unit variance (Gosset 1908: a normal over the root of a chi-square)."""
    halves = random.standard_gamma(degrees / 2, len(normals))
    return normals * np.sqrt((degrees / 2 - 1) / halves)

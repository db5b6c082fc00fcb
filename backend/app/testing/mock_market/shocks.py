"""Chance, made from names: the same seed and names give the same numbers on every run."""

from hashlib import blake2b
from math import sqrt

import numpy as np

from app.domain.market import Column


def chance(seed: int, *names: str) -> np.random.Generator:
    """Return the generator that belongs to a seed and names."""
    told = blake2b("\0".join(names).encode(), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, int.from_bytes(told)])))


def shared_normals(common: Column, own: np.random.Generator, correlation: float) -> Column:
    """Return standard normal shocks that correlate with everybody else's who shares the common ones."""
    shocks: Column = sqrt(correlation) * common + sqrt(1 - correlation) * own.standard_normal(len(common))
    return shocks


def surprises(count: int, degrees: float, random: np.random.Generator) -> Column:
    """Return how much livelier than expected each bar is, with a mean square of 1.

    A normal times this is Student t of unit variance (Gosset 1908: a normal over the root of a chi-square); shared by
    all symbols it makes their shocks a multivariate t, whose extremes come together.
    """
    halves = random.standard_gamma(degrees / 2, count)
    found: Column = np.sqrt((degrees / 2 - 1) / halves)
    return found

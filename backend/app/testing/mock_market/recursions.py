"""Linear recursions of the first order over whole columns, exact and without a loop over bars.

x[t + 1] = a[t] * x[t] + b[t] is an affine map of x[t], and affine maps compose. So the column is cut into chunks of
fixed length: within them the maps are composed for all chunks at once, then each chunk is entered where the one before
it ended. The chunk length is fixed, so a longer column begins with the same bits as a shorter one.
"""

import numpy as np

from app.domain.market import Column

CHUNK = 128


def affine(factor: Column, term: Column, start: float) -> Column:
    """Return x, float64[n], where x[0] = `start` and x[t + 1] = factor[t] * x[t] + term[t].

    Args:
        factor, term: float64[n]; the last of each leads out of the column and is not used.
    """
    count = len(factor)
    chunks = -(-count // CHUNK)
    slope, offset = _composed(_by_place(factor, chunks, 1.0), _by_place(term, chunks, 0.0))
    entries = _entries(slope[CHUNK], offset[CHUNK], start)
    column: Column = (slope[:CHUNK] * entries + offset[:CHUNK]).T.reshape(-1)[:count]
    return column


def _by_place(column: Column, chunks: int, filler: float) -> Column:
    """Return the column as float64[CHUNK, chunks]: a row holds one place of every chunk."""
    padded = np.full(chunks * CHUNK, filler)
    padded[: len(column)] = column
    return np.ascontiguousarray(padded.reshape(chunks, CHUNK).T)


def _composed(factor: Column, term: Column) -> tuple[Column, Column]:
    """Return slope and offset of the map from the entry of a chunk to each of its places, and out of it."""
    slope, offset = np.empty((CHUNK + 1, factor.shape[1])), np.empty((CHUNK + 1, factor.shape[1]))
    slope[0], offset[0] = 1.0, 0.0
    for place in range(CHUNK):
        np.multiply(factor[place], slope[place], out=slope[place + 1])
        np.multiply(factor[place], offset[place], out=offset[place + 1])
        offset[place + 1] += term[place]
    return slope, offset


def _entries(slope: Column, offset: Column, start: float) -> Column:
    """Return with which value each chunk is entered."""
    values = [start]
    for factor, term in zip(slope[:-1].tolist(), offset[:-1].tolist(), strict=True):
        values.append(factor * values[-1] + term)
    return np.array(values)

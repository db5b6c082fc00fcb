"""The name of a request: equal requests have equal keys, on any machine, at any time."""

import hashlib

from app.domain.completions import ModelRequest


def canonical_request(request: ModelRequest) -> bytes:
    """Return the request as sorted JSON: everything that can change the answer, and no key or header."""
    return request.written


def key_of(canonical: bytes) -> str:
    """Return the SHA-256 of a canonical request, in hex."""
    return hashlib.sha256(canonical).hexdigest()

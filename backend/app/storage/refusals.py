"""What the record refuses, in the same words wherever it is kept."""

from typing import Final

ID_TAKEN: Final = "A decision of that id is stored already; give each decision its own id."
JOB_ENDED: Final = "The job has ended already: another process decided it, or it was cancelled."
KEY_TAKEN: Final = "Another request with this Idempotency-Key came first; ask for its answer."
STILL_RUNNING: Final = "The first request with this Idempotency-Key is still running; ask again shortly."

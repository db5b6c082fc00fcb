"""Every metric of Conclave: what is kept, shown on dashboards and watched by alerts is made from this page."""

from typing import Final

from app.domain.errors import ProviderError
from app.domain.tool_calls import CACHED, DENIED, ERROR, INVALID_ARGS, SUCCESS, TIMEOUT
from app.domain.votes import BUY, HOLD, NO_DECISION, SELL, STRONG_BUY, STRONG_SELL
from app.observability.metrics.specs import Counter, Gauge, Histogram, Label, Metric

HTTP_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
MODEL_S: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0)
"""A decision may take 30 s unless it says otherwise: that deadline is an edge."""
STREAM_S: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
TOOL_S: Final = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.0)
SHARES: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

OK: Final = "ok"
DEADLINE, FAILED, INVALID_OPINION = "deadline", "failed", "invalid_opinion"
NOT_SENT: Final = frozenset(
    {
        "circuit_open",
        "budget_spent",
        "retries_spent",
        "not_recorded",
        "unsupported",
        "invalid_vote",
        "tool_limit",
    }
)
"""Failures of a vote by a model that no request to it can have."""
FEED_QUEUE: Final = "feed"
"""The queue of what is published to whoever listens, rather than kept for a consumer."""

METHOD, ROUTE = Label("method"), Label("route")
STATUS_CLASS = Label("status_class", ("2xx", "3xx", "4xx", "5xx"))
ACTION = Label("action", (STRONG_BUY, BUY, HOLD, SELL, STRONG_SELL, NO_DECISION))
OUTCOME = Label("outcome", (OK, "degraded", "vetoed", "no_quorum"))
STRATEGY = Label("strategy")
AGENT = Label("agent")
FAILURE = Label("reason", (DEADLINE, FAILED, INVALID_OPINION, *sorted(ProviderError.KINDS)))
TOOL = Label("tool")
TOOL_STATUS = Label("status", (SUCCESS, CACHED, ERROR, TIMEOUT, INVALID_ARGS, DENIED))
PROVIDER, MODEL = Label("provider"), Label("model")
MODEL_OUTCOME = Label("outcome", (OK, FAILED, *sorted(ProviderError.KINDS - NOT_SENT)))
DIRECTION = Label("direction", ("input", "output"))
RETRY = Label("reason", tuple(sorted(ProviderError.TRANSIENT)))
STATE = Label("state", ("closed", "open", "half_open"))
QUEUE = Label("queue")
TRANSPORT = Label("transport", ("websocket",))
EVICTION = Label("reason", ("backlog", "stalled", "catching_up"))
REFUSAL = Label("reason", ("host", "origin", "key"))
SCOPE = Label("scope", ("requests", "feed", "provider"))
SOURCE = Label("source", ("news",))
RECOVERED = Label("kind", ("request", "job"))
CONNECTIONS = Label("state", ("idle", "in_use"))
VERSIONS = (Label("version"), Label("python"), Label("engine"))

HTTP_REQUESTS = Counter("conclave_http_requests_total", "HTTP requests.", (METHOD, ROUTE, STATUS_CLASS))
HTTP_DURATION = Histogram(
    "conclave_http_request_duration_seconds",
    "From the headers of a request to the end of its answer; one that nobody waited for counts as 4xx.",
    (METHOD, ROUTE, STATUS_CLASS),
    HTTP_S,
)

DECISIONS = Counter("conclave_decisions_total", "Decisions that were stored.", (ACTION, OUTCOME))
CONFIDENCE = Histogram("conclave_decision_confidence_ratio", "Confidence of stored decisions.", (ACTION,), SHARES)
DISAGREEMENT = Histogram(
    "conclave_decision_disagreement_ratio", "Share of the counted votes against the decision.", (ACTION,), SHARES
)
CONSENSUS_DURATION = Histogram(
    "conclave_consensus_duration_seconds", "From the question to the panel to the record.", (STRATEGY,), MODEL_S
)
COMMIT_DURATION = Histogram(
    "conclave_store_commit_duration_seconds", "How long a decision took to become durable.", (), HTTP_S
)

AGENT_DURATION = Histogram("conclave_agent_duration_seconds", "From question to vote.", (AGENT,), MODEL_S)
AGENT_FAILURES = Counter(
    "conclave_agent_failures_total", "Agents that gave no vote of their own, by what failed.", (AGENT, FAILURE)
)
TOOL_CALLS = Counter("conclave_tool_calls_total", "Tools used by agents.", (TOOL, TOOL_STATUS))
TOOL_DURATION = Histogram("conclave_tool_duration_seconds", "How long tools took.", (TOOL,), TOOL_S)

LLM_REQUESTS = Counter(
    "conclave_llm_requests_total", "Requests sent to models, retries included.", (PROVIDER, MODEL, MODEL_OUTCOME)
)
LLM_DURATION = Histogram(
    "conclave_llm_request_duration_seconds", "How long models took.", (PROVIDER, MODEL, MODEL_OUTCOME), MODEL_S
)
LLM_TOKENS = Counter("conclave_llm_tokens_total", "Tokens as vendors count them.", (PROVIDER, MODEL, DIRECTION))
LLM_COST = Counter(
    "conclave_llm_cost_dollars_total", "What models cost; a price that is not known adds nothing.", (PROVIDER, MODEL)
)
LLM_RETRIES = Counter("conclave_llm_retries_total", "Requests sent again, by what had failed.", (PROVIDER, RETRY))
CIRCUIT_STATE = Gauge(
    "conclave_circuit_state",
    "1 for the state that a provider's breaker is in.",
    (PROVIDER, STATE),
    "livemax",
)

OUTBOX_PENDING = Gauge("conclave_outbox_pending_events", "Stored events not yet handed over.", (QUEUE,), "livemax")
OUTBOX_AGE = Gauge(
    "conclave_outbox_oldest_age_seconds", "Age of the oldest event not yet handed over.", (QUEUE,), "livemax"
)
BUS_PUBLISHED = Counter("conclave_bus_published_total", "Messages that the transport took.", (QUEUE,))
BUS_CONFIRM = Histogram(
    "conclave_bus_confirm_duration_seconds", "How long the transport took to take messages.", (QUEUE,), HTTP_S
)
BUS_REDELIVERED = Counter("conclave_bus_redelivered_total", "Messages that came again.", (QUEUE,))
INBOX_DUPLICATES = Counter("conclave_inbox_duplicates_total", "Messages whose effect was there already.", (QUEUE,))
DEAD_LETTERS = Counter("conclave_dead_letters_total", "Messages that a consumer gave up.", (QUEUE,))
RECONCILED = Counter("conclave_reconciler_recovered_total", "What was left undone and taken up again.", (RECOVERED,))
DATABASE_CONNECTIONS = Gauge(
    "conclave_database_connections", "Connections to the database server; none where it is embedded.", (CONNECTIONS,)
)

STREAM_CLIENTS = Gauge("conclave_stream_clients", "Clients of the feed.", (TRANSPORT,))
STREAM_EVICTIONS = Counter("conclave_stream_evictions_total", "Clients cut off for not reading.", (TRANSPORT, EVICTION))
STREAM_DELAY = Histogram(
    "conclave_stream_delivery_delay_seconds",
    "From an event's arrival at the feed until a client's socket took it; of each client, one message in sixteen.",
    (TRANSPORT,),
    STREAM_S,
)

AUTH_FAILURES = Counter("conclave_auth_failures_total", "Callers turned away.", (REFUSAL,))
RATE_LIMITED = Counter("conclave_rate_limited_total", "What was put off because too much was asked at once.", (SCOPE,))
INJECTION_FLAGS = Counter(
    "conclave_injection_flags_total", "Decisions on texts that look made to mislead a model.", (SOURCE,)
)
AUDIT_VALID = Gauge(
    "conclave_audit_chain_valid", "0 when the last look found a chain of the record broken, else 1.", (), "livemin"
)
AUDIT_LOOKED = Gauge(
    "conclave_audit_last_look_timestamp_seconds",
    "When the chains were last verified, in seconds since 1970; 0 when they were not.",
    (),
    "livemax",
)
BUILD_INFO = Gauge("conclave_build_info", "Always 1; what runs.", VERSIONS, "livemax")

CATALOGUE: Final[tuple[Metric, ...]] = tuple(each for each in tuple(globals().values()) if isinstance(each, Metric))

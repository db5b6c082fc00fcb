"""The four dashboards."""

from typing import Final

from app.observability.metrics import catalogue as m
from app.observability.metrics.specs import Histogram
from scripts.dashboards import processes
from scripts.dashboards.panels import DECISIONS_BEHIND, Dashboard, Link, Panel
from scripts.dashboards.queries import Query

Q = Query()
QUANTILES: Final = (0.5, 0.95, 0.99)
AGENTS_BEHIND: Final = Link("How each agent did", "${conclave}/api/v1/agents/performance")
TOOLS_BEHIND: Final = Link("How each tool did", "${conclave}/api/v1/tools/performance")
STATUS_BEHIND: Final = Link("How each part is doing", "${conclave}/api/v1/agents/status")
OF_PEOPLE: Final = {"route": "/api/.*|/docs.*|none"}


def _quantiles(metric: Histogram) -> tuple[tuple[str, str], ...]:
    return tuple((f"p{share * 100:g}", Q.quantile(share, metric)) for share in QUANTILES)


DECISIONS = Dashboard(
    "decisions",
    "decisions",
    "What is decided, how sure, how fast, and how often with less than everybody.",
    (
        Panel(
            "Decisions a minute",
            "Stored decisions.",
            (("", f"60 * {Q.rate(m.DECISIONS)}"),),
            kind="stat",
            width=6,
            link=DECISIONS_BEHIND,
        ),
        Panel(
            "Degraded or without quorum",
            "Share of decisions that somebody was missing from, or that too few could make.",
            (("", Q.share(m.DECISIONS, {"outcome": "degraded|no_quorum"})),),
            unit="percentunit",
            kind="stat",
            bad_from=0.2,
            width=6,
            link=DECISIONS_BEHIND,
        ),
        Panel(
            "Vetoed",
            "Share of decisions that the risk veto turned into HOLD.",
            (("", Q.share(m.DECISIONS, {"outcome": "vetoed"})),),
            unit="percentunit",
            kind="stat",
            width=6,
            link=DECISIONS_BEHIND,
        ),
        Panel(
            "Slowest in a hundred",
            "What 99 of 100 decisions did not exceed.",
            (("", Q.quantile(0.99, m.CONSENSUS_DURATION)),),
            unit="s",
            kind="stat",
            bad_from=30,
            width=6,
            link=DECISIONS_BEHIND,
        ),
        Panel(
            "Decisions by action",
            "Per second; HOLD is an opinion, NO_DECISION means that too few could vote.",
            (("{{action}}", Q.rate(m.DECISIONS, ("action",))),),
            link=DECISIONS_BEHIND,
        ),
        Panel(
            "Decisions by outcome",
            "Per second.",
            (("{{outcome}}", Q.rate(m.DECISIONS, ("outcome",))),),
            link=DECISIONS_BEHIND,
        ),
        Panel(
            "Confidence",
            "Mean confidence by action, and the median of all.",
            (("{{action}}", Q.mean(m.CONFIDENCE, ("action",))), ("median of all", Q.quantile(0.5, m.CONFIDENCE))),
            unit="percentunit",
            link=DECISIONS_BEHIND,
        ),
        Panel(
            "Disagreement among agents",
            "Mean share of the counted votes against the decision, by action.",
            (("{{action}}", Q.mean(m.DISAGREEMENT, ("action",))), ("p95 of all", Q.quantile(0.95, m.DISAGREEMENT))),
            unit="percentunit",
            link=DECISIONS_BEHIND,
        ),
        Panel("How long a decision takes", "From question to record.", _quantiles(m.CONSENSUS_DURATION), unit="s"),
        Panel(
            "How long by strategy",
            "p95, by the strategy that would settle a conflict.",
            (("{{strategy}}", Q.quantile(0.95, m.CONSENSUS_DURATION, ("strategy",))),),
            unit="s",
        ),
        Panel(
            "Requests",
            "HTTP requests per second by status class.",
            (("{{status_class}}", Q.rate(m.HTTP_REQUESTS, ("status_class",))),),
            unit="reqps",
        ),
        Panel(
            "How long requests take",
            "p95 by route, without probes and scrapes.",
            (("{{method}} {{route}}", Q.quantile(0.95, m.HTTP_DURATION, ("method", "route"), OF_PEOPLE)),),
            unit="s",
        ),
    ),
)

MODELS = Dashboard(
    "models-and-agents",
    "models and agents",
    "Who votes, who fails, what tools and models take and what models cost.",
    (
        Panel(
            "Cost a decision",
            "Dollars to vendors per stored decision; a price that is not known adds nothing.",
            (("", Q.ratio(Q.rate(m.LLM_COST), Q.rate(m.DECISIONS))),),
            unit="currencyUSD",
            kind="stat",
            width=6,
        ),
        Panel(
            "Cost an hour",
            "Dollars to vendors.",
            (("", f"3600 * {Q.rate(m.LLM_COST)}"),),
            unit="currencyUSD",
            kind="stat",
            width=6,
        ),
        Panel(
            "Failed requests to models",
            "Share of requests that brought no usable answer.",
            (("", Q.ratio(Q.rate(m.LLM_REQUESTS, (), {"outcome": "!ok"}), Q.rate(m.LLM_REQUESTS))),),
            unit="percentunit",
            kind="stat",
            bad_from=0.1,
            width=6,
        ),
        Panel(
            "Breakers not closed",
            "Providers that are left alone or tried with single requests.",
            (("", Q.total(m.CIRCUIT_STATE, (), {"state": "open|half_open"})),),
            kind="stat",
            bad_from=1,
            width=6,
            link=STATUS_BEHIND,
        ),
        Panel(
            "How long agents take",
            "p95 from question to vote.",
            (("{{agent}}", Q.quantile(0.95, m.AGENT_DURATION, ("agent",))),),
            unit="s",
            link=AGENTS_BEHIND,
        ),
        Panel(
            "Agents without a vote of their own",
            "Per second; a vote by rule in place of a model counts too.",
            (("{{agent}} {{reason}}", Q.rate(m.AGENT_FAILURES, ("agent", "reason"))),),
            link=DECISIONS_BEHIND,
        ),
        Panel(
            "Tools",
            "Calls per second by how they ended; cached ones were shared.",
            (("{{status}}", Q.rate(m.TOOL_CALLS, ("status",))),),
            link=TOOLS_BEHIND,
        ),
        Panel(
            "How long tools take",
            "p95.",
            (("{{tool}}", Q.quantile(0.95, m.TOOL_DURATION, ("tool",))),),
            unit="s",
            link=TOOLS_BEHIND,
        ),
        Panel(
            "Requests to models",
            "Per second by outcome, retries included.",
            (("{{provider}} {{outcome}}", Q.rate(m.LLM_REQUESTS, ("provider", "outcome"))),),
            unit="reqps",
        ),
        Panel(
            "How long models take",
            "p95 of a request.",
            (("{{provider}} {{model}}", Q.quantile(0.95, m.LLM_DURATION, ("provider", "model"))),),
            unit="s",
        ),
        Panel(
            "Tokens",
            "Per second, by model and direction.",
            (("{{model}} {{direction}}", Q.rate(m.LLM_TOKENS, ("model", "direction"))),),
        ),
        Panel(
            "Retries",
            "Per second, by what failed.",
            (("{{provider}} {{reason}}", Q.rate(m.LLM_RETRIES, ("provider", "reason"))),),
        ),
        Panel(
            "Breakers",
            "1 for the state that a provider's breaker is in.",
            (("{{provider}} {{state}}", Q.most(m.CIRCUIT_STATE, ("provider", "state"))),),
            link=STATUS_BEHIND,
        ),
    ),
)

PIPELINE = Dashboard(
    "pipeline-health",
    "pipeline health",
    "What lies between the record and those who act on it, and how the processes are.",
    (
        Panel(
            "Waiting in the outbox",
            "Stored events that nobody was given yet.",
            (("{{queue}}", Q.most(m.OUTBOX_PENDING, ("queue",))),),
            kind="stat",
            width=6,
        ),
        Panel(
            "Oldest in the outbox",
            "Its age.",
            (("{{queue}}", Q.most(m.OUTBOX_AGE, ("queue",))),),
            unit="s",
            kind="stat",
            bad_from=30,
            width=6,
        ),
        Panel(
            "Dead letters in an hour",
            "Messages that consumers gave up.",
            (("{{queue}}", Q.over("1h").increase(m.DEAD_LETTERS, ("queue",))),),
            kind="stat",
            bad_from=1,
            width=6,
        ),
        Panel(
            "Processes that answer",
            "Targets that Prometheus could read.",
            (("", Query('job="conclave"').total(processes.TARGET_UP)),),
            kind="stat",
            width=6,
            link=STATUS_BEHIND,
        ),
        Panel("Published", "Messages per second.", (("{{queue}}", Q.rate(m.BUS_PUBLISHED, ("queue",))),)),
        Panel(
            "How long the transport takes to confirm",
            "p95 by queue.",
            (("{{queue}}", Q.quantile(0.95, m.BUS_CONFIRM, ("queue",))),),
            unit="s",
        ),
        Panel(
            "Again and given up",
            "Per second: delivered again, known already, dead.",
            (
                ("redelivered {{queue}}", Q.rate(m.BUS_REDELIVERED, ("queue",))),
                ("duplicate {{queue}}", Q.rate(m.INBOX_DUPLICATES, ("queue",))),
                ("dead {{queue}}", Q.rate(m.DEAD_LETTERS, ("queue",))),
            ),
        ),
        Panel(
            "Taken up again",
            "What was left undone, per second.",
            (("{{kind}}", Q.rate(m.RECONCILED, ("kind",))),),
        ),
        Panel("How long storing takes", "Until a decision is durable.", _quantiles(m.COMMIT_DURATION), unit="s"),
        Panel(
            "Connections to the database",
            "None where it is embedded.",
            (("{{state}}", Q.total(m.DATABASE_CONNECTIONS, ("state",))),),
        ),
        Panel("Memory", "By process.", (("{{instance}}", Q.total(processes.MEMORY, ("instance",))),), unit="bytes"),
        Panel(
            "Processor",
            "Cores in use, by process.",
            (("{{instance}}", Q.rate(processes.CPU, ("instance",))),),
        ),
        Panel(
            "Open files and sockets",
            "Share of what is allowed, by process.",
            (
                (
                    "{{instance}}",
                    Q.ratio(Q.total(processes.FILES, ("instance",)), Q.total(processes.MOST_FILES, ("instance",))),
                ),
            ),
            unit="percentunit",
        ),
        Panel(
            "What runs",
            "Versions of Conclave and its engine, by number of processes.",
            (("{{version}}, engine {{engine}}", Q.total(m.BUILD_INFO, ("version", "engine"))),),
        ),
    ),
)

STREAM = Dashboard(
    "stream-and-audit",
    "stream and audit",
    "Who follows, who was turned away, and whether the record is whole.",
    (
        Panel(
            "The record is whole",
            "1 unless the last look found a broken chain.",
            (("", Q.least(m.AUDIT_VALID)),),
            kind="stat",
            width=6,
            link=DECISIONS_BEHIND,
        ),
        Panel(
            "Since the last look",
            "At all chains.",
            (("", Q.age(m.AUDIT_LOOKED)),),
            unit="s",
            kind="stat",
            bad_from=86_400,
            width=6,
        ),
        Panel("Clients of the feed", "Now.", (("", Q.total(m.STREAM_CLIENTS)),), kind="stat", width=6),
        Panel(
            "Server errors",
            "Share of requests answered with 5xx, probes aside.",
            (("", Q.share(m.HTTP_REQUESTS, {"status_class": "5xx"}, OF_PEOPLE)),),
            unit="percentunit",
            kind="stat",
            bad_from=0.001,
            width=6,
        ),
        Panel("Clients", "By transport.", (("{{transport}}", Q.total(m.STREAM_CLIENTS, ("transport",))),)),
        Panel(
            "Cut off for not reading",
            "Per second, by reason.",
            (("{{reason}}", Q.rate(m.STREAM_EVICTIONS, ("reason",))),),
        ),
        Panel("Delay of the feed", "From event to socket.", _quantiles(m.STREAM_DELAY), unit="s"),
        Panel("Turned away", "Callers per second, by reason.", (("{{reason}}", Q.rate(m.AUTH_FAILURES, ("reason",))),)),
        Panel("Put off", "Too much at once, per second.", (("{{scope}}", Q.rate(m.RATE_LIMITED, ("scope",))),)),
        Panel(
            "Texts made to mislead",
            "Decisions on suspicious texts, per second.",
            (("{{source}}", Q.rate(m.INJECTION_FLAGS, ("source",))),),
            link=DECISIONS_BEHIND,
        ),
    ),
)

BOARDS: Final = (DECISIONS, MODELS, PIPELINE, STREAM)

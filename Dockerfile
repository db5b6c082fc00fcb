# One image for every process of Conclave: `serve`, `worker`, `migrate` are words after it.
FROM python:3.11-slim-bookworm AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/conclave
# What changes seldom comes first, so that a change of the code does not fetch the libraries again.
COPY requirements.txt ./
RUN /opt/conclave/bin/pip install --requirement requirements.txt
COPY pyproject.toml README.md ./
COPY alembic ./alembic
COPY backend/app ./backend/app
RUN /opt/conclave/bin/pip install --no-deps .

FROM python:3.11-slim-bookworm

# A fixed number, so that whoever owns a mounted folder can be told in advance.
RUN groupadd --gid 10001 conclave \
    && useradd --uid 10001 --gid 10001 --home-dir /var/lib/conclave --create-home --shell /usr/sbin/nologin conclave
COPY --from=build /opt/conclave /opt/conclave
# Nothing but the record is written, and that only where POSTGRES_URL is not set: the root may be read-only.
ENV PATH=/opt/conclave/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CONCLAVE_HOME=/var/lib/conclave \
    CONCLAVE_LOG_FORMAT=json
USER 10001:10001
EXPOSE 8000
ENTRYPOINT ["conclave"]
CMD ["serve"]

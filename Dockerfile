# syntax=docker/dockerfile:1

# Build: the locked dependencies and the project itself, in one virtual environment.
FROM python:3.11-slim AS build
RUN pip install --no-cache-dir uv==0.13.9
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /app
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --frozen --no-dev --extra gcp --extra azure --no-install-project
COPY bot bot
COPY cli cli
COPY policies policies
COPY sandbox sandbox
COPY workers workers
RUN uv sync --frozen --no-dev --extra gcp --extra azure --no-editable && chmod -R go-w .venv

# Run: that environment, and a user who owns nothing but the home folder.
FROM python:3.11-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin prod-access \
 && install -d -o 10001 -g 10001 -m 0700 /var/lib/prod-access
COPY --from=build /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PROD_ACCESS_HOME=/var/lib/prod-access
USER 10001:10001
WORKDIR /var/lib/prod-access
VOLUME /var/lib/prod-access
# It speaks for the whole installation: policy, ledger, audit log, processes, Redis.
HEALTHCHECK --interval=5m --timeout=60s --start-period=1m CMD ["prod-access", "doctor", "--local"]
ENTRYPOINT ["prod-access"]
CMD ["--help"]

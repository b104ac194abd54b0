# One image for every connector and every stage; the command says which one it is.
FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements.lock pyproject.toml README.md LICENSE ./
COPY connectors connectors
COPY normalizer normalizer
COPY ops ops
COPY sinks sinks
COPY streams streams
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock \
 && /venv/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 switchboard && install -d -o switchboard /data
COPY --from=build /venv /venv
USER switchboard
ENV PATH=/venv/bin:$PATH SWITCHBOARD_CONFIG=/etc/switchboard/switchboard.toml
ENTRYPOINT ["switchboard"]
CMD ["--help"]

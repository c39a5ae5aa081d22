FROM rust:1.95-slim-bookworm AS core
# Built for Python's stable interface: no Python is needed here.
ENV PYO3_NO_PYTHON=1
WORKDIR /src
COPY hubstat/core ./
# An extension module takes the symbols of the Python that loads it.
RUN cargo build --release --locked

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements-runtime.lock ./
RUN python -m venv /opt/hubstat \
    && /opt/hubstat/bin/pip install --require-hashes -r requirements-runtime.lock
COPY requirements.lock pyproject.toml hatch_build.py README.md LICENSE ./
# The build backend comes from the lock too, into an environment that stays behind in this stage.
RUN awk '/^[a-z]/ { keep = /^(hatchling|packaging|pathspec|pluggy|trove-classifiers)==/ } keep' requirements.lock \
        > build.lock \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes -r build.lock
COPY hubstat hubstat
COPY ingest ingest
# Without Cargo in this stage, the build takes the library that lies there.
COPY --from=core /src/target/release/libhubstat_core.so hubstat/hubstat_core.abi3.so
COPY aggregations aggregations
COPY dashboard dashboard
COPY reports reports
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/hubstat/bin/pip install --no-deps --no-index /wheels/*.whl

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 hubstat \
    && useradd --uid 10001 --gid hubstat --no-create-home --home-dir /var/lib/hubstat --shell /usr/sbin/nologin hubstat \
    && install --directory --owner hubstat --group hubstat /var/lib/hubstat
COPY --from=build /opt/hubstat /opt/hubstat
ENV PATH=/opt/hubstat/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HUBSTAT_STATE_DIR=/var/lib/hubstat \
    HUBSTAT_DASHBOARD__PORT=8050
USER 10001:10001
WORKDIR /var/lib/hubstat
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s --retries=6 \
    CMD ["python", "-m", "hubstat.healthcheck", "dashboard"]
ENTRYPOINT ["hubstat"]
CMD ["dashboard"]

# Built from the checkout: docker build -t testmode .
FROM python:3.13-slim-trixie@sha256:9d2e5553305c7c7b0097999bb17187c69b921ccd6bc9d40e4bb5ebe652c00285 AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY pyproject.toml README.md LICENSE constraints.txt ./
COPY mockserver ./mockserver
COPY fixtures ./fixtures
RUN python -m venv /opt/testmode && /opt/testmode/bin/pip install -c constraints.txt ".[redis,openapi,tls]"

FROM python:3.13-slim-trixie@sha256:9d2e5553305c7c7b0097999bb17187c69b921ccd6bc9d40e4bb5ebe652c00285
LABEL org.opencontainers.image.title="testmode" \
      org.opencontainers.image.description="A local sandbox server: the test mode that real APIs do not give you." \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /opt/testmode /opt/testmode
RUN install -d -o 65532 -g 65532 -m 0700 /data
ENV PATH=/opt/testmode/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TESTMODE_HOST=0.0.0.0 \
    TESTMODE_PORT=8080 \
    TESTMODE_DATA=/data
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=2s --start-period=30s --start-interval=250ms --retries=3 CMD ["testmode", "healthcheck"]
ENTRYPOINT ["testmode"]
CMD ["serve"]

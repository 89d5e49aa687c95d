# The service in a container: source run by Node 24 as it is, production dependencies, nothing to build.
#
#   docker build -t dialog-health-fhir .
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges --stop-timeout 30 \
#     --env-file settings.env -v dialog-health-ledger:/data -p 8080:8080 dialog-health-fhir
#
# Writes to /data only. Ends in order on SIGTERM within 20 seconds, so it needs a stop timeout above that.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# The lock file names it, so npm wants to see it, though only development needs it.
COPY tools/node tools/node
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="dialog-health-fhir" \
      org.opencontainers.image.description="Writes Dialog Health SMS message results to an EHR as FHIR R4 Communications" \
      org.opencontainers.image.licenses="Apache-2.0"
# Mode 0700: the ledger holds message texts until they are delivered. SQLite may spill a large sort to a file, which
# must find a place although the root is read-only, and is as confidential as the ledger.
RUN install -d -o 1000 -g 1000 -m 0700 /data
ENV NODE_ENV=production \
    LEDGER_URL=sqlite:/data/ledger.db \
    SQLITE_TMPDIR=/data \
    HOST=0.0.0.0 \
    PORT=8080
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json LICENSE openapi.yaml ./
COPY config config
COPY fhir fhir
COPY mappings mappings
COPY src src
# The image's user `node`, by number: Kubernetes can tell only from a number that it is not root.
USER 1000:1000
VOLUME /data
EXPOSE 8080
# A configuration file that sets another port, or TLS, needs a --health-cmd of its own.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/livez`).then(({ok}) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Exec form: SIGTERM reaches the service itself, which starts no other process that PID 1 would have to look after.
ENTRYPOINT ["node", "/app/src/main.ts"]
CMD ["serve"]

# The standalone server, of an export: docker build -t evergreen-server .
#
#   docker run --read-only -p 8080:8080 -v "$PWD/exported:/models:ro" -v "$PWD/keys:/keys:ro" evergreen-server
#
# The second stage has Node, its C++ library and nothing else: no shell, no package manager, no compiler.

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /source
# GPU libraries would come from outside the registry.
ENV ONNXRUNTIME_NODE_INSTALL=skip
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY bin ./bin
COPY lib ./lib
COPY statemachines ./statemachines
RUN node bin/bundle-server.ts /app

FROM gcr.io/distroless/nodejs24-debian12:nonroot
ENV NODE_ENV=production
COPY --from=build /app /app
WORKDIR /app
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["/nodejs/bin/node", "-e", "fetch('http://127.0.0.1:8080/v2/health/ready').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# It lets requests in flight end; docker stop gives 10 s unless it is told otherwise, and draining takes up to 20.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/nodejs/bin/node", "/app/serve.mjs"]
CMD ["--models", "/models", "--host", "0.0.0.0", "--keys", "/keys/keys"]

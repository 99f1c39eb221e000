# syntax=docker/dockerfile:1
FROM node:24-slim

WORKDIR /srv/batchy
ENV NODE_ENV=production

# Dependencies first: they change more rarely than the sources. The image has its own Node, so npm's is left out.
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --omit=optional

COPY bin ./bin
COPY src ./src
COPY cfg ./cfg
# Writable for whatever user the container is told to run as (some platforms choose a random one), as /tmp is.
RUN mkdir -m 1777 data

USER node
ENV HOST=0.0.0.0 PORT=5000
VOLUME /srv/batchy/data
EXPOSE 5000

HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "--eval", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]

CMD ["node", "--disable-warning=ExperimentalWarning", "src/main.ts", "serve"]

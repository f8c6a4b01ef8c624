# MoM's images for compose.yaml: `web` (page, API, supervisor) and `image` (the same with torch, for the image model).

FROM node:22-slim AS page
WORKDIR /app/components/chat
COPY components/chat/package.json components/chat/package-lock.json ./
RUN npm ci --no-fund --no-audit
COPY components/chat ./
RUN npm run build

FROM python:3.11-slim AS web
ENV PATH=/app/docker/bin:/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    FLASK_APP=mom.app \
    MOM_DATA_DIR=/data
# llama.cpp's wheel is linked against OpenMP's library, which slim images leave out.
RUN apt-get update && apt-get install --yes --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
# The volumes of compose.yaml take their owner from these folders when they are made.
RUN useradd --uid 1000 --create-home mom && mkdir /app /data /secrets /llm_secrets && chown mom:mom /app /data /secrets /llm_secrets && python -m venv /venv
WORKDIR /app
COPY requirements requirements
RUN pip install --no-cache-dir --require-hashes -r requirements/base.lock
COPY --chown=mom pyproject.toml README.md LICENSE ./
COPY --chown=mom src src
COPY --chown=mom --from=page /app/src/mom/web/static/chat src/mom/web/static/chat
RUN pip install --no-cache-dir --no-deps --editable .
COPY docker docker
USER 1000
EXPOSE 8600
ENTRYPOINT ["docker/entrypoint.sh"]
CMD ["web"]

FROM web AS image
ARG TORCH=cpu
USER root
RUN python -m mom.serving.image_install "$TORCH" && rm -rf /root/.cache
USER 1000
EXPOSE 8080
CMD ["image"]

# Two images: `app` (web, worker, beat, setup: the same commands as ./start runs) and `pgbouncer`.
FROM python:3.11-slim AS app
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/cleanclaim
COPY requirements requirements
RUN pip install --no-cache-dir --require-hashes -r requirements/base.txt
COPY . .
RUN useradd --system --home-dir /srv/cleanclaim cleanclaim \
    && mkdir -p /data/run && chown -R cleanclaim /data \
    && SECRET_KEY=build-only STATIC_ROOT=/srv/cleanclaim/staticfiles python manage.py collectstatic --noinput
USER cleanclaim
ENV PYTHONUNBUFFERED=1 DJANGO_SETTINGS_MODULE=config.settings CLEANCLAIM_DATA=/data
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--worker-class", "gthread", \
     "--threads", "8", "--timeout", "60", "--graceful-timeout", "10", "--no-control-socket"]

FROM debian:bookworm-slim AS pgbouncer
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends pgbouncer \
    && rm -rf /var/lib/apt/lists/*
COPY stack/containers/pgbouncer.sh /usr/local/bin/run-pgbouncer
USER postgres
EXPOSE 6432
CMD ["sh", "/usr/local/bin/run-pgbouncer"]

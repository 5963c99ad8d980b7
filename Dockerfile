FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 STATIC_ROOT=/app/staticfiles
WORKDIR /app
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY manage.py gunicorn.conf.py ./
COPY policies policies
COPY priorauth priorauth
COPY portal portal
COPY templates templates
COPY static static
RUN DEVELOPMENT=1 SECRET_KEY=build python manage.py collectstatic --noinput && chmod -R a+rX /app
RUN useradd --uid 10001 --no-create-home portal && mkdir -p /data/checkpoints && chown -R 10001:10001 /data
USER 10001
CMD ["gunicorn", "portal.wsgi", "--bind=0.0.0.0:8000", "--workers=3", "--threads=4", "--worker-tmp-dir=/tmp", "--no-control-socket"]

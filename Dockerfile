FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY manage.py .
COPY policies policies
COPY priorauth priorauth
COPY portal portal
COPY templates templates
COPY static static
RUN useradd --uid 10001 --no-create-home portal && mkdir /data && chown 10001:10001 /data
USER 10001
CMD ["gunicorn", "portal.wsgi", "--bind=0.0.0.0:8000", "--workers=3", "--threads=4", "--worker-tmp-dir=/tmp"]

"""Settings, read from the environment. Importing them writes nothing.

`make run` keeps its values in `var/env`; a variable of the environment wins over that file.
"""

import os
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from portal import logs

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("DATA_DIR", BASE_DIR / "var"))


def _saved() -> dict[str, str]:
    """What `make run` wrote to `var/env`, one NAME=value a line; empty where there is none."""
    try:
        lines = (DATA_DIR / "env").read_text().splitlines()
    except OSError:
        return {}
    return dict(line.split("=", 1) for line in lines if "=" in line)


ENV = {**_saved(), **os.environ}


def _minutes(name: str, default: int, least: int, most: int) -> int:
    """A whole number of minutes of the environment. Raises ImproperlyConfigured outside its range."""
    text = ENV.get(name, str(default))
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise ImproperlyConfigured(f"{name} is {text!r}: give a whole number of minutes from {least} to {most}.")
    return int(text)


DEVELOPMENT = ENV.get("DEVELOPMENT") == "1"  # `make run` and the tests; without it portal/production.py is strict
SECRET_KEY = ENV.get("SECRET_KEY", "")
AUDIT_KEY = ENV.get("AUDIT_KEY", "")
AUDIT_KEYS_RETIRED = [key for key in ENV.get("AUDIT_KEYS_RETIRED", "").split(",") if key]  # the latest first
HTTPS = ENV.get("HTTPS", "1") == "1"
BEHIND_PROXY = ENV.get("BEHIND_PROXY") == "1"
ALLOWED_HOSTS = ENV.get("ALLOWED_HOSTS", "localhost,127.0.0.1").split(",")

INSTALLED_APPS = [
    "portal.apps.PortalConfig",
    "priorauth",
    "policies",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "drf_spectacular",
]

MIDDLEWARE = [
    "portal.security.RequestIdMiddleware",
    "portal.security.PrivateResponseMiddleware",
    "portal.logs.AccessLogMiddleware",
    "portal.security.Utf8Middleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "portal.uploads.BodyLimitMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "portal.accounts.sessions.SessionLimitMiddleware",
    "portal.security.ActorMiddleware",
    "portal.accounts.late.LatePostMiddleware",
    "portal.permissions.PermissionMiddleware",
    "portal.reading.ReadingMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# The owner of the tables is named for `migrate` alone; web, worker and beat work under the lesser role of DATABASE_URL.
DATABASE_URL = ENV.get("DATABASE_URL", "postgresql://localhost/portal")
DATABASE_OWNER_URL = ENV.get("DATABASE_OWNER_URL", "")
APPLICATION_DATABASE = dj_database_url.parse(DATABASE_URL)
DATABASES = {
    "default": dj_database_url.parse(DATABASE_OWNER_URL or DATABASE_URL, conn_max_age=60, conn_health_checks=True)
}
# Nobody waits long for a database that is silent or for a lock; whoever stands still in a transaction is thrown out.
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": 3,
    "tcp_user_timeout": 10_000,  # milliseconds
    "prepare_threshold": 0,  # at once; only statements of priorauth/prepared.py are ever prepared
    "options": "-c lock_timeout=10s -c idle_in_transaction_session_timeout=60s -c plan_cache_mode=force_generic_plan",
} | DATABASES["default"].get("OPTIONS", {})
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "priorauth.User"
AUTHENTICATION_BACKENDS = ["portal.accounts.backend.PeopleBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "portal.accounts.passwords.SimilarityValidator"},
    {"NAME": "portal.accounts.passwords.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "portal.accounts.passwords.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"

# The plan's time zone: its calendar day is the request date, its days are the deadlines' days.
TIME_ZONE = "America/New_York"
USE_TZ = True
LANGUAGE_CODE = "en-us"
USE_I18N = False
DATETIME_FORMAT = "D M j, Y, g:i a T"
DATE_FORMAT = "M j, Y"
# By when the plan decides, by product and urgency: a file like priorauth/regimes/regimes.yaml.
REGIMES_FILE = ENV.get("REGIMES_FILE") or BASE_DIR / "priorauth" / "regimes" / "regimes.yaml"

STATIC_URL = "static/"
STATIC_ROOT = ENV.get("STATIC_ROOT")  # where collectstatic writes; without it the files come straight from the apps
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not STATIC_ROOT
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_ROOT
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
MEDIA_ROOT = DATA_DIR / "media"
CHECKPOINT_DIR = Path(ENV.get("CHECKPOINT_DIR", DATA_DIR / "checkpoints"))  # in production on another disk or host
CHECKPOINT_SECONDS = float(ENV.get("CHECKPOINT_SECONDS", "300"))
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
FILE_UPLOAD_HANDLERS = ["portal.uploads.ReportUploadHandler"]
SCANNER_URL = ENV.get("SCANNER_URL", "")  # a clamd: then only files that it found clean are handed out
ARRIVING_ROOT = DATA_DIR / "arriving"  # on the disk of the files: an upload is then moved there, not copied
PAGE_IMAGES_ROOT = DATA_DIR / "pages"  # drawn pages of reports, which may be thrown away at any time
DATA_UPLOAD_MAX_NUMBER_FIELDS = 6000  # 30 studies with 13 findings at each of 10 levels are 4,000 alone
DATA_UPLOAD_MAX_NUMBER_FILES = 31
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# Seconds without anything that a person does; portal/accounts/sessions.py counts them, and knows what a person does.
SESSION_COOKIE_AGE = 60 * _minutes("IDLE_MINUTES", 20, least=5, most=60)
SESSION_WARNING = 2 * 60  # seconds before that end in which a page asks whether somebody is there
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = (f"{'__Host-' if HTTPS else ''}{name}" for name in ("sessionid", "csrftoken"))
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "portal.accounts.late.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(livez|readyz)$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.api.access.KeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["portal.api.access.MatrixPermission"],
    "DEFAULT_PARSER_CLASSES": ["portal.api.strict_json.StrictJsonParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "portal.api.problems.answer",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {  # the words of the document are in portal/api/document.py
    "TITLE": "Prior-authorization portal",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": ["portal.api.document.complete"],
}

# The mail server for notices without patient data (priorauth/mail.py); without it the portal sends none.
MAIL_URL = ENV.get("MAIL_URL", "")
MAIL_FROM = ENV.get("MAIL_FROM", "")
PORTAL_URL = ENV.get("PORTAL_URL") or f"http{'s' * HTTPS}://{ALLOWED_HOSTS[0]}"  # the beginning of the links in mails

# The plan's provider line as pages name it, such as "617-555-0100, Monday to Friday, 8 a.m. to 5 p.m.".
PROVIDER_LINE = ENV.get("PROVIDER_LINE", "").strip()

LOGGING = logs.LOGGING

REDIS_URL = ENV.get("REDIS_URL", "redis://localhost:6379/0")
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker as long as that takes
CELERY_BROKER_CONNECTION_TIMEOUT = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "ack_emulation": False,  # a wake-up that was taken is gone: nothing to restore, nothing to send twice
    "socket_timeout": 1,
    "socket_connect_timeout": 1,
    "retry_on_timeout": False,
    "max_retries": 0,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # in memory: a schedule file cut short by a crash stops beat for good
CELERY_BEAT_SCHEDULE = {
    "score": {"task": "kick", "schedule": 3.0, "args": ["score"], "options": {"expires": 10}},
    "look": {"task": "kick", "schedule": 5.0, "args": ["look"], "options": {"expires": 10}},
    "look-missed": {"task": "look_missed", "schedule": 3600.0, "options": {"expires": 3600}},
    "checkpoint": {"task": "checkpoint", "schedule": CHECKPOINT_SECONDS, "options": {"expires": CHECKPOINT_SECONDS}},
    "check-trail": {"task": "check_trail", "schedule": 30.0, "options": {"expires": 30}},
    "watch-deadlines": {"task": "watch_deadlines", "schedule": 60.0, "options": {"expires": 60}},
    "end-questions": {"task": "end_questions", "schedule": 60.0, "options": {"expires": 60}},
    "forget-kept": {"task": "forget_kept", "schedule": 600.0, "options": {"expires": 600}},
}
if SCANNER_URL:
    CELERY_BEAT_SCHEDULE |= {
        "scan": {"task": "kick", "schedule": 5.0, "args": ["scan"], "options": {"expires": 10}},
        "scan-missed": {"task": "scan_missed", "schedule": 3600.0, "options": {"expires": 3600}},
    }
if MAIL_URL:
    CELERY_BEAT_SCHEDULE |= {
        "notify": {"task": "kick", "schedule": 5.0, "args": ["notify"], "options": {"expires": 10}},
        "remind": {"task": "remind", "schedule": 300.0, "options": {"expires": 300}},
    }

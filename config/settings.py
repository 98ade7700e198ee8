"""Every knob, read from the environment (docs/operating.md names them all)."""

from __future__ import annotations

from pathlib import Path

from config import env

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("CLEANCLAIM_DATA", str(BASE_DIR / "var"))).resolve()
SECRET_KEY = env.text("SECRET_KEY")
FIELD_KEYS = env.words("FIELD_KEY", "0" * 43 + "=")  # first encrypts, all decrypt
DEBUG = env.flag("DEBUG")
HTTPS = env.flag("HTTPS")
PORT = env.number("CLEANCLAIM_PORT", 8000)
BASE_URL = env.text("CLEANCLAIM_BASE_URL", f"http://localhost:{PORT}")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],testserver")
CSRF_TRUSTED_ORIGINS = [BASE_URL]

ROOMS = [
    "clinics",
    "work",
    "clearinghouses",
    "patients",
    "insurance",
    "appointments",
    "billing",
    "claims",
    "responses",
    "desk",
]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
    "widget_tweaks",
    "django_cotton.apps.SimpleAppConfig",
    "template_partials.apps.SimpleAppConfig",
    *[f"{room}.apps.{room.title()}Config" for room in ROOMS],
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "clinics.middleware.no_store",
    "clinics.middleware.session_limits",
    "clinics.middleware.clinic_wall",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            # Both packages would rewrite this block at start, each its own way; written out it is one way only.
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django_cotton.cotton_loader.Loader",
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": [
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
                "django.templatetags.static",
                "clinics.templatetags.frame",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "desk.context.frame",
            ],
        },
    }
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": env.text("DB_HOST", ""),
        "PORT": env.text("DB_PORT", ""),
        "NAME": env.text("DB_NAME", "cleanclaim"),
        "USER": env.text("DB_USER", "app_rw"),
        "PASSWORD": env.text("DB_PASSWORD", ""),
        "CONN_MAX_AGE": env.number("DB_CONN_MAX_AGE", 600),
        "CONN_HEALTH_CHECKS": True,
        # PgBouncer in transaction mode cannot keep a server-side cursor (reliability.md e2.12).
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "ATOMIC_REQUESTS": False,  # clinics.middleware.clinic_wall opens the transaction itself
        "OPTIONS": {
            "options": f"-c statement_timeout={env.text('DB_STATEMENT_TIMEOUT', '60s')} "
            "-c lock_timeout=3s -c idle_in_transaction_session_timeout=60s",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env.text("REDIS_URL", "redis://localhost:6379/1"),
    }
}

# People and sign-in -------------------------------------------------------------------------
AUTH_USER_MODEL = "clinics.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "clinics.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_RATE_LIMITS = {
    "login_failed": env.text("LOGIN_FAILED_LIMITS", "10/m/ip,5/5m/key"),
    "login": env.text("LOGIN_LIMITS", "60/m/ip"),
}
# A fresh sign-in is one of the last ten minutes (reliability.md c1).
ACCOUNT_REAUTHENTICATION_TIMEOUT = env.number("FRESH_SIGN_IN_SECONDS", 600)
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
# A code of the step before or after counts, too: phones run ahead, and people type in the last second.
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_AGE = env.number("SESSION_IDLE_SECONDS", 30 * 60)
SESSION_SAVE_EVERY_REQUEST = False  # clinics.middleware.session_limits saves what a person does
SESSION_ABSOLUTE_SECONDS = 12 * 3600
SESSION_COOKIE_NAME = "__Host-sid" if HTTPS else "sid"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"

# Browser defences ---------------------------------------------------------------------------
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # a preload list is the choice of the domain's owner
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}

# Uploads: bodies are bounded here and at the proxy (reliability.md c4) --------------------------
DATA_UPLOAD_MAX_MEMORY_SIZE = 26 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# Time, text, static files ------------------------------------------------------------------------
LANGUAGE_CODE = "en-us"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # no collect step is needed to run; the Dockerfile collects for speed
WHITENOISE_AUTOREFRESH = DEBUG
EMAIL_HOST = env.text("EMAIL_HOST", "")  # empty: nothing is mailed, and pages say so
EMAIL_PORT = env.number("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", True)
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "billing@localhost")
EMAIL_DOMAIN = DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
EMAIL_BACKEND = env.text(
    "EMAIL_BACKEND", f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'dummy'}.EmailBackend"
)

# API -------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["clinics.api_auth.SessionAuth"],
    "DEFAULT_PERMISSION_CLASSES": ["clinics.permissions.RoutePermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "rest_framework.parsers.JSONParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "clinics.refusals.api_exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "DEFAULT_PAGINATION_CLASS": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "CleanClaim API",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["clinics.permissions.RoutePermission"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # Every room has a field called state; without names of their own the description invents some.
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "AppointmentStateEnum": "appointments.enums.AppointmentState",
        "InvoiceStateEnum": "billing.enums.InvoiceState",
        "ClaimStateEnum": "claims.enums.ClaimState",
        "BatchStateEnum": "claims.enums.BatchState",
        "PostingStateEnum": "responses.enums.PostingState",
        "InstalmentFrequencyEnum": "billing.enums.Frequency",
        "ClaimFrequencyEnum": ["1", "7", "8"],
        "CodeTableKindEnum": [
            ("ncci", "NCCI pairs"),
            ("mue", "Unit limits (MUE)"),
            ("codes", "Procedure codes"),
        ],
        "RemittanceStateEnum": "responses.enums.RemittanceState",
    },
}

# Celery: exact settings with their reasons in reliability.md (e1) -----------------------------------
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", "redis://localhost:6379/0")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 570
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30.0
CELERY_TASK_SEND_SENT_EVENT = False
CELERY_TASK_TRACK_STARTED = False
CELERY_RESULT_EXTENDED = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "health_check_interval": 10,
    "socket_keepalive": True,
    "socket_timeout": 30,
    "global_keyprefix": "cleanclaim-",
}
CELERY_VISIBILITY_TIMEOUT = 3600

# Logs carry ids only: no body, no query string, no names (reliability.md c2, 16.x) -----------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "WARNING")},
}

# The sandbox clearinghouse: a separate program; the product only knows a host and a port --------------
SANDBOX_DIR = Path(env.text("SANDBOX_DIR", str(DATA_DIR / "sandbox")))
SANDBOX_SFTP_PORT = env.number("SANDBOX_SFTP_PORT", 2222)
SANDBOX_HTTPS_PORT = env.number("SANDBOX_HTTPS_PORT", 2443)
SANDBOX_HOST = env.text("SANDBOX_HOST", "127.0.0.1")

# Folder connections live below this, one folder a clinic ------------------------------------------------
EXCHANGE_DIR = Path(env.text("EXCHANGE_DIR", str(DATA_DIR / "exchange")))

# Set by ./manage for commands that fill the database with a story: never true on a clinic's own ----------
THROWAWAY = env.flag("CLEANCLAIM_THROWAWAY")

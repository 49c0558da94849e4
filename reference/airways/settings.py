"""Settings: everything that differs between environments comes from the environment."""

from pathlib import Path

from airways import databases, environment, log_records

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = environment.boolean("DJANGO_DEBUG")
SECRET_KEY = environment.required("DJANGO_SECRET_KEY")
ALLOWED_HOSTS = environment.comma_separated("DJANGO_ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = environment.comma_separated("DJANGO_CSRF_TRUSTED_ORIGINS")
RELEASE = environment.text("RELEASE", "development")

INSTALLED_APPS = [
    "airways",
    "flights",
    "reports",
    "etl",
    "api",
    "rest_framework",
    "rest_framework.authtoken",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "airways.staticfiles.AirwaysStaticFilesConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "airways.urls"
WSGI_APPLICATION = "airways.wsgi.application"
TEST_RUNNER = "airways.test_runner.Runner"
LOGIN_URL = "admin:login"

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
    },
]

# --- Databases -------------------------------------------------------------------------------------------------------

_database_url = environment.text("DATABASE_URL")
_report_database_url = environment.text("REPORT_DATABASE_URL", _database_url)

DATABASES = {
    "default": databases.from_url("DATABASE_URL", _database_url),
    # The mirror makes both aliases see the one test database.
    "report": databases.from_url("REPORT_DATABASE_URL", _report_database_url, read_only=True)
    | {"TEST": {"MIRROR": "default"}},
}
DATABASE_ROUTERS = ["airways.databases.ReportRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Files -----------------------------------------------------------------------------------------------------------

STATIC_URL = environment.text("STATIC_URL", "/static/")
STATIC_ROOT = environment.directory("STATIC_ROOT", BASE_DIR / "staticfiles")
MEDIA_URL = environment.text("MEDIA_URL", "/media/")
MEDIA_ROOT = environment.directory("MEDIA_ROOT", BASE_DIR / "media")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # Strict, as is its default: a template that names an absent file fails instead of linking to nothing.
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
# The web server that serves media runs as another user than the application that writes them.
FILE_UPLOAD_PERMISSIONS = 0o644

# --- Security --------------------------------------------------------------------------------------------------------

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = not DEBUG
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEBUG
SECURE_HSTS_PRELOAD = not DEBUG
SESSION_COOKIE_SECURE = not DEBUG
CSRF_COOKIE_SECURE = not DEBUG

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# --- Language and time -----------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True

# --- Logging ---------------------------------------------------------------------------------------------------------

LOGGING = log_records.configuration(environment.text("LOG_LEVEL", "INFO"))

# --- API -------------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
        "rest_framework.authentication.TokenAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticatedOrReadOnly"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "api.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Airways API",
    "DESCRIPTION": "Airports, flights, daily weather, and the remarks that travellers made on them.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# --- ETL -------------------------------------------------------------------------------------------------------------

REFERENCE_DATA = BASE_DIR / "data"
ETL_INBOX = environment.directory("ETL_INBOX", REFERENCE_DATA)
ETL_INTERVAL_SECONDS = environment.integer("ETL_INTERVAL_SECONDS", 300, minimum=1)
ETL_BATCH_SIZE = environment.integer("ETL_BATCH_SIZE", 500, minimum=1)
ETL_ROW_FLOOR = environment.integer("ETL_ROW_FLOOR", 1, minimum=1)

import os

from .deployed import *  # noqa: F403
from .deployed import DATABASES, INSTALLED_APPS, STORAGES

INSTALLED_APPS = [*INSTALLED_APPS, "kinds"]
# Nothing answers there.
DATABASES["elsewhere"] = {**DATABASES["default"], "HOST": "127.0.0.1", "PORT": 9}
DATABASE_ROUTERS = ["kinds.router.Router"]
ROOT_URLCONF = "kinds.urls"
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
EMAIL_HOST = os.environ.get("MAIL_SERVER", "nobody.invalid")
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9"}}
DATA_UPLOAD_MAX_NUMBER_FIELDS = int(os.environ.get("MOST_FIELDS", "1000"))

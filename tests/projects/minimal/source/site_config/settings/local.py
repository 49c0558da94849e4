from .base import *  # noqa: F403
from .base import BASE_DIR

DEBUG = True
SECRET_KEY = "for work on one's own machine"
STATIC_URL = "/static/"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "guestbook.sqlite3"}}

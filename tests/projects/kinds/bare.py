from .kinds import *  # noqa: F403

# Without administration, users, sessions and content types.
INSTALLED_APPS = ["kinds"]
MIDDLEWARE: list[str] = []
TEMPLATES: list[dict[str, object]] = []
ROOT_URLCONF = "kinds.bare_urls"
SECURE_SSL_REDIRECT = False

"""The WSGI application. A process that could not serve a single request refuses to start."""

import os

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from airways.checks import required_variables

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "airways.settings")

application = get_wsgi_application()

faults = required_variables()
if faults:
    raise ImproperlyConfigured(" ".join(f"{fault.msg} {fault.hint}" for fault in faults))

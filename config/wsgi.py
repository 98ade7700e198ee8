"""The WSGI entry for gunicorn. A route that the permission matrix does not know stops the web too."""

import os

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from clinics.checks import route_problems  # noqa: E402 - needs the apps to be loaded

problems = route_problems()
if problems:
    raise ImproperlyConfigured("; ".join(str(problem) for problem in problems))

"""The application server's defaults; gunicorn reads this file from the directory that it starts in."""

import os

from airways.log_records import configuration

wsgi_app = "airways.wsgi:application"
bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
timeout = 60
graceful_timeout = 25
keepalive = 5
max_requests = 10_000
max_requests_jitter = 1_000
# Both must be writable where the root filesystem is not; the control socket has no use in a container.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"
control_socket_disable = True
# TLS ends at the gateway, whose address is not known beforehand; Django alone judges the forwarded headers.
forwarded_allow_ips = "*"
accesslog = "-"
access_log_format = "%(m)s %(U)s %(s)s %(B)s bytes %(M)s ms"
logconfig_dict = configuration(os.environ.get("LOG_LEVEL", "INFO"))

"""How gunicorn serves the application in an image."""

import os

wsgi_app = "shortlinks:create_app()"
bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
loglevel = os.environ.get("LOG_LEVEL", "info")
accesslog = "-"
# Heartbeat files belong into memory: on a slow disk a worker would be taken for dead.
worker_tmp_dir = "/dev/shm"  # noqa: S108 - a folder for exactly this, not a predictable file

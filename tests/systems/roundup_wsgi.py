"""Serve a Roundup tracker under waitress: ``python roundup_wsgi.py TRACKER PORT``. Runs in a process of its own."""

import sys

from roundup.cgi.wsgi_handler import RequestDispatcher
from waitress import serve

if __name__ == "__main__":
    serve(RequestDispatcher(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), threads=4)

"""The server's settings, all of them ordinary Voilà and Jupyter configuration.

Nothing here needs our own server class: ``config/voila.py`` has the same for a plain ``voila``.
"""

from __future__ import annotations

import os
from pathlib import Path

from traitlets.config import Config

from .course import PREWARM, list_lessons
from .handlers import UnknownPageHandler
from .login_token import cookie_secret
from .logs import log_request
from .pages import add_course, course_context
from .sockets import is_loopback

TEMPLATE = "nbtutor"

# What a lesson's page needs of JupyterLab's extensions. Each one more is fetched and started
# before the first widget is shown.
EXTENSIONS = [
    "@jupyter-widgets/jupyterlab-manager",
    "@voila-dashboards/widgets-manager8",
    "anywidget",
]

NOT_ON_PAGES = "not-on-pages"
"""Tag of a notebook's cells that are for readers of the notebook only."""

# The browser refuses whatever would come from, or go to, another host. Widgets are modules in
# blobs and bring styles of their own; JupyterLab's schema checks are compiled at run time.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    ]
)

_HERE = Path(__file__).resolve().parent
_DATA = _HERE / "jupyter"

CONFIG_FOLDER = _HERE / "config"
"""Where the file is that makes a plain ``voila`` the same."""


def add_template_path() -> None:
    """Let Voilà find our template inside the package.

    Voilà looks for templates below Jupyter's data folders only, in several places of its code, and
    this variable is the one that adds a folder for all of them.
    """
    paths = os.environ.get("JUPYTER_PATH", "").split(os.pathsep)
    if str(_DATA) not in paths:
        os.environ["JUPYTER_PATH"] = os.pathsep.join([str(_DATA), *filter(None, paths)])


def page_settings() -> Config:
    """Return what holds for a lesson's page and its kernel wherever Voilà runs.

    `voila_settings` adds to it for a server of its own, `nbtutor.serve.hosted` for an extension of
    a Jupyter server.
    """
    config = Config()

    config.VoilaConfiguration.template = TEMPLATE
    config.VoilaConfiguration.allow_template_override = "NO"
    config.VoilaConfiguration.allow_theme_override = "NO"
    config.VoilaConfiguration.classic_tree = True
    config.VoilaConfiguration.strip_sources = True
    config.VoilaConfiguration.show_tracebacks = False
    config.VoilaConfiguration.extension_allowlist = EXTENSIONS
    # How often a page that is being made hears that the server is still at it.
    config.VoilaConfiguration.http_keep_alive_timeout = 5
    config.VoilaConfiguration.page_config_hook = add_course
    config.TagRemovePreprocessor.remove_cell_tags = [NOT_ON_PAGES]
    config.VoilaExecutor.cell_error_instruction = (
        "This part of the lesson could not be shown. Reload the page to try once more; "
        "the server's messages say what went wrong."
    )

    # The server remembers the messages of each kernel, as each kernel does; see kernels.py.
    config.Session.digest_history_size = 4096

    # A kernel that was started anew knows nothing of the page's widgets: rather say that it died,
    # so that the page can offer to be loaded again.
    config.KernelRestarter.restart_limit = 0
    config.KernelRestarter.time_to_dead = 1.0

    # Frames are asked for one by one, so there is no flood to hold back; a held-back frame would
    # be a lost one.
    config.ZMQChannelsWebsocketConnection.limit_rate = False
    return config


def voila_settings(
    notebooks: Path,
    *,
    host: str = "127.0.0.1",
    public_name: str | None = None,
    base_url: str = "/",
    token: str | None = None,
    seats: int = 0,
    prewarm: int | None = PREWARM,
) -> Config:
    """Return Voilà's configuration for the course.

    Parameters
    ----------
    notebooks
        The folder with the lessons.
    host
        What the server listens on. For this machine alone, requests that name another host are
        refused: a foreign page cannot reach the server through a name of its own.
    public_name
        The name of a proxy in front, by which requests may name this host too.
    base_url
        The path that all addresses start with, from ``/`` to ``/``: for a server behind a proxy.
    token
        What to show before anything but the health is answered; None lets everybody in.
    seats
        How many pages may be open at once; 0 for as many as come.
    prewarm
        How many lessons, from the first, have a kernel that waits; None for all.
    """
    warm = [lesson.path for lesson in list_lessons(notebooks)[:prewarm]]
    config = page_settings()

    config.Voila.root_dir = str(notebooks)
    config.Voila.base_url = base_url
    config.Voila.kernel_websocket_connection_class = "nbtutor.serve.kernels.PromptConnection"
    config.Voila.tornado_settings = {
        # With a token, a name of its own takes a foreign page no further than the login.
        "allow_remote_access": not is_loopback(host) or token is not None,
        "local_hostnames": ["localhost", *([public_name] if public_name else [])],
        "default_handler_class": UnknownPageHandler,
        "log_function": log_request,
        # A table of a learner's own points may have 500,000 characters.
        "websocket_max_message_size": 2_000_000,
        "jinja_template_vars": {"nbtutor": course_context(notebooks, base_url)},
        "headers": {
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        },
    }

    config.Voila.identity_provider_class = "nbtutor.serve.access.CourseIdentityProvider"
    config.Voila.token = token
    if token is not None:
        config.Voila.cookie_secret = cookie_secret(token)
    config.IdentityProvider.cookie_options = {"samesite": "Lax"}

    config.VoilaConfiguration.preheat_kernel = bool(warm)
    config.VoilaConfiguration.default_pool_size = 1
    config.VoilaConfiguration.multi_kernel_manager_class = (
        "nbtutor.serve.kernels.CourseKernelManager"
    )

    config.VoilaKernelManager.kernel_pools_config = {
        "default": {"pool_size": 0},
        **{path: {"pool_size": 1} for path in warm},
    }
    # The next kernel starts when the page that took the last one has had time to load. Not much
    # later: who reloads the page before, waits for the delay too.
    config.VoilaKernelManager.fill_delay = 1.5

    config.MappingKernelManager.cull_interval = 2
    config.MappingKernelManager.cull_idle_timeout = 4 * 60 * 60
    config.MappingKernelManager.cull_connected = True
    config.CourseKernelManager.orphan_timeout = 60
    config.CourseKernelManager.seat_limit = seats

    # Far above what a page needs; see nbtutor.serve.traffic.
    config.PromptConnection.most_sockets = 4
    config.PromptConnection.most_waiting = 500
    config.PromptConnection.most_unsent = 32_000_000
    return config

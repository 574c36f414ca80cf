"""Voilà as an extension of a Jupyter server: on Binder, and on a hub.

There Jupyter starts the server and names its address; Voilà and JupyterLab share it. What
`nbtutor serve` does with a server of its own is done here by settings alone. Two of its things are
missing: no kernel is kept warm, and there are no seats, since each learner has a server. Notebooks
in JupyterLab have the same small kernel as pages, without a debugger and a history.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

from traitlets.config import Config

from .lab import offline_settings
from .pages import add_hosted_course, hosted_context
from .settings import add_template_path, page_settings

IDLE_MINUTES = 30
"""How long a kernel is kept that nobody is connected to and that does nothing."""


def hosted_settings(place: str) -> Config:
    """Return the configuration of a Jupyter server that shows the course by Voilà.

    Parameters
    ----------
    place
        The folder with the lessons, below the server's root.
    """
    add_template_path()
    config = page_settings()
    config.merge(offline_settings())

    # What a hub tells each of its servers, and Binder is a hub.
    base_url = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/")
    root = Path(os.environ.get("JUPYTERHUB_ROOT_DIR", Path.cwd()))
    # For the pages that say what went wrong.
    config.ServerApp.jinja_template_vars = {"nbtutor": hosted_context(root, base_url, place)}
    config.VoilaConfiguration.page_config_hook = partial(add_hosted_course, start=place)
    config.VoilaConfiguration.prelaunch_hook = give_xsrf_cookie

    # A notebook's kernel outlives its tab in JupyterLab; a page's is ended as the page is left.
    # What is forgotten by both costs memory until then.
    config.MappingKernelManager.cull_idle_timeout = IDLE_MINUTES * 60
    config.MappingKernelManager.cull_interval = 60
    return config


def give_xsrf_cookie(handler: Any, **_page: Any) -> None:
    """Set the cookie that a page must show to end its kernel as it is left.

    Voilà calls this before it makes a page (``VoilaConfiguration.prelaunch_hook``).
    """
    _ = handler.xsrf_token  # reading it is what sets the cookie

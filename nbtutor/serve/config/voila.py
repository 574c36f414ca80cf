"""Makes a plain ``voila`` what ``nbtutor serve`` is.

    JUPYTER_CONFIG_PATH="$(nbtutor config)" voila notebooks/

Voilà's own options go before what is here, for instance ``--port``, ``--base_url``, ``--token`` and
``--CourseKernelManager.seat_limit=30``. A configuration of your own, in a file ``voila.py`` beside
which ``voila`` is started, begins like this one and may ask for more: see
`nbtutor.serve.settings.voila_settings`.
"""

from pathlib import Path

from voila.app import Voila

from nbtutor.serve.login_token import token_from_environment
from nbtutor.serve.settings import add_template_path, voila_settings

add_template_path()
voila = Voila.instance()
get_config().merge(  # type: ignore[name-defined]  # noqa: F821
    voila_settings(
        Path(voila.root_dir),
        host=voila.ip,
        base_url=voila.base_url,
        token=voila.token or token_from_environment(),
    )
)

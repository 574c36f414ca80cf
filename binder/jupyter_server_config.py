"""Settings of the Jupyter server on Binder and on a hub; postBuild puts this file in its place."""

from nbtutor.serve.hosted import hosted_settings

get_config().merge(hosted_settings("notebooks"))  # noqa: F821

"""Networks made from a network: many of the same, one in another precision, or siblings."""

from __future__ import annotations

from nbtutor.engine.network import Network
from nbtutor.engine.validation import check_integer, check_type


def copies(
    network: Network, replicas: int = 1, replica: int = 0, dtype: str | None = None
) -> Network:
    """Return a fleet whose networks all have the weights of one network, which is left alone.

    The replicas of a new `Network` start from weights of their own. Here they are the same, so
    that whatever makes their runs differ is what they are trained with.

    Parameters
    ----------
    network : Network
    replicas : int, default 1
    replica : int, default 0
        Whose weights, if `network` is itself a fleet.
    dtype : {"float32", "float64"}, optional
        The network's own if it is not given.

    Raises
    ------
    ParameterError
        If an argument is not allowed.
    """
    check_type("network", network, Network)
    check_integer("replica", replica, low=0, high=network.replicas - 1)
    changes = {"replicas": replicas} | ({} if dtype is None else {"dtype": dtype})
    fleet = Network(**{**network.settings, **changes})
    fleet.parameters.flat[:] = network.parameters.flat[replica]
    return fleet


def siblings(network: Network, replicas: int) -> Network:
    """Return a fleet with the settings of a network, each of it with first weights of its own.

    Parameters
    ----------
    network : Network
    replicas : int

    Raises
    ------
    ParameterError
        If an argument is not allowed.
    """
    check_type("network", network, Network)
    return Network(**{**network.settings, "replicas": replicas})

"""The views: what a learner looks at, drawn in the browser."""

from nbtutor.widgets.views.base import View
from nbtutor.widgets.views.chart import ChartView
from nbtutor.widgets.views.hub import Hub
from nbtutor.widgets.views.pictures import CurvesView, NetworkView, PlaneView, VerdictView
from nbtutor.widgets.views.replicas import ReplicasView
from nbtutor.widgets.views.share import ShareView
from nbtutor.widgets.views.slow import SlowView, offer_stages
from nbtutor.widgets.views.stage import Stage, Work

__all__ = [
    "ChartView",
    "CurvesView",
    "Hub",
    "NetworkView",
    "PlaneView",
    "ReplicasView",
    "ShareView",
    "SlowView",
    "Stage",
    "VerdictView",
    "View",
    "Work",
    "offer_stages",
]

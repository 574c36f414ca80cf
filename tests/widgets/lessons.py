"""What the tests of all lessons' classes do."""

from __future__ import annotations

from nbtutor.widgets.tutors.tutor import Tutor


def run_and_draw_each(tutor: Tutor) -> None:
    """Run each experiment to its end; the page and the figure show its charts."""
    for name in tutor.EXPERIMENTS:
        tutor.choose(name)
        assert tutor.stage.done == 0, name
        tutor.run()
        assert tutor.stage.finished, name
        figure = tutor.figure()
        titles = [ax.get_title(loc="left") for ax in figure.axes]
        assert titles == [chart.title for chart in tutor.work.charts()], name
        shown = [view for view in tutor.chart_views if view.layout.display != "none"]
        assert [view.chart.title for view in shown] == titles, name

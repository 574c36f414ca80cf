"""A lesson's page as a learner has it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.looks import each_look
from tests.serve.axe import axe

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

_STATE = "document.querySelector('[data-view=stage]').dataset.state"
_BAR = "document.querySelector('[data-view=stage] progress')"
_ENDED = f"({_STATE} === 'paused' && {_BAR}.value === {_BAR}.max)"


@dataclass
class LessonPage:
    """A page with a tutor, its question, its exercises and its program."""

    page: Page

    def wait(self) -> None:
        """Wait until every part is there, and the controls are named."""
        for part in ("prediction", "exercises", "program"):
            expect(self.part(part)).to_have_attribute("data-seq", re.compile(r"\d"), timeout=30_000)
        expect(self.stage).to_have_attribute("data-state", "idle", timeout=30_000)

    def part(self, name: str) -> Locator:
        return self.page.locator(f"[data-view={name}]")

    @property
    def stage(self) -> Locator:
        return self.part("stage")

    def charts(self) -> Locator:
        return self.part("chart")

    def exercise(self, name: str) -> Locator:
        return self.page.locator(f"[data-exercise={name}]")

    def predict(self, words: str) -> Locator:
        """Answer the question, with the option that has these words, and return the question."""
        question = self.part("prediction")
        question.get_by_label(re.compile(words)).check()
        question.get_by_role("button", name="This is my answer").click()
        return question

    def check(self, name: str) -> Locator:
        """Press the button of an exercise, and return the exercise."""
        exercise = self.exercise(name)
        exercise.get_by_role("button").click()
        return exercise

    def choose(self, experiment: str) -> None:
        """Take up an experiment that was not run yet."""
        self.page.get_by_role("button", name=experiment, exact=True).click()
        expect(self.stage).to_have_attribute("data-epoch", "0")

    def play_to_the_end(self) -> None:
        """Press Play, and wait until the experiment has ended by itself.

        A slider's last move may come after the press, and start it again: then press once more.
        """
        for _ in range(3):
            self.stage.get_by_role("button", name="Play").click()
            expect(self.stage).not_to_have_attribute("data-state", "idle")
            self.page.wait_for_function(f"{_ENDED} || {_STATE} === 'idle'", timeout=60_000)
            if self.stage.get_attribute("data-state") != "idle":
                break
        self.wait_for_the_end()

    def wait_for_the_end(self) -> None:
        """Wait until what plays has ended by itself."""
        self.page.wait_for_function(_ENDED, timeout=60_000)
        expect(self.stage.get_by_role("progressbar")).to_be_visible()
        expect(self.stage.get_by_role("button", name="Play")).to_be_visible()

    def run(self, experiment: str) -> None:
        """Take up an experiment, and play it to its end."""
        self.choose(experiment)
        self.play_to_the_end()

    def check_looks(self) -> None:
        """In each look axe finds nothing, and nothing is wider than the window."""
        for width in each_look(self.page):
            assert self.violations() == []
            assert self.page.evaluate("document.documentElement.scrollWidth") <= width

    def violations(self) -> list[str]:
        """What axe has to say."""
        return axe(self.page)

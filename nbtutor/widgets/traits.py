"""Settings as traits, so that controls, saved notebooks and Python all see the same value."""

from __future__ import annotations

from typing import Any

import traitlets

from nbtutor.widgets.settings import check_setting


class Setting(traitlets.TraitType[Any, Any]):
    """A trait that holds a setting, and refuses what `check_setting` refuses."""

    def validate(self, obj: Any, value: Any) -> Any:
        """Return the value in its proper type; see `check_setting`."""
        return check_setting(self.name or "", value)

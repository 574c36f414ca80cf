// How a page whose kernel has ended comes back: the page reads it from a view, which stays.

import type { AnyModel } from "@anywidget/types";
import { TRAITS } from "./protocol";

/** Keeps in `root` with which end of its address the page comes back to where the learner is. */
export function tellRecovery(model: AnyModel, root: HTMLElement, signal: AbortSignal): void {
  const tell = (): void => {
    root.dataset.recovery = String(model.get(TRAITS.recovery) ?? "");
  };
  model.on(`change:${TRAITS.recovery}`, tell);
  signal.addEventListener("abort", () => model.off(`change:${TRAITS.recovery}`, tell));
  tell();
}

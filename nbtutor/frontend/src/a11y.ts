// Names for ipywidgets' controls: a slider's handle, a readout and some inputs have none of their
// own. Each takes the visible label beside it, also where controls are added later.

import { pictureDatasets } from "./dataset_pictures";

const NAMED = "select, input, [role=slider], .widget-readout";
const GROUPS = ".widget-toggle-buttons, .nbt-inputs";
const NAME = "aria-label";

/** Names what is in `board` now, and what is added to it or changes in it later. */
export function nameControls(board: HTMLElement, signal: AbortSignal): void {
  const nameAll = (): void => {
    for (const control of board.querySelectorAll<HTMLElement>(NAMED)) nameControl(control);
    for (const group of board.querySelectorAll<HTMLElement>(GROUPS)) nameGroup(group);
  };
  nameAll();
  const observer = new MutationObserver((changes) => {
    if (changes.some(({ target }) => !insideView(target))) nameAll();
  });
  observer.observe(board, {
    childList: true,
    characterData: true,
    subtree: true,
    // A chosen button is told by its class alone, a slider writes its own text at every move, and
    // says to the eye alone that it cannot be used.
    attributeFilter: ["class", "aria-valuetext", "disabled"],
  });
  signal.addEventListener("abort", () => observer.disconnect());
}

/** The views name what is in them, and change their own texts at every frame. */
function insideView(node: Node): boolean {
  const parent = node instanceof Element ? node : node.parentElement;
  return parent?.closest(".nbt-view") != null;
}

/**
 * Names the controls of the board that a view stands in, or of the boxes that a teacher has put it
 * into. Of several views the first does it; when it is closed, the next that asks.
 */
export function nameAround(view: HTMLElement, signal: AbortSignal): void {
  const box = view.closest<HTMLElement>(".nbt-board") ?? outermost(view);
  if (box.hasAttribute(NAMING)) return;
  box.setAttribute(NAMING, "");
  signal.addEventListener("abort", () => box.removeAttribute(NAMING));
  nameControls(box, signal);
}

const NAMING = "data-nbt-named";

function outermost(view: HTMLElement): HTMLElement {
  const parent = view.parentElement?.closest<HTMLElement>(".widget-box");
  return parent == null ? view : outermost(parent);
}

function nameControl(control: HTMLElement): void {
  if (insideView(control)) return;
  // Not every control of ipywidgets bears the same class.
  const widget = control.closest(".widget-inline-hbox, .jupyter-widgets");
  // A label without words holds a space of no width, and the words stand elsewhere.
  const label = widget?.querySelector(".widget-label")?.textContent ?? "";
  const text = label.replace("\u200b", "").trim();
  if (widget == null || text === "") return;
  if (control.getAttribute("role") === "slider") tellState(control, widget);
  const readout = control.classList.contains("widget-readout");
  if (readout && control.isContentEditable) set(control, "role", "textbox");
  set(control, NAME, readout ? `${text}, value` : text);
}

/** Tells what stands where a slider is, since one over a list counts places, and if it is locked. */
function tellState(handle: HTMLElement, widget: Element): void {
  const value = widget.querySelector(".widget-readout")?.textContent?.trim() ?? "";
  const locked = handle.closest(".noUi-target")?.hasAttribute("disabled") ?? false;
  if (locked) set(handle, "aria-disabled", "true");
  else handle.removeAttribute("aria-disabled");
  const alone = widget.querySelectorAll("[role=slider]").length === 1;
  if (alone && value !== "") set(handle, "aria-valuetext", value);
}

function nameGroup(group: HTMLElement): void {
  const label = group.querySelector<HTMLElement>(".widget-label");
  const text = label?.textContent?.trim() ?? "";
  if (text === "") return;
  set(group, "role", "group");
  set(group, NAME, text);
  for (const button of group.querySelectorAll("button")) {
    const chosen = button.classList.contains("mod-active");
    set(button, "aria-pressed", String(chosen));
    // Shown beside the label where the buttons bear pictures.
    if (chosen) set(label as HTMLElement, "data-chosen", button.textContent?.trim() ?? "");
  }
  if (group.classList.contains("nbt-datasets")) pictureDatasets(group);
}

/** Sets an attribute only where it differs, so that the observer does not see its own work. */
function set(target: Element, name: string, value: string): void {
  if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

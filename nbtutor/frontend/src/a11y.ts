// Names for ipywidgets' controls: a slider's handle, a readout and some inputs have none of their
// own. Each takes the visible label beside it, also where controls are added later.

const CONTROLS = "select, input, [role=slider], .widget-readout";
const NAME = "aria-label";

export function nameControls(board: HTMLElement, signal: AbortSignal): void {
  const nameAll = (): void => {
    for (const control of board.querySelectorAll<HTMLElement>(CONTROLS)) nameControl(control);
  };
  nameAll();
  // Labels are filled in after their controls are made, and may be changed later.
  const observer = new MutationObserver((changes) => {
    if (changes.some(({ target }) => !insideView(target))) nameAll();
  });
  observer.observe(board, { childList: true, characterData: true, subtree: true });
  signal.addEventListener("abort", () => observer.disconnect());
}

/** The views change their own texts at every frame; there is nothing to name in them. */
function insideView(node: Node): boolean {
  const parent = node instanceof Element ? node : node.parentElement;
  return parent?.closest(".nbt-view") != null;
}

function nameControl(control: HTMLElement): void {
  const widget = control.closest(".jupyter-widgets, .jupyter-widget");
  const label = widget?.querySelector(".widget-label")?.textContent?.trim();
  if (label === undefined || label === "") return;
  const readout = control.classList.contains("widget-readout");
  const name = readout ? `${label}, value` : label;
  if (readout && control.isContentEditable) control.setAttribute("role", "textbox");
  if (control.getAttribute(NAME) !== name) control.setAttribute(NAME, name);
}

// Puts what a cell shows into the page, in the place of its saved picture.

import type { Output } from "./protocol";

const WIDGET = "application/vnd.jupyter.widget-view+json";

/** Makes a view of a widget, and returns what puts it into its place. */
export type MakeView = (id: string) => Promise<(place: HTMLElement) => void>;

export async function showOutputs(
  outputs: readonly Output[],
  place: HTMLElement,
  makeView: MakeView,
): Promise<void> {
  const shown: { element: HTMLElement; attach?: (place: HTMLElement) => void }[] = [];
  for (const output of outputs) {
    if (output.output_type === "clear") {
      shown.length = 0;
      continue;
    }
    const element = document.createElement("div");
    element.className = "jp-OutputArea-output";
    const widget = output.data?.[WIDGET] as { model_id: string } | undefined;
    if (widget !== undefined) shown.push({ element, attach: await makeView(widget.model_id) });
    else if (fill(element, output)) shown.push({ element });
  }
  // The saved picture stays until all that takes its place is made.
  place.replaceChildren(...shown.map(({ element }) => element));
  for (const { element, attach } of shown) attach?.(element);
}

/** Puts an output without a widget into its element; false where there is nothing to see. */
function fill(element: HTMLElement, output: Output): boolean {
  const { data = {} } = output;
  if (output.output_type === "error") {
    element.setAttribute("role", "alert");
    element.textContent =
      `This part of the lesson could not be prepared (${output.ename}: ${output.evalue}). ` +
      "The rest of it can be read.";
  } else if (typeof data["text/html"] === "string") {
    element.innerHTML = data["text/html"];
  } else if (typeof data["image/png"] === "string") {
    const image = document.createElement("img");
    image.src = `data:image/png;base64,${data["image/png"]}`;
    image.alt = typeof data["text/plain"] === "string" ? data["text/plain"] : "";
    element.append(image);
  } else {
    const text = output.text ?? data["text/plain"];
    if (typeof text !== "string" || text === "") return false;
    const pre = document.createElement("pre");
    pre.textContent = text;
    element.append(pre);
  }
  return true;
}

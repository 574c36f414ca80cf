// What anywidget loads: `initialize` once a model and page, `render` once a view.

import type { InitializeProps, RenderProps } from "@anywidget/types";
import { createHub, type Hub } from "./hub";
import { parseModelReference, parseViewName, TRAITS } from "./protocol";
import { mount, type ViewFactory } from "./mount";
import { curvesView } from "./views/curves";
import { networkView } from "./views/network";
import { planeView } from "./views/plane";
import { shareView } from "./views/share";
import { statusView } from "./views/status";
import { verdictView } from "./views/verdict";
import type { ViewName } from "./protocol";

const FACTORIES: Record<Exclude<ViewName, "share">, ViewFactory> = {
  status: statusView,
  plane: planeView,
  network: networkView,
  curves: curvesView,
  verdict: verdictView,
};

// The hub's own view gets no reference to its model; its copy of this module serves it alone.
let ownHub: Hub | null = null;

function initialize({ model, signal }: InitializeProps): Hub | void {
  if (parseViewName(model.get(TRAITS.view)) !== "status") return;
  ownHub = createHub(model, signal);
  return ownHub;
}

async function render({ model, el, signal, host }: RenderProps): Promise<void> {
  const name = parseViewName(model.get(TRAITS.view));
  let hub = ownHub;
  if (name !== "status") {
    const id = parseModelReference(model.get(TRAITS.hub));
    hub = (await host.getWidget<Hub>(`anywidget:${id}`)).exports;
  }
  if (hub === null || signal.aborted) return;
  if (name === "share") shareView(model, hub, el, signal);
  else mount(name, FACTORIES[name], hub, model, el, signal);
}

export default { initialize, render };

// What anywidget loads: `initialize` once a model and page, `render` once a view.

import type { InitializeProps, RenderProps } from "@anywidget/types";
import { createHub, type Hub } from "./hub";
import { parseModelReference, parseViewName, TRAITS } from "./protocol";
import { mount, type ViewFactory } from "./mount";
import { chartView } from "./views/chart";
import { curvesView } from "./views/curves";
import { networkView } from "./views/network";
import {
  exercisesView, predictionView, programView, type Place,
} from "./views/lesson";
import { planeView } from "./views/plane";
import { replicasView } from "./views/replicas";
import { shareView } from "./views/share";
import { slowView } from "./views/slow";
import { stageView } from "./views/stage";
import { statusView } from "./views/status";
import { verdictView } from "./views/verdict";
import { stillHub } from "./still";
import type { ViewName } from "./protocol";

const FACTORIES: Partial<Record<ViewName, ViewFactory>> = {
  status: statusView,
  plane: planeView,
  network: networkView,
  curves: curvesView,
  verdict: verdictView,
  replicas: replicasView,
  slow: slowView,
};

/** Views that show what their own model holds, and belong to no run. */
const ALONE: Partial<Record<ViewName, (place: Place) => void>> = {
  chart: ({ model, root, signal }) => mount("chart", chartView, stillHub(), model, root, signal),
  stage: ({ model, root, signal }) => stageView(model, root, signal),
  prediction: predictionView,
  exercises: (place) => exercisesView(place),
  program: programView,
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
  const alone = ALONE[name];
  if (alone !== undefined) {
    alone({ model, root: el, signal });
    return;
  }
  let hub = ownHub;
  if (name !== "status") {
    const id = parseModelReference(model.get(TRAITS.hub));
    hub = (await host.getWidget<Hub>(`anywidget:${id}`)).exports;
  }
  if (hub === null || signal.aborted) return;
  if (name === "share") shareView(model, hub, el, signal);
  const factory = FACTORIES[name];
  if (factory !== undefined) mount(name, factory, hub, model, el, signal);
}

export default { initialize, render };

// The picture so far: frames carry what changed, the scene keeps the rest.

import { Curve } from "./curve";
import { keptAfter, type Kept } from "./kept";
import type {
  Frame, LayerStatistics, Pictures, ReplicaPicture, Replicas, RunEvent, Scores, Structure, Verdict,
} from "./protocol";
import { ProtocolError } from "./protocol";

const MAX_MARKS = 200;

export interface Scene {
  /** The newest frame's numbers. */
  readonly frame: Frame;
  readonly structure: Structure;
  readonly plane: Pictures | null;
  readonly units: Pictures | null;
  readonly outputs: Pictures | null;
  readonly inputs: Pictures | null;
  readonly weights: Float32Array | null;
  readonly points: Float32Array;
  readonly curve: Curve;
  readonly events: readonly RunEvent[];
  readonly verdict: Verdict | null;
  readonly statistics: readonly LayerStatistics[];
  readonly scores: Scores | null;
  readonly replicas: Replicas | null;
  readonly replicaPicture: ReplicaPicture | null;
  readonly kept: readonly Kept[];
  /** Rises when the structure changes: what is built from it must be built anew. */
  readonly structureVersion: number;
  readonly pointsVersion: number;
}

/** What a frame is drawn over; null where no full frame has come yet. Refuses what does not fit. */
export function structureOf(scene: Scene | null, frame: Frame): Structure | null {
  const structure = frame.structure ?? scene?.structure ?? null;
  if (structure !== null) checkFit(structure, frame);
  return structure;
}

/** The scene after a frame that fits `structure`. Adds to the curve in place. */
export function advance(scene: Scene | null, frame: Frame, structure: Structure): Scene {
  if (frame.full || scene === null) {
    const same = scene !== null && JSON.stringify(scene.structure) === JSON.stringify(structure);
    return {
      frame,
      structure: same ? scene.structure : structure,
      plane: frame.plane,
      units: frame.units,
      outputs: frame.outputs,
      inputs: frame.inputs,
      weights: frame.weights,
      points: frame.points ?? new Float32Array(0),
      curve: new Curve(frame.curve),
      events: frame.events,
      verdict: frame.verdict,
      statistics: frame.statistics ?? [],
      scores: frame.scores,
      replicas: frame.replicas,
      replicaPicture: frame.replicaPicture,
      kept: keptAfter(scene?.kept ?? [], frame),
      structureVersion: (scene?.structureVersion ?? 0) + (same ? 0 : 1),
      pointsVersion: (scene?.pointsVersion ?? 0) + 1,
    };
  }
  if (frame.curve !== null) scene.curve.append(frame.curve);
  return {
    ...scene,
    frame,
    plane: frame.plane ?? scene.plane,
    units: frame.units ?? scene.units,
    outputs: frame.outputs ?? scene.outputs,
    inputs: frame.inputs ?? scene.inputs,
    weights: frame.weights ?? scene.weights,
    verdict: frame.verdict ?? scene.verdict,
    statistics: frame.statistics ?? scene.statistics,
    scores: frame.scores ?? scene.scores,
    replicas: frame.replicas,
    replicaPicture:
      frame.replicas === null ? null : (frame.replicaPicture ?? scene.replicaPicture),
    kept: keptAfter(scene.kept, frame),
    points: frame.points ?? scene.points,
    pointsVersion: scene.pointsVersion + (frame.points === null ? 0 : 1),
    events: frame.events.length > 0 ? newest(scene.events, frame.events) : scene.events,
  };
}

/** The events that are marked, as many as the kernel puts into a full picture (`MAX_MARKS`). */
function newest(before: readonly RunEvent[], more: readonly RunEvent[]): readonly RunEvent[] {
  return [...before, ...more].slice(-MAX_MARKS);
}

/** Hidden units drawn: the pictures in `units`. */
export function shownUnits(shown: readonly number[]): number {
  return shown.slice(1, -1).reduce((sum, units) => sum + units, 0);
}

/** Numbers in `weights`: for each layer the drawn block, its last row the biases. */
export function weightCount(shown: readonly number[]): number {
  let count = 0;
  for (let l = 1; l < shown.length; l += 1) count += ((shown[l - 1] ?? 0) + 1) * (shown[l] ?? 0);
  return count;
}

function checkFit(structure: Structure, frame: Frame): void {
  const { shown } = structure;
  const units = shownUnits(shown);
  if (frame.units !== null && frame.units.count !== units) {
    throw new ProtocolError(`There are ${frame.units.count} unit pictures for ${units} units.`);
  }
  const weights = weightCount(shown);
  if (frame.weights !== null && frame.weights.length !== weights) {
    throw new ProtocolError(`There are ${frame.weights.length} weights; ${weights} are drawn.`);
  }
  const outputs = structure.kind === "winner" ? shown.at(-1) : 0;
  if (frame.outputs !== null && frame.outputs.count !== outputs) {
    throw new ProtocolError(`There are ${frame.outputs.count} output pictures, not ${outputs}.`);
  }
  const told = frame.statistics?.length ?? 0;
  if (told > 0 && told !== shown.length - 1) {
    throw new ProtocolError(`There are statistics of ${told} layers, not ${shown.length - 1}.`);
  }
  if (frame.inputs !== null && frame.inputs.count !== shown[0]) {
    throw new ProtocolError(`There are ${frame.inputs.count} input pictures, not ${shown[0]}.`);
  }
}

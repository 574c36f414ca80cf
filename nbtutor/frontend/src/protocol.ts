// The only place that names fields of the wire. Everything that arrives is checked here, so the
// rest of the front end works with typed, complete values.

import { ROW } from "./curve";
import { OUTCOMES, type Sweep } from "./sweep";

export type RunState = "idle" | "playing" | "paused" | "error";

export interface RunEvent {
  readonly epoch: number;
  readonly label: string;
}

/** What the plane's bytes mean; see protocol.py. */
export const KINDS = ["probability", "winner", "value"] as const;
export type FieldKind = (typeof KINDS)[number];

/** What changes only when the data, the inputs or the architecture change. */
export interface Structure {
  /** True sizes, inputs first. */
  readonly layers: readonly number[];
  /** Units drawn, at most eight a layer. */
  readonly shown: readonly number[];
  readonly inputs: readonly string[];
  /** xmin, xmax, ymin, ymax of the plane. */
  readonly domain: readonly [number, number, number, number];
  readonly kind: FieldKind;
  /** 0 where values are predicted and not classes. */
  readonly classes: number;
  readonly parameters: number;
  readonly trainingPoints: number;
  /** Whether the points are the learner's own. */
  readonly own: boolean;
  /** What the classes are called; empty where they have numbers only. */
  readonly classNames: readonly string[];
}

export const FITS = ["untrained", "underfit", "overfit", "good", "unknown"] as const;

export interface Verdict {
  readonly kind: (typeof FITS)[number];
  readonly sentence: string;
}

/** What may be said of a layer. */
export const SIGNS = ["", "exploding", "dead units", "vanishing", "saturated"] as const;

/** One layer with weights; null is what is no number, or not defined for the layer. */
export interface LayerStatistics {
  readonly units: number;
  readonly gradient: number | null;
  readonly updateRatio: number | null;
  readonly dead: number | null;
  readonly saturated: number | null;
  readonly sign: (typeof SIGNS)[number];
}

/** Rows are true classes, columns what the network takes the points for. */
export type Confusion = readonly (readonly number[])[];

/** Class by class, or the shares explained of a regression; null where one is not defined. */
export type Scores =
  | { readonly kind: "classes"; readonly train: Confusion; readonly validation: Confusion }
  | { readonly kind: "values"; readonly train: number | null; readonly validation: number | null };

/** The replicas' expected squared error; the first three make up the fourth. */
export interface Spread {
  readonly bias2: number;
  readonly variance: number;
  readonly noise: number;
  readonly expectedError: number;
  /** The expected error of the best answer that is the same everywhere. */
  readonly chance: number;
}

/** More networks beside the run, each on a draw of the data of its own. */
export interface Replicas {
  readonly count: number;
  readonly epoch: number;
  /** Whether they have more to do until they are where the run is. */
  readonly behind: boolean;
  readonly note: string;
  /** Null while it is not known. */
  readonly spread: Spread | null;
}

export interface ReplicaPicture {
  /** Pieces of boundaries: x and y of both ends, `FULL_SCALE` is the plane's width and height. */
  readonly lines: Uint16Array;
  /** How many pieces each replica has; they follow each other in `lines`. */
  readonly counts: Uint16Array;
  readonly mean: Pictures;
  /** Of values, the standard deviation over the replicas. */
  readonly spread: Pictures | null;
}

export const FULL_SCALE = 65_535;

/** The stages of slow motion; forward and backward are one for each layer. */
export const STAGES = ["pick", "forward", "loss", "backward", "update"] as const;

/** One stage of slow motion, as nbtutor/widgets/slow_motion.py tells it. */
export interface Stage {
  /** Rises with each stage. */
  readonly serial: number;
  /** From 1 to `count`. */
  readonly number: number;
  readonly count: number;
  readonly name: (typeof STAGES)[number];
  readonly title: string;
  readonly sentence: string;
  readonly formulas: readonly StageFormula[];
  /** Layer of the diagram; unit -1 for all of it. */
  readonly layer: number;
  readonly unit: number;
  readonly links: "in" | "out" | "";
  readonly choices: readonly StageChoice[];
  /** Which point of the batch is shown, from 0. */
  readonly point: number;
  readonly batch: number;
  /** The batch in the plane, the point that is shown first. */
  readonly marked: readonly (readonly [x: number, y: number])[];
  readonly playing: boolean;
}

export interface StageFormula {
  readonly symbols: string;
  readonly numbers: string;
  readonly result: string;
}

export interface StageChoice {
  readonly layer: number;
  readonly unit: number;
  readonly name: string;
}

/** Where the run ends, and which of its epochs can be gone back to. */
export interface Span {
  /** In epochs. */
  readonly end: number;
  /** Each how many epochs a state is kept, from 0 on. */
  readonly every: number;
  /** Whether an earlier epoch is shown. */
  readonly scrubbed: boolean;
}

/** A run that is kept beside the present one. */
export interface KeptRun {
  readonly number: number;
  readonly name: string;
  readonly epoch: number;
  readonly updates: number;
  readonly seconds: number;
  readonly trainLoss: number | null;
  readonly validationLoss: number | null;
  /** Whether its losses may stand in the same picture. */
  readonly comparable: boolean;
  /** From the present run, in words. */
  readonly difference: string;
  /** Of its curve; 0 where no curves came along. */
  readonly rows: number;
}

/** Pictures of one byte a pixel: `count` of them, one after the other. */
export interface Pictures {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly data: Uint8Array;
}

export interface Frame {
  readonly seq: number;
  readonly full: boolean;
  readonly state: RunState;
  readonly epoch: number;
  readonly updates: number;
  readonly trainLoss: number | null;
  readonly validationLoss: number | null;
  readonly trainAccuracy: number | null;
  readonly validationAccuracy: number | null;
  readonly message: string;
  readonly tookMs: number;
  /** Of training so far. */
  readonly seconds: number;
  readonly span: Span;
  /** Null where there is nothing new. */
  readonly runs: readonly KeptRun[] | null;
  /** The curves of the kept runs, one after the other; full frames only. */
  readonly saved: Float32Array | null;
  readonly events: readonly RunEvent[];
  readonly activation: string;
  /** Null where there is no newer one. */
  readonly verdict: Verdict | null;
  /** Null where there are no newer ones, empty while nobody looks at them. */
  readonly statistics: readonly LayerStatistics[] | null;
  /** Null where there are no newer ones, and while nobody looks at them. */
  readonly scores: Scores | null;
  /** Of the next update where a schedule changes it, else null. */
  readonly learningRate: number | null;
  /** Null where they are off. */
  readonly replicas: Replicas | null;
  /** Null where there is no newer one. */
  readonly replicaPicture: ReplicaPicture | null;
  /** Of slow motion; null while it is off. */
  readonly stage: Stage | null;
  readonly structure: Structure | null;
  readonly plane: Pictures | null;
  readonly units: Pictures | null;
  /** The probability of every class, where there are more than two. */
  readonly outputs: Pictures | null;
  readonly inputs: Pictures | null;
  readonly weights: Float32Array | null;
  /** Rows of epoch, train loss, validation loss. */
  readonly curve: Float32Array | null;
  /** Rows of x, y, class or value, 1 if validation. */
  readonly points: Float32Array | null;
}

/** A file that was asked for. */
export interface SentFile {
  /** What it was asked for as. */
  readonly what: string;
  readonly name: string;
  readonly mime: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export type Incoming =
  | { readonly kind: "frame"; readonly frame: Frame }
  | { readonly kind: "file"; readonly file: SentFile }
  | { readonly kind: "error"; readonly message: string };

export interface Tick {
  readonly seen: number;
  readonly window: number;
  readonly again: boolean;
}

export type BufferLike = ArrayBuffer | ArrayBufferView;

export class ProtocolError extends Error {}

/** Names of the traits that the kernel keeps in step with the browser. */
export const TRAITS = {
  view: "view",
  hub: "hub",
  snapshot: "snapshot",
  state: "state",
  message: "message",
  error: "error",
  playing: "playing",
  link: "link",
  recovery: "recovery",
  files: "files",
  examples: "examples",
  sweep: "sweep",
  hidden: "hidden",
  locked: "locked",
  layersOpen: "layers_open",
  scoresOpen: "scores_open",
  spec: "spec",
  pickable: "pickable",
  done: "done",
  total: "total",
  layers: "layers",
  activations: "activations",
  showValidation: "show_validation",
  discretize: "discretize",
  drawing: "drawing",
  on: "on",
} as const;

export const VIEWS = ["status", "plane", "network", "curves", "verdict", "replicas", "share", "slow",
  "chart", "stage", "prediction", "exercises", "program"] as const;
export type ViewName = (typeof VIEWS)[number];

const MODEL_PREFIX = "IPY_MODEL_";
const STATES: readonly string[] = ["idle", "playing", "paused", "error"];

// Far above anything that is sent, and small enough that a broken header cannot exhaust the page.
const MOST_BYTES = 16 * 1024 * 1024;
const MOST_LAYERS = 64;
const MOST_CLASSES = 64;
const MOST_REPLICAS = 1_000;
const MOST_RUNS = 64;

export function tickMessage(tick: Tick): object {
  return { type: "tick", seen: tick.seen, window: tick.window, again: tick.again };
}

export function syncMessage(): object {
  return { type: "sync" };
}

export function openMessage(link: string): object {
  return { type: "open", link };
}

export function exportMessage(what: string): object {
  return { type: "export", what };
}

/** `name` is one that the kernel offers; `args` is what that action takes. */
export function actMessage(name: string, args: Readonly<Record<string, unknown>>): object {
  return { type: "act", name, arguments: args };
}

/** The files that can be asked for: pairs of a name and a label. */
export function parseFiles(value: unknown): readonly (readonly [what: string, label: string])[] {
  if (!Array.isArray(value)) return refuse(`files is ${show(value)}; it must be a list`);
  return value.map((pair: unknown) => {
    const [what = "", label = ""] = parseNames("files", pair);
    return [what, label] as const;
  });
}

export interface ExampleCard {
  readonly name: string;
  readonly title: string;
  readonly kind: "works" | "fails";
  readonly sentence: string;
}

/** The examples: name, title, kind and sentence of each. */
export function parseExamples(value: unknown): readonly ExampleCard[] {
  if (!Array.isArray(value)) return refuse(`examples is ${show(value)}; it must be a list`);
  return value.map((row: unknown) => {
    const [name = "", title = "", kind = "", sentence = ""] = parseNames("examples", row);
    return { name, title, kind: oneOf("kind", kind, ["works", "fails"] as const), sentence };
  });
}

/** The state of a sweep, or null where there is none. */
export function parseSweep(value: unknown): Sweep | null {
  const sweep = record(value ?? {}, "sweep");
  if (sweep.state === undefined) return null;
  const { rates, losses, outcomes } = sweep;
  if (!Array.isArray(rates) || !Array.isArray(losses) || !Array.isArray(outcomes)) {
    return refuse("rates, losses and outcomes of a sweep must be lists");
  }
  if (rates.length === 0 || losses.length !== rates.length) {
    return refuse(`a sweep has ${losses.length} losses for ${rates.length} rates`);
  }
  if (outcomes.length !== 0 && outcomes.length !== rates.length) {
    return refuse(`a sweep has ${outcomes.length} outcomes for ${rates.length} rates`);
  }
  const total = integer(sweep, "total", 1, Number.MAX_SAFE_INTEGER);
  return {
    state: oneOf("state", sweep.state, ["running", "stopped", "done"] as const),
    portions: integer(sweep, "portions", 0, Number.MAX_SAFE_INTEGER),
    done: integer(sweep, "done", 0, total),
    total,
    start: number(sweep, "start", 0),
    present: number(sweep, "present", 0),
    fits: flag(sweep, "fits"),
    rates: rates.map((_, place) => number(rates as unknown as Fields, String(place), 0)),
    losses: losses.map((_, place) => optional(losses as unknown as Fields, String(place))),
    outcomes: outcomes.map((word: unknown) => oneOf("outcomes", word, OUTCOMES)),
  };
}

export function parseNames(name: string, value: unknown): readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string")
    ? (value as string[])
    : refuse(`${name} is ${show(value)}; it must be a list of texts`);
}

/** What a hidden layer has of its own. */
export interface LayerSetting {
  /** The activation's name. */
  readonly activation: string;
  readonly dropout: number;
}

/** Of every hidden layer: pairs of an activation and a dropout. */
export function parseLayers(value: unknown): readonly LayerSetting[] {
  if (!Array.isArray(value) || value.length > MOST_LAYERS) {
    return refuse(`layers is ${show(value)}; it must be a list of at most ${MOST_LAYERS} layers`);
  }
  return value.map((pair: unknown) => {
    const [activation, dropout] = Array.isArray(pair) ? pair : [];
    const layer = { activation, dropout };
    return { activation: text(layer, "activation"), dropout: share(layer, "dropout") };
  });
}

/** An activation that a layer can have. */
export interface ActivationChoice {
  readonly name: string;
  readonly label: string;
  /** Its values at even steps from one z to the opposite one. */
  readonly curve: readonly number[];
}

/** The activations: triples of a name, a label and a curve. */
export function parseActivations(value: unknown): readonly ActivationChoice[] {
  if (!Array.isArray(value)) return refuse(`activations is ${show(value)}; it must be a list`);
  return value.map((triple: unknown) => {
    const [name, label, curve] = Array.isArray(triple) ? triple : [];
    if (!Array.isArray(curve) || curve.length < 2 || !curve.every(Number.isFinite)) {
      return refuse(`the curve of ${show(name)} is ${show(curve)}; it must be a list of numbers`);
    }
    const choice = { name, label };
    return { name: text(choice, "name"), label: text(choice, "label"), curve: curve as number[] };
  });
}

export function parseViewName(value: unknown): ViewName {
  const name = VIEWS.find((known) => known === value);
  return name ?? refuse(`view is ${show(value)}; it must be one of ${VIEWS.join(", ")}`);
}

/** The model id in the `hub` trait. */
export function parseModelReference(value: unknown): string {
  if (typeof value !== "string" || !value.startsWith(MODEL_PREFIX)) {
    return refuse(`hub is ${show(value)}; it must be "${MODEL_PREFIX}" and a model id`);
  }
  return value.slice(MODEL_PREFIX.length);
}

export function parseRunState(value: unknown): RunState {
  return STATES.includes(value as string)
    ? (value as RunState)
    : refuse(`state is ${show(value)}; it must be one of ${STATES.join(", ")}`);
}

/** A message from the kernel. */
export function decodeMessage(content: unknown, buffers: readonly BufferLike[]): Incoming {
  const message = record(content, "message");
  if (message.type === "frame") return { kind: "frame", frame: decodeFrame(message, buffers) };
  if (message.type === "error") return { kind: "error", message: text(message, "message") };
  if (message.type === "file") return { kind: "file", file: decodeFile(message, buffers) };
  return refuse(`type is ${show(message.type)}; it must be "frame", "file" or "error"`);
}

/** The frame in the `snapshot` trait, or null where there is none yet. */
export function decodeSnapshot(value: unknown): Frame | null {
  if (value === null || value === undefined) return null;
  const snapshot = record(value, "snapshot");
  if (snapshot.header === undefined) return null;
  if (!Array.isArray(snapshot.buffers)) return refuse("snapshot.buffers must be a list");
  return decodeFrame(record(snapshot.header, "snapshot.header"), snapshot.buffers);
}

export type Beat =
  | { readonly kind: "beat"; readonly seq: number; readonly tookMs: number }
  | { readonly kind: "error"; readonly message: string };

/** A message from a lesson's stage. */
export function decodeBeat(content: unknown): Beat {
  const message = record(content, "message");
  if (message.type === "error") return { kind: "error", message: text(message, "message") };
  if (message.type !== "beat") return refuse(`type is ${show(message.type)}; it must be "beat"`);
  const seq = integer(message, "seq", 0, Number.MAX_SAFE_INTEGER);
  return { kind: "beat", seq, tookMs: number(message, "took_ms", 0) };
}

function decodeFile(header: Fields, buffers: readonly unknown[]): SentFile {
  if (buffers.length !== 1) return refuse(`a file has ${buffers.length} buffers; it must be one`);
  const name = text(header, "name");
  // It becomes a name in a person's folder.
  if (!/^[\w-]+(\.[\w-]+)*$/.test(name)) {
    return refuse(`name is ${show(name)}; it must be letters, digits, "-", "_" and "."`);
  }
  const bytes = Uint8Array.from(bytesOf(buffers[0], name));
  return { what: text(header, "what"), name, mime: text(header, "mime"), bytes };
}

function decodeFrame(header: Fields, buffers: readonly unknown[]): Frame {
  const full = flag(header, "full");
  const arrays = record(header.arrays, "arrays");
  const take = (name: string): NamedArray | null =>
    arrays[name] === undefined ? null : decodeArray(name, arrays[name], buffers);
  return {
    seq: integer(header, "seq", 0, Number.MAX_SAFE_INTEGER),
    full,
    state: parseRunState(header.state),
    epoch: number(header, "epoch", 0),
    updates: integer(header, "updates", 0, Number.MAX_SAFE_INTEGER),
    trainLoss: optional(header, "train_loss"),
    validationLoss: optional(header, "validation_loss"),
    trainAccuracy: optional(header, "train_accuracy"),
    validationAccuracy: optional(header, "validation_accuracy"),
    message: text(header, "message"),
    tookMs: number(header, "took_ms", 0),
    seconds: number(header, "seconds", 0),
    span: decodeSpan(header.span),
    runs: decodeRuns(header.runs),
    saved: floats(take("saved"), ROW),
    events: decodeEvents(header.events),
    activation: text(header, "activation"),
    verdict: decodeVerdict(header.verdict),
    statistics: decodeStatistics(header.statistics),
    scores: decodeScores(header.scores),
    learningRate: optional(header, "learning_rate"),
    replicas: decodeReplicas(header.replicas),
    replicaPicture: decodeReplicaPicture(take),
    stage: decodeStage(header.stage),
    structure: full ? decodeStructure(header) : null,
    plane: pictures(take("plane"), 2),
    units: pictures(take("units"), 3),
    outputs: pictures(take("outputs"), 3),
    inputs: pictures(take("inputs"), 3),
    weights: floats(take("weights"), null),
    curve: floats(take("curve"), ROW),
    points: floats(take("points"), 4),
  };
}

function decodeStructure(header: Fields): Structure {
  const sizes = (name: string): number[] => {
    const list = header[name];
    if (!Array.isArray(list) || list.length < 2 || list.length > MOST_LAYERS) {
      return refuse(`${name} is ${show(list)}; it must be a list of 2 to ${MOST_LAYERS} sizes`);
    }
    return list.map((size: unknown) => checkInteger(name, size, 1, 100_000));
  };
  const layers = sizes("layers");
  const shown = sizes("shown");
  if (shown.length !== layers.length || shown.some((n, l) => n > (layers[l] ?? 0))) {
    refuse(`shown is ${show(shown)}; it must not exceed layers, ${show(layers)}`);
  }
  const inputs = header.inputs;
  if (!Array.isArray(inputs) || !inputs.every((name) => typeof name === "string")) {
    return refuse(`inputs is ${show(inputs)}; it must be a list of names`);
  }
  const domain = header.domain;
  if (!Array.isArray(domain) || domain.length !== 4 || !domain.every(Number.isFinite)) {
    return refuse(`domain is ${show(domain)}; it must be four finite numbers`);
  }
  const [xmin, xmax, ymin, ymax] = domain as [number, number, number, number];
  if (!(xmin < xmax && ymin < ymax)) refuse(`domain is ${show(domain)}; it must not be empty`);
  return {
    layers,
    shown,
    inputs: inputs as string[],
    domain: [xmin, xmax, ymin, ymax],
    kind: parseKind(header.kind),
    classes: integer(header, "classes", 0, 1000),
    parameters: integer(header, "parameters", 1, Number.MAX_SAFE_INTEGER),
    trainingPoints: integer(header, "training_points", 1, Number.MAX_SAFE_INTEGER),
    own: flag(header, "own"),
    classNames: parseNames("class_names", header.class_names),
  };
}

function decodeSpan(value: unknown): Span {
  const fields = record(value, "span");
  return {
    end: number(fields, "end", 0),
    every: integer(fields, "every", 1, Number.MAX_SAFE_INTEGER),
    scrubbed: flag(fields, "scrubbed"),
  };
}

function decodeRuns(value: unknown): KeptRun[] | null {
  if (value === null || value === undefined) return null;
  if (!Array.isArray(value) || value.length > MOST_RUNS) {
    return refuse(`runs is ${show(value)}; it must be a list of at most ${MOST_RUNS}`);
  }
  const most = Number.MAX_SAFE_INTEGER;
  return value.map((item: unknown) => {
    const run = record(item, "runs");
    return {
      number: integer(run, "number", 1, most),
      name: text(run, "name"),
      epoch: number(run, "epoch", 0),
      updates: integer(run, "updates", 0, most),
      seconds: number(run, "seconds", 0),
      trainLoss: optional(run, "train_loss"),
      validationLoss: optional(run, "validation_loss"),
      comparable: flag(run, "comparable"),
      difference: text(run, "difference"),
      rows: run.rows === undefined ? 0 : integer(run, "rows", 0, MOST_BYTES),
    };
  });
}

function decodeVerdict(value: unknown): Verdict | null {
  if (value === null || value === undefined) return null;
  const fields = record(value, "verdict");
  return { kind: oneOf("verdict.kind", fields.kind, FITS), sentence: text(fields, "sentence") };
}

function decodeStatistics(value: unknown): LayerStatistics[] | null {
  if (value === null || value === undefined) return null;
  if (!Array.isArray(value) || value.length > MOST_LAYERS) {
    return refuse(`statistics is ${show(value)}; it must be a list of at most ${MOST_LAYERS} layers`);
  }
  return value.map((item: unknown) => {
    const layer = record(item, "statistics");
    const units = integer(layer, "units", 1, 100_000);
    return {
      units,
      gradient: layer.gradient === null ? null : number(layer, "gradient", 0),
      updateRatio: layer.update_ratio === null ? null : number(layer, "update_ratio", 0),
      dead: layer.dead === null ? null : integer(layer, "dead", 0, units),
      saturated: layer.saturated === null ? null : share(layer, "saturated"),
      sign: oneOf("sign", layer.sign, SIGNS),
    };
  });
}

function decodeScores(value: unknown): Scores | null {
  if (value === null || value === undefined) return null;
  const scores = record(value, "scores");
  if (!Array.isArray(scores.train)) {
    const [train, validation] = [optional(scores, "train"), optional(scores, "validation")];
    return { kind: "values", train, validation };
  }
  const [train, validation] = [confusion(scores, "train"), confusion(scores, "validation")];
  if (train.length !== validation.length) refuse("the confusions must be of the same classes");
  return { kind: "classes", train, validation };
}

function confusion(scores: Fields, name: string): Confusion {
  const rows = scores[name];
  if (!Array.isArray(rows) || rows.length < 2 || rows.length > MOST_CLASSES) {
    return refuse(`${name} is ${show(rows)}; it must be a list of 2 to ${MOST_CLASSES} rows`);
  }
  return rows.map((row: unknown) => {
    if (!Array.isArray(row) || row.length !== rows.length) {
      return refuse(`a row of ${name} is ${show(row)}; it must be a list of ${rows.length} counts`);
    }
    return row.map((n: unknown) => checkInteger(`a count of ${name}`, n, 0, Number.MAX_SAFE_INTEGER));
  });
}

function decodeReplicas(value: unknown): Replicas | null {
  if (value === null || value === undefined) return null;
  const fields = record(value, "replicas");
  return {
    count: integer(fields, "count", 1, MOST_REPLICAS),
    epoch: number(fields, "epoch", 0),
    behind: flag(fields, "behind"),
    note: text(fields, "note"),
    spread: fields.spread === null ? null : decodeSpread(record(fields.spread, "replicas.spread")),
  };
}

function decodeSpread(fields: Fields): Spread {
  return {
    bias2: number(fields, "bias2", 0),
    variance: number(fields, "variance", 0),
    noise: number(fields, "noise", 0),
    expectedError: number(fields, "expected_error", 0),
    chance: number(fields, "chance", 0),
  };
}

function decodeReplicaPicture(take: (name: string) => NamedArray | null): ReplicaPicture | null {
  const mean = pictures(take("replica_mean"), 2);
  const lines = take("replica_lines");
  const counts = take("replica_counts");
  if (mean === null || lines === null || counts === null) return null;
  const picture = { lines: words(lines, 4), counts: words(counts, null), mean };
  const pieces = picture.counts.reduce((sum, count) => sum + count, 0);
  if (4 * pieces !== picture.lines.length) {
    return refuse(`replica_counts make ${pieces} pieces; there are ${picture.lines.length / 4}`);
  }
  return { ...picture, spread: pictures(take("replica_spread"), 2) };
}

function decodeStage(value: unknown): Stage | null {
  if (value === null || value === undefined) return null;
  const stage = record(value, "stage");
  const count = integer(stage, "count", 1, 1000);
  const batch = integer(stage, "batch", 1, Number.MAX_SAFE_INTEGER);
  return {
    serial: integer(stage, "serial", 0, Number.MAX_SAFE_INTEGER),
    number: integer(stage, "number", 1, count),
    count,
    name: oneOf("stage.name", stage.name, STAGES),
    title: text(stage, "title"),
    sentence: text(stage, "sentence"),
    formulas: list(stage, "formulas").map((item) => {
      const [symbols = "", numbers = "", result = ""] = parseNames("formulas", item);
      return { symbols, numbers, result };
    }),
    layer: integer(stage, "layer", 0, MOST_LAYERS),
    unit: integer(stage, "unit", -1, 100_000),
    links: oneOf("stage.links", stage.links, ["in", "out", ""] as const),
    choices: list(stage, "choices").map((item) => {
      if (!Array.isArray(item)) return refuse(`choices has ${show(item)}; it must be a list`);
      const [layer, unit, name] = item as unknown[];
      return {
        layer: checkInteger("choices", layer, 1, MOST_LAYERS),
        unit: checkInteger("choices", unit, 0, 100_000),
        name: String(name),
      };
    }),
    point: integer(stage, "point", 0, batch - 1),
    batch,
    marked: list(stage, "marked").map((item) => {
      if (!Array.isArray(item) || item.length !== 2 || !item.every(Number.isFinite)) {
        return refuse(`marked has ${show(item)}; it must be two finite numbers`);
      }
      return item as [number, number];
    }),
    playing: flag(stage, "playing"),
  };
}

function parseKind(value: unknown): FieldKind {
  return oneOf("kind", value, KINDS);
}

function decodeEvents(value: unknown): RunEvent[] {
  if (!Array.isArray(value)) return refuse(`events is ${show(value)}; it must be a list`);
  return value.map((item: unknown) => {
    if (!Array.isArray(item)) return refuse(`events has ${show(item)}; it must have pairs`);
    const [epoch, label] = item as unknown[];
    return { epoch: number({ epoch }, "epoch", 0), label: text({ label }, "label") };
  });
}

interface NamedArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array | Uint16Array | Float32Array;
}

/** Bytes a number has. */
const WIDTHS = { uint8: 1, uint16: 2, float32: 4 } as const;
const DTYPES = ["uint8", "uint16", "float32"] as const;

function decodeArray(name: string, value: unknown, buffers: readonly unknown[]): NamedArray {
  const description = record(value, `arrays.${name}`);
  const list = description.shape;
  if (!Array.isArray(list) || list.length === 0 || list.length > 3) {
    return refuse(`arrays.${name}.shape is ${show(list)}; it must be a list of 1 to 3 sizes`);
  }
  const shape = list.map((size: unknown) => checkInteger(`arrays.${name}.shape`, size, 0, MOST_BYTES));
  const dtype = oneOf(`arrays.${name}.dtype`, description.dtype, DTYPES);
  const index = integer(description, "buffer", 0, buffers.length - 1);
  const bytes = bytesOf(buffers[index], name);
  const length = shape.reduce((product, size) => product * size, 1);
  const expected = length * WIDTHS[dtype];
  if (expected > MOST_BYTES || bytes.byteLength !== expected) {
    return refuse(`arrays.${name} has ${bytes.byteLength} bytes; its shape needs ${expected}`);
  }
  if (dtype === "uint8") return { name, shape, data: bytes };
  // A view of four-byte numbers must start at a multiple of four; a buffer that arrives inside a
  // larger message often does not.
  const aligned = bytes.byteOffset % WIDTHS[dtype] === 0 ? bytes : bytes.slice();
  if (dtype === "uint16") {
    return { name, shape, data: new Uint16Array(aligned.buffer, aligned.byteOffset, length) };
  }
  return { name, shape, data: new Float32Array(aligned.buffer, aligned.byteOffset, length) };
}

export function bytesOf(buffer: unknown, name: string): Uint8Array {
  if (ArrayBuffer.isView(buffer)) {
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  }
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer);
  return refuse(`the buffer of ${name} is ${show(buffer)}; it must be binary`);
}

function pictures(array: NamedArray | null, dimensions: 2 | 3): Pictures | null {
  if (array === null) return null;
  if (!(array.data instanceof Uint8Array) || array.shape.length !== dimensions) {
    return refuse(`arrays.${array.name} must be uint8 with ${dimensions} dimensions`);
  }
  const [count, height, width] = dimensions === 2 ? [1, ...array.shape] : array.shape;
  if (height === undefined || width === undefined || count === undefined) {
    return refuse(`arrays.${array.name} must have ${dimensions} dimensions`);
  }
  if (height < 1 || width < 1) return refuse(`arrays.${array.name} has an empty picture`);
  return { count, height, width, data: array.data };
}

/** Rows of `columns` numbers, or a plain list where `columns` is null. */
function floats(array: NamedArray | null, columns: number | null): Float32Array | null {
  if (array === null) return null;
  const fits = columns === null ? array.shape.length === 1 : array.shape[1] === columns;
  if (!(array.data instanceof Float32Array) || !fits) {
    const wanted = columns === null ? "one dimension" : `rows of ${columns}`;
    return refuse(`arrays.${array.name} must be float32 with ${wanted}`);
  }
  return array.data;
}

/** As `floats`, of two-byte numbers. */
function words({ name, shape, data }: NamedArray, columns: number | null): Uint16Array {
  const fits = columns === null ? shape.length === 1 : shape.length === 2 && shape[1] === columns;
  return data instanceof Uint16Array && fits
    ? data
    : refuse(`arrays.${name} must be uint16 with ${columns ?? "one dimension"}`);
}

export type Fields = Record<string, unknown>;

export function record(value: unknown, name: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse(`${name} is ${show(value)}; it must be an object`);
  }
  return value as Fields;
}

function list(fields: Fields, name: string): unknown[] {
  const value = fields[name];
  return Array.isArray(value) ? value : refuse(`${name} is ${show(value)}; it must be a list`);
}

export function text(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : refuse(`${name} is ${show(value)}; it must be text`);
}

export function flag(fields: Fields, name: string): boolean {
  const value = fields[name];
  return typeof value === "boolean"
    ? value
    : refuse(`${name} is ${show(value)}; it must be true or false`);
}

function number(fields: Fields, name: string, least: number): number {
  const value = fields[name];
  return typeof value === "number" && Number.isFinite(value) && value >= least
    ? value
    : refuse(`${name} is ${show(value)}; it must be a number of at least ${least}`);
}

function optional(fields: Fields, name: string): number | null {
  const value = fields[name];
  if (value === null || value === undefined) return null;
  return typeof value === "number" && Number.isFinite(value)
    ? value
    : refuse(`${name} is ${show(value)}; it must be a finite number or null`);
}

function share(fields: Fields, name: string): number {
  const value = number(fields, name, 0);
  return value <= 1 ? value : refuse(`${name} is ${value}; it must be at most 1`);
}

export function oneOf<T extends string>(name: string, value: unknown, known: readonly T[]): T {
  const found = known.find((one) => one === value);
  return found ?? refuse(`${name} is ${show(value)}; it must be one of ${known.join(", ")}`);
}

function integer(fields: Fields, name: string, least: number, most: number): number {
  return checkInteger(name, fields[name], least, most);
}

function checkInteger(name: string, value: unknown, least: number, most: number): number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
    ? (value as number)
    : refuse(`${name} is ${show(value)}; it must be a whole number from ${least} to ${most}`);
}

export function show(value: unknown): string {
  const shown = JSON.stringify(value) ?? String(value);
  return shown.length > 60 ? `${shown.slice(0, 57)}...` : shown;
}

export function refuse(why: string): never {
  throw new ProtocolError(`A message from the kernel was refused: ${why}.`);
}

// Frames as the kernel sends them, for tests.

export interface Message {
  readonly header: Record<string, unknown>;
  readonly buffers: DataView[];
}

type Data = Uint8Array | Uint16Array | Float32Array;
type Arrays = Record<string, readonly [shape: readonly number[], data: Data]>;

/** Buffers as they arrive: views into a larger message, at an odd offset. */
function view(data: Data): DataView {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const message = new Uint8Array(bytes.length + 10);
  message.set(bytes, 3);
  return new DataView(message.buffer, 3, bytes.length);
}

export function message(header: Record<string, unknown>, arrays: Arrays): Message {
  const described: Record<string, unknown> = {};
  const buffers: DataView[] = [];
  for (const [name, [shape, data]] of Object.entries(arrays)) {
    const dtype = data.constructor.name.replace("Array", "").toLowerCase();
    described[name] = { dtype, shape, buffer: buffers.length };
    buffers.push(view(data));
  }
  return {
    header: {
      type: "frame",
      seq: 1,
      full: false,
      state: "playing",
      epoch: 1,
      updates: 25,
      train_loss: 0.5,
      validation_loss: 0.6,
      train_accuracy: 0.9,
      validation_accuracy: null,
      message: "Training.",
      took_ms: 2,
      seconds: 0.2,
      span: { end: 1, every: 1, scrubbed: false },
      events: [],
      activation: "tanh",
      arrays: described,
      ...header,
    },
    buffers,
  };
}

/** A frame of a 2-3-1 network with a 2 x 2 plane. */
export function partFrame(seq: number, header: Record<string, unknown> = {}): Message {
  return message(
    { seq, epoch: seq, ...header },
    {
      plane: [[2, 2], Uint8Array.of(0, 127, 128, 255)],
      units: [[3, 2, 2], new Uint8Array(12)],
      weights: [[13], Float32Array.from({ length: 13 }, (_, k) => k / 2)],
      curve: [[1, 5], Float32Array.of(seq, 1 / (seq + 1), Number.NaN, 0.9, Number.NaN)],
    },
  );
}

export function fullFrame(seq: number, header: Record<string, unknown> = {}): Message {
  return message(
    {
      seq,
      epoch: seq,
      full: true,
      layers: [2, 3, 1],
      shown: [2, 3, 1],
      inputs: ["x", "y"],
      domain: [-6, 6, -6, 6],
      kind: "probability",
      classes: 2,
      parameters: 13,
      training_points: 1,
      own: false,
      class_names: [],
      ...header,
    },
    {
      plane: [[2, 2], Uint8Array.of(0, 127, 128, 255)],
      units: [[3, 2, 2], new Uint8Array(12)],
      weights: [[13], Float32Array.from({ length: 13 }, (_, k) => k / 2)],
      curve: [[2, 5], Float32Array.of(0, 0.7, 0.8, 0.5, 0.4, 1, 0.5, 0.6, 0.8, 0.7)],
      points: [[2, 4], Float32Array.of(1, 2, 0, 0, -1, -2, 1, 1)],
      inputs: [[2, 2, 2], new Uint8Array(8)],
    },
  );
}

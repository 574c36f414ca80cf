// What the page of a static lesson and its worker say to each other.

/** A message of a widget's connection, as Jupyter writes it, with the type outside the header. */
export interface CommMessage {
  readonly msg_type: "comm_open" | "comm_msg" | "comm_close";
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly content: {
    readonly comm_id: string;
    readonly data: Record<string, unknown>;
    readonly target_name?: string;
  };
}

export interface Output {
  readonly output_type: "stream" | "display_data" | "execute_result" | "error" | "clear";
  readonly data?: Readonly<Record<string, unknown>>;
  readonly text?: string;
  readonly ename?: string;
  readonly evalue?: string;
}

export interface Start {
  readonly kind: "start";
  /** The folder of Pyodide, with a slash at the end. */
  readonly pyodide: string;
  readonly wheels: readonly string[];
  /** Bytes of files by address, as far as they were known when the site was built. */
  readonly sizes: Readonly<Record<string, number>>;
}

export type ToWorker =
  | Start
  | { readonly kind: "run"; readonly cell: string; readonly source: string }
  | {
      readonly kind: "comm";
      readonly id: number;
      readonly message: string;
      readonly buffers: readonly Uint8Array[];
    };

export type ToPage =
  /** `total` is null while the size of a file is not known. */
  | { readonly kind: "fetched"; readonly bytes: number; readonly total: number | null }
  | { readonly kind: "step"; readonly number: number; readonly of: number; readonly what: string }
  | { readonly kind: "ready" }
  | { readonly kind: "outputs"; readonly cell: string; readonly outputs: string }
  | { readonly kind: "comm"; readonly message: string; readonly buffers: readonly Uint8Array[] }
  /** The message with this number has been handled. */
  | { readonly kind: "idle"; readonly id: number }
  | { readonly kind: "failed"; readonly reason: string };

// Fetches all files at once, tells how many bytes have come, and hands the files out afterwards.

export interface Wanted {
  readonly url: string;
  /** As `fetch` takes it. */
  readonly integrity?: string;
}

type Told = (bytes: number, total: number | null) => void;

const TYPES: Readonly<Record<string, string>> = {
  wasm: "application/wasm",
  json: "application/json",
};

export class Files {
  private readonly held = new Map<string, Uint8Array<ArrayBuffer>>();
  private readonly sizes: Map<string, number>;
  private readonly wanted = new Set<string>();
  private bytes = 0;

  constructor(
    sizes: Readonly<Record<string, number>>,
    private readonly told: Told,
    private readonly fetchIt: typeof fetch,
  ) {
    this.sizes = new Map(Object.entries(sizes));
  }

  async get(files: readonly Wanted[]): Promise<void> {
    for (const file of files) this.wanted.add(file.url);
    await Promise.all(files.map((file) => this.one(file)));
  }

  /** What was fetched, or nothing. */
  take(url: string): Uint8Array<ArrayBuffer> | undefined {
    return this.held.get(url);
  }

  /** The answer that a server would give to this address, if its file is here. */
  answer(url: string): Response | undefined {
    const body = this.held.get(url);
    if (body === undefined) return undefined;
    const type = TYPES[url.split(".").at(-1) ?? ""] ?? "application/octet-stream";
    return new Response(body, { headers: { "content-type": type } });
  }

  private async one({ url, integrity }: Wanted): Promise<void> {
    const response = await this.fetchIt(url, integrity === undefined ? {} : { integrity });
    if (!response.ok || response.body === null) {
      throw new Error(`${url} could not be fetched: ${response.status} ${response.statusText}`);
    }
    // The length of what is packed says nothing of what comes out.
    const length = Number(response.headers.get("content-length"));
    if (!this.sizes.has(url) && length > 0 && !response.headers.has("content-encoding")) {
      this.sizes.set(url, length);
    }
    const parts: Uint8Array[] = [];
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      this.bytes += value.length;
      this.told(this.bytes, this.total);
    }
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    this.sizes.set(url, whole.length);
    this.held.set(url, whole);
    this.told(this.bytes, this.total);
  }

  private get total(): number | null {
    let sum = 0;
    for (const url of this.wanted) {
      const size = this.sizes.get(url);
      if (size === undefined) return null;
      sum += size;
    }
    return sum;
  }
}

/** The checksum of Pyodide's list of packages, as `fetch` takes it. */
export function integrityOf(sha256: string): string {
  const bytes = (sha256.match(/../g) ?? []).map((pair) => parseInt(pair, 16));
  return `sha256-${btoa(String.fromCharCode(...bytes))}`;
}

// A canvas that is as sharp as the screen, whatever its size.

export class Sheet {
  readonly canvas = document.createElement("canvas");
  readonly context: CanvasRenderingContext2D;
  width = 0;
  height = 0;

  constructor(parent: HTMLElement, className: string) {
    this.canvas.className = className;
    this.canvas.setAttribute("aria-hidden", "true");
    parent.append(this.canvas);
    const context = this.canvas.getContext("2d");
    if (context === null) throw new Error("This browser cannot draw on a canvas.");
    this.context = context;
  }

  /** Sets the size in CSS pixels. Clears the canvas. */
  resize(width: number, height: number): void {
    const ratio = window.devicePixelRatio || 1;
    this.width = width;
    this.height = height;
    this.canvas.width = Math.max(1, Math.round(width * ratio));
    this.canvas.height = Math.max(1, Math.round(height * ratio));
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  clear(): void {
    this.context.clearRect(0, 0, this.width, this.height);
  }
}

/** Bytes painted through a table of colours, on a small canvas to be drawn from. */
export class Raster {
  readonly canvas = document.createElement("canvas");
  private readonly context = this.canvas.getContext("2d");
  private image: ImageData | null = null;
  private words = new Uint32Array(0);

  /** Writes `bytes` (height x width) at row 0. */
  paint(bytes: Uint8Array, width: number, height: number, table: Uint32Array): void {
    if (this.context === null) return;
    if (this.image === null || this.image.width !== width || this.image.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.image = this.context.createImageData(width, height);
      this.words = new Uint32Array(this.image.data.buffer);
    }
    const { words } = this;
    const length = Math.min(words.length, bytes.length);
    for (let index = 0; index < length; index += 1) {
      words[index] = table[bytes[index] as number] as number;
    }
    this.context.putImageData(this.image, 0, 0);
  }
}

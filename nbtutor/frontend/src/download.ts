// Hands a file to the browser's downloads, without a server.

import type { SentFile } from "./protocol";

const KEEP_MS = 10_000;

export function download(file: SentFile): void {
  const url = URL.createObjectURL(new Blob([file.bytes], { type: file.mime }));
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = file.name;
  anchor.click();
  // The browser may begin to read only after this turn.
  setTimeout(() => URL.revokeObjectURL(url), KEEP_MS);
}

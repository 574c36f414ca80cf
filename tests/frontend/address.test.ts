import assert from "node:assert/strict";
import { test } from "node:test";
import { readLink, withLink } from "../../nbtutor/frontend/src/address";

test("a fragment is ours where it begins so, plain or percent-encoded", () => {
  assert.equal(readLink("#nbt=1;seed=3"), "#nbt=1;seed=3");
  assert.equal(readLink("#nbt%3D1%3Bseed%3D3"), "#nbt%3D1%3Bseed%3D3");
  for (const other of ["", "#", "#what-you-see", "#nbtutor", "#NB", "nbt=1"]) {
    assert.equal(readLink(other), null);
  }
});

test("a very long one is cut, and stays too long for the kernel", () => {
  assert.equal(readLink(`#nbt=1;${"x".repeat(1e6)}`)?.length, 33_000);
});

test("the address that is passed on has the link, and no key to the server", () => {
  assert.equal(
    withLink("http://127.0.0.1:8866/voila/render/00.ipynb?token=abc&theme=dark#old", "#nbt=1;hidden=8,8"),
    "http://127.0.0.1:8866/voila/render/00.ipynb?theme=dark#nbt=1;hidden=8,8",
  );
});

// Hashes a whole file beside the page, slice by slice. Takes { id, file }, answers { id, sha256 } or { id, failed }.
import { Sha256 } from './sha256.js';

const SLICE = 4 * 2 ** 20;

async function hash(file) {
  const sum = new Sha256();
  for (let at = 0; at < file.size; at += SLICE) sum.update(new Uint8Array(await file.slice(at, at + SLICE).arrayBuffer()));
  return sum.hex();
}

let turn = Promise.resolve();
self.addEventListener('message', ({ data: { id, file } }) => {
  // One file at a time: two would only read the disk against each other.
  turn = turn.then(() => hash(file)).then(
    (sha256) => self.postMessage({ id, sha256 }),
    () => self.postMessage({ id, failed: true }),
  );
});

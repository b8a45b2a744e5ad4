// What names a file, and its hashes: of a part, of both ends, of the whole.
const END = 64 * 2 ** 10; // bytes hashed at each end of a file to know it again
export const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, '0')).join('');
export const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
export const digest = (buffer) => crypto.subtle.digest('SHA-256', buffer);

// Without reading: enough to see that the same file was chosen twice on one page.
export const cheapKey = (file, path) => [path || file.name, file.size, file.lastModified].join('|');

// The same file chosen again for the same account finds its upload again, so the key is made from what names it and
// from its first and last bytes: a file of the same name, size and time that holds something else is another one.
export async function onceKey(place, file, path) {
  const ends = [file.slice(0, END), file.slice(Math.max(END, file.size - END))];
  const hashes = [];
  for (const end of ends) hashes.push(hex(await digest(await end.arrayBuffer())));
  return keyOf([place, cheapKey(file, path), ...hashes].join('|'));
}

export async function keyOf(text) {
  const bytes = new Uint8Array(await digest(new TextEncoder().encode(text))).slice(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x80; // version 8 of RFC 9562: own making
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return hex(bytes.buffer).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

// Small files do not wait behind a film of many gigabytes: each kind has a worker of its own.
const SMALL = 64 * 2 ** 20;
const workers = {};
const waiting = new Map();

function workerOf(kind) {
  if (!workers[kind]) {
    const worker = new Worker(new URL('./hash-worker.js', import.meta.url), { type: 'module' });
    const done = (id, sha256) => {
      waiting.get(id)?.resolve(sha256);
      waiting.delete(id);
    };
    worker.addEventListener('message', ({ data }) => done(data.id, data.sha256 ?? ''));
    worker.addEventListener('error', () => { for (const [id, each] of waiting) if (each.kind === kind) done(id, ''); });
    workers[kind] = worker;
  }
  return workers[kind];
}

// Resolves to the whole file's hash in hex, read slice by slice beside the page whatever its size, or to '' where
// that cannot be done: the server's own hash is the one of record.
export function hashWhole(id, file) {
  if (!('Worker' in window)) return Promise.resolve('');
  const kind = file.size > SMALL ? 'large' : 'small';
  return new Promise((resolve) => { waiting.set(id, { resolve, kind }); workerOf(kind).postMessage({ id, file }); });
}

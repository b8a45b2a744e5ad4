// Files go straight from the browser to S3 in parts. Uppy sends, pauses and resumes; the server signs each part and
// has the last word: "unchanged since upload" is shown only after it has read the file back and hashed it.
import { Uppy, AwsS3 } from '../vendor/uppy-6.3.1/uppy.mjs';
import { send, token } from './request.js';
import { UploadList } from './upload-list.js';

const HASHED_WHOLE = 512 * 2 ** 20; // larger files are hashed by part here and as a whole on the server
const POLL = 1500;
const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, '0')).join('');
const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
const digest = (buffer) => crypto.subtle.digest('SHA-256', buffer);

export function start() {
  for (const place of document.querySelectorAll('[data-uploader]')) new Uploader(place);
}

class Uploader {
  constructor(place) {
    this.words = place.dataset;
    this.list = new UploadList(place);
    this.rows = new Map(); // Uppy's file id -> row
    this.shown = new Map(); // item id -> row
    this.items = new Map(); // object key -> { item, file, sha256: Promise }
    this.partSize = 8 * 2 ** 20;
    this.uppy = new Uppy({ autoProceed: false }).use(AwsS3, {
      signRequest: (request) => this.sign(request),
      shouldUseMultipart: () => true,
      getChunkSize: () => this.partSize,
      limit: 3,
    });
    this.uppy.on('upload-progress', (file, { bytesUploaded, bytesTotal }) => this.rows.get(file.id)?.sent(bytesUploaded, bytesTotal));
    this.uppy.on('upload-success', (file) => this.poll(this.rows.get(file.id)));
    this.uppy.on('upload-error', (file) => this.fail(this.rows.get(file.id), () => this.uppy.retryUpload(file.id)));
    const input = place.querySelector('input[type=file]');
    const take = () => { this.choose([...input.files]); input.value = ''; };
    input.addEventListener('change', take);
    if (input.files.length) take(); // chosen while this script was on its way
    place.addEventListener('dragover', (event) => { event.preventDefault(); place.classList.add('over'); });
    place.addEventListener('dragleave', () => place.classList.remove('over'));
    place.addEventListener('drop', (event) => {
      event.preventDefault();
      place.classList.remove('over');
      this.choose([...event.dataTransfer.files]);
    });
    window.addEventListener('beforeunload', (event) => { if (this.list.sending) event.preventDefault(); });
  }

  async choose(files) {
    const rows = files.map((file) => [file, this.list.add(file)]);
    for (const [file, row] of rows) await this.tryBegin(file, row);
  }

  async tryBegin(file, row) {
    try {
      await this.begin(file, row);
    } catch (error) {
      this.fail(row, () => this.tryBegin(file, row), error.words);
    }
  }

  async begin(file, row) {
    row.starting();
    const { startUrl, accountId } = this.words;
    const named = [startUrl, accountId, file.name, file.size, file.lastModified].join('|');
    const json = {
      name: file.name, size: file.size, type: file.type, last_modified: file.lastModified,
      once_key: await onceKey(named), account_id: accountId || null,
    };
    const answer = await send(startUrl, { json });
    if (!answer.ok) throw Object.assign(new Error('refused'), { words: answer.status === 422 ? this.words.refused : undefined });
    const item = await answer.json();
    const shown = this.shown.get(item.id);
    if (shown && shown !== row) return row.remove(shown); // chosen twice on this page
    this.shown.set(item.id, row);
    row.item = item;
    if (item.state !== 'receiving' || item.received) {
      this.poll(row);
      return;
    }
    this.items.set(item.key, { item, file, sha256: hashWhole(item.id, file) });
    this.partSize = item.part_size;
    const id = this.uppy.addFile({ name: file.name, type: file.type, data: file, meta: { itemId: item.id } });
    this.rows.set(id, row);
    row.pausable(() => this.uppy.pauseResume(id));
    // The server opened the upload already: Uppy is started as if resuming, and asks which parts are there.
    this.uppy.setFileState(id, { s3Multipart: { uploadId: item.upload_id, key: item.key } });
    this.uppy.upload().catch(() => null); // each file's own error comes by 'upload-error'
  }

  async sign(request) {
    const { item, file, sha256 } = this.items.get(request.key);
    const headers = { 'X-CSRFToken': token() };
    if (request.method === 'POST') return { url: item.complete_url, headers: { ...headers, 'X-Device-Sha256': await sha256 } };
    if (request.method === 'DELETE') return { url: item.abort_url, headers };
    const json = request.partNumber === undefined ? { action: 'list' } : await describe(item, file, request.partNumber);
    const answer = await send(item.sign_url, { json });
    if (!answer.ok) throw new Error(`sign ${answer.status}`);
    return answer.json();
  }

  async poll(row) {
    row.checking();
    for (;;) {
      const answer = await fetch(row.item.state_url, { headers: { Accept: 'application/json' } }).catch(() => null);
      if (answer?.ok) {
        const found = await answer.json();
        if (found.state !== 'receiving') return row.settled(found);
        row.checking(found.label);
      }
      await new Promise((resolve) => { setTimeout(resolve, POLL); });
    }
  }

  fail(row, again, words) {
    row.failed(words ?? this.words.failed, again);
  }
}

async function describe(item, file, number) {
  const part = await file.slice((number - 1) * item.part_size, number * item.part_size).arrayBuffer();
  return { action: 'part', part_number: number, size: part.byteLength, sha256: base64(await digest(part)) };
}

let worker = null;
const waiting = new Map();

// Resolves to the whole file's hash in hex, or to '' when it is not made here: the server's own is the one of record.
function hashWhole(id, file) {
  if (file.size > HASHED_WHOLE || !('Worker' in window)) return Promise.resolve('');
  if (!worker) {
    worker = new Worker(new URL('./hash-worker.js', import.meta.url), { type: 'module' });
    worker.addEventListener('message', ({ data }) => waiting.get(data.id)?.(data.sha256 ?? ''));
    worker.addEventListener('error', () => { for (const done of waiting.values()) done(''); });
  }
  return new Promise((resolve) => { waiting.set(id, resolve); worker.postMessage({ id, file }); });
}

// The same file chosen again for the same account finds its upload again, so the key is made from what names it.
async function onceKey(text) {
  const bytes = new Uint8Array(await digest(new TextEncoder().encode(text))).slice(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x80; // version 8 of RFC 9562: own making
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return hex(bytes.buffer).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

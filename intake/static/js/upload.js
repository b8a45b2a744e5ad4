// Files go straight from the browser to S3 in parts. Uppy sends, pauses and resumes; the server signs each part and
// has the last word: "unchanged since upload" is shown only after it has read the file back and hashed it.
import { Uppy, AwsS3 } from '../vendor/uppy-6.3.1/uppy.mjs';
import { send, token } from './request.js';
import { Batch } from './upload-batch.js';
import { base64, cheapKey, digest, hashWhole } from './upload-files.js';
import { UploadList } from './upload-list.js';

const AT_ONCE = 3; // files sent at the same time
const AGAIN = [5, 15, 30, 60, 60, 120]; // seconds before a lost file is tried again by itself
const ALIVE = 300_000; // milliseconds between signs of life of a page with unfinished files

export function start() {
  for (const place of document.querySelectorAll('[data-uploader]')) new Uploader(place);
}

class Uploader {
  constructor(place) {
    this.words = place.dataset;
    this.list = new UploadList(place, { pauseAll: (paused) => this.pauseAll(paused) });
    this.byKey = new Map(); // what names a chosen file -> row
    this.byUppy = new Map(); // Uppy's file id -> row
    this.byObject = new Map(); // object key -> row
    this.partSizes = new Map(); // bytes of a file -> bytes of its parts
    this.batches = [];
    this.queue = [];
    this.active = new Set();
    this.uppy = new Uppy({ autoProceed: false }).use(AwsS3, {
      signRequest: (request) => this.sign(request),
      shouldUseMultipart: () => true,
      getChunkSize: ({ size }) => this.partSizes.get(size),
      limit: 1000, // the queue here decides how many go at once: a paused file must not hold a place
    });
    this.uppy.on('upload-progress', (file, { bytesUploaded, bytesTotal }) => this.byUppy.get(file.id)?.sent(bytesUploaded, bytesTotal));
    this.uppy.on('upload-success', (file) => this.arrived(this.byUppy.get(file.id)));
    this.uppy.on('upload-error', (file) => this.lost(this.byUppy.get(file.id)));
    this.listen(place);
    setInterval(() => this.batches.forEach((batch) => batch.alive()), ALIVE);
  }

  listen(place) {
    for (const input of place.querySelectorAll('input[type=file]')) {
      const take = () => { this.choose([...input.files].map((file) => [file, file.webkitRelativePath])); input.value = ''; };
      input.addEventListener('change', take);
      if (input.files.length) take(); // chosen while this script was on its way
    }
    place.addEventListener('dragover', (event) => { event.preventDefault(); place.classList.add('over'); });
    place.addEventListener('dragleave', () => place.classList.remove('over'));
    place.addEventListener('drop', async (event) => {
      event.preventDefault();
      place.classList.remove('over');
      this.choose(await dropped(event.dataTransfer));
    });
    window.addEventListener('beforeunload', (event) => { if (this.list.sending) event.preventDefault(); });
    window.addEventListener('online', () => this.list.rows.filter((row) => row.waitsForLine).forEach((row) => this.again(row)));
  }

  async choose(chosen) {
    const rows = [];
    for (const [file, path] of chosen) {
      const key = cheapKey(file, path);
      const shown = this.byKey.get(key);
      if (shown) shown.point(); // chosen twice on this page
      else {
        const row = this.list.add(file, path);
        this.byKey.set(key, row);
        rows.push(row);
      }
    }
    if (rows.length) await this.declare(new Batch(this.words, rows));
  }

  // The manifest first: what was chosen is known to the server before a byte is sent.
  async declare(batch) {
    if (batch.trying) return;
    batch.trying = true;
    for (const row of batch.rows) if (row.state === 'failed' && !row.queued) row.starting();
    try {
      await batch.open();
      if (!this.batches.includes(batch)) this.batches.push(batch);
      for await (const row of batch.declared()) {
        row.queued = true;
        this.queue.push(row);
        this.next();
      }
    } catch (error) {
      for (const row of batch.rows) if (row.state === 'starting' && !row.queued) this.failed(row, error.status, () => this.declare(batch));
    }
    batch.trying = false;
    batch.watch();
  }

  next() {
    while (!this.paused && this.active.size < AT_ONCE && this.queue.length) {
      const row = this.queue.shift();
      this.active.add(row);
      this.begin(row).catch((error) => { this.done(row); this.failed(row, error.status, () => this.again(row)); });
    }
  }

  done(row) {
    this.active.delete(row);
    this.next();
  }

  again(row) {
    clearTimeout(row.timer);
    row.waitsForLine = false;
    row.starting();
    this.queue.unshift(row);
    this.next();
  }

  async begin(row) {
    const { startUrl, accountId } = this.words;
    const { file } = row;
    const json = {
      name: file.name, size: file.size, type: file.type, last_modified: file.lastModified,
      once_key: row.onceKey, account_id: accountId || null,
    };
    const answer = await send(startUrl, { json });
    if (!answer.ok) throw Object.assign(new Error('refused'), { status: answer.status });
    const item = await answer.json();
    row.item = item;
    this.partSizes.set(file.size, item.part_size);
    if (item.state !== 'receiving' || item.received) {
      this.arrived(row);
      return;
    }
    row.sha256 ??= hashWhole(item.id, file);
    this.byObject.set(item.key, row);
    if (row.uppyId) this.forget(row);
    row.uppyId = this.uppy.addFile({ name: `${row.number} ${file.name}`, type: file.type, data: file, meta: { itemId: item.id } });
    this.byUppy.set(row.uppyId, row);
    row.pausable((paused) => this.pause(row, paused));
    // The server opened the upload already: Uppy is started as if resuming, and asks which parts are there.
    this.uppy.setFileState(row.uppyId, { s3Multipart: { uploadId: item.upload_id, key: item.key } });
    this.uppy.upload().catch(() => null); // each file's own error comes by 'upload-error'
  }

  pause(row, paused) {
    if (Boolean(this.uppy.getFile(row.uppyId)?.isPaused) !== paused) this.uppy.pauseResume(row.uppyId);
    if (paused) this.done(row);
    else this.active.add(row);
  }

  pauseAll(paused) {
    this.paused = paused;
    for (const row of this.list.rows.filter((each) => each.state === (paused ? 'sending' : 'paused'))) row.toggle(paused);
    if (!paused) this.next();
  }

  // Called for each request that Uppy wants to send; the server looks at the right to it each time.
  async sign(request) {
    const row = this.byObject.get(request.key);
    const { item, file } = row;
    row.trouble = undefined;
    const headers = { 'X-CSRFToken': token() };
    if (request.method === 'POST') {
      row.hashing();
      return { url: item.complete_url, headers: { ...headers, 'X-Device-Sha256': await row.sha256 } };
    }
    if (request.method === 'DELETE') return { url: item.abort_url, headers };
    const json = request.partNumber === undefined ? { action: 'list' } : await describe(row, item, file, request.partNumber);
    const answer = await send(item.sign_url, { json });
    if (!answer.ok) {
      row.trouble = answer.status;
      throw new Error(`sign ${answer.status}`);
    }
    return answer.json();
  }

  arrived(row) {
    this.done(row);
    row.checking();
    if (row.uppyId) this.forget(row);
    for (const batch of this.batches) batch.watch();
  }

  // Its data is no longer held by Uppy; a file removed while Uppy still had an upload for it would end that upload.
  forget(row) {
    this.byUppy.delete(row.uppyId);
    this.uppy.removeFile(row.uppyId);
    row.uppyId = null;
  }

  lost(row) {
    this.done(row);
    this.failed(row, row.trouble, () => this.again(row));
  }

  failed(row, status, again) {
    const said = { 400: 'signedOut', 401: 'signedOut', 403: 'notAllowed', 404: 'notAllowed', 413: 'quota', 422: 'refused', unreadable: 'unreadable' }[status];
    if (said) {
      row.failed(this.words[said], again, said === 'signedOut');
      return;
    }
    // The line, the store or the server is away: it goes on by itself, and at once when the person says so.
    const wait = AGAIN[row.tries ?? 0];
    row.tries = (row.tries ?? 0) + 1;
    row.waitsForLine = true;
    row.failed(this.words.failed, again);
    if (wait) row.timer = setTimeout(() => { if (row.waitsForLine) again(); }, wait * 1000);
  }
}

async function describe(row, item, file, number) {
  try {
    const part = await file.slice((number - 1) * item.part_size, number * item.part_size).arrayBuffer();
    return { action: 'part', part_number: number, size: part.byteLength, sha256: base64(await digest(part)) };
  } catch (error) {
    row.trouble = 'unreadable'; // changed, moved or deleted on the device since it was chosen
    throw error;
  }
}

// Files and folders as they were dropped, each with its path.
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((file) => [file, '']);
  const found = [];
  for (const entry of entries) await walk(entry, '', found);
  return found;
}

async function walk(entry, folder, found) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => { entry.file(resolve, reject); }).catch(() => null);
    if (file) found.push([file, folder && folder + file.name]);
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((resolve) => { reader.readEntries(resolve, () => resolve([])); });
    if (!some.length) return;
    for (const each of some) await walk(each, `${folder}${entry.name}/`, found);
  }
}

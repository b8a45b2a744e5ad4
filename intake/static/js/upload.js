// Files go straight from the browser to S3 in parts. Uppy sends, pauses and resumes; the server signs each part and
// has the last word: "unchanged since upload" is shown only after it has read the file back and hashed it.
import { Uppy, AwsS3 } from '../vendor/uppy-6.3.1/uppy.mjs';
import { send, token } from './request.js';

const HASHED_WHOLE = 512 * 2 ** 20; // larger files are hashed by part here and as a whole on the server
const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, '0')).join('');
const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
const digest = (buffer) => crypto.subtle.digest('SHA-256', buffer);

export function start() {
  for (const place of document.querySelectorAll('[data-uploader]')) new Uploader(place);
}

class Uploader {
  constructor(place) {
    this.place = place;
    this.words = place.dataset;
    this.list = place.querySelector('[data-uploader-list]');
    this.status = place.querySelector('[data-uploader-status]');
    this.rows = new Map();
    this.items = new Map(); // object key -> { item, file }
    this.uppy = new Uppy({ autoProceed: false }).use(AwsS3, {
      signRequest: (request) => this.sign(request),
      shouldUseMultipart: () => true,
      getChunkSize: () => this.partSize ?? 8 * 2 ** 20,
      limit: 3,
    });
    this.listen();
    const input = place.querySelector('input[type=file]');
    input.addEventListener('change', () => { this.choose([...input.files]); input.value = ''; });
    place.addEventListener('dragover', (event) => event.preventDefault());
    place.addEventListener('drop', (event) => { event.preventDefault(); this.choose([...event.dataTransfer.files]); });
  }

  listen() {
    this.uppy.on('upload-progress', (file, { bytesUploaded, bytesTotal }) => {
      const row = this.rows.get(file.id);
      if (!row) return;
      row.bar.value = bytesTotal ? bytesUploaded / bytesTotal : 0;
      const percent = Math.floor(row.bar.value * 100);
      row.say(`${this.words.sending} ${percent}%`);
      if (Math.floor(percent / 25) > row.quarter) { row.quarter = Math.floor(percent / 25); this.tell(); }
    });
    this.uppy.on('upload-success', (file) => this.watch(file.id));
    this.uppy.on('upload-error', (file, error) => this.fail(file.id, error));
  }

  async choose(files) {
    for (const file of files) {
      const row = this.addRow(file.name);
      try {
        await this.begin(file, row);
      } catch (error) {
        row.say(error.words ?? this.words.failed, 'bad');
        row.again(() => this.choose([file]), this.words.again);
        this.tell();
      }
    }
  }

  async begin(file, row) {
    row.say(this.words.starting);
    const json = {
      name: file.name, size: file.size, type: file.type, last_modified: file.lastModified,
      once_key: await onceKey(`${this.words.startUrl}|${this.words.accountId}|${file.name}|${file.size}|${file.lastModified}`),
      account_id: this.words.accountId || null,
    };
    const answer = await send(this.words.startUrl, { json });
    if (!answer.ok) throw Object.assign(new Error('refused'), { words: answer.status === 422 ? this.words.refused : this.words.failed });
    const item = await answer.json();
    row.item = item;
    if (item.state !== 'receiving' || item.received) return this.poll(row);
    this.partSize = item.part_size;
    this.items.set(item.key, { item, file });
    const id = this.uppy.addFile({ name: file.name, type: file.type, data: file, meta: { itemId: item.id } });
    this.rows.set(id, row);
    row.id = id;
    row.pausable(() => this.uppy.pauseResume(id), this.words.pause, this.words.resume);
    // The server opened the upload already: Uppy is started as if resuming, and asks which parts are there.
    this.uppy.setFileState(id, { s3Multipart: { uploadId: item.upload_id, key: item.key } });
    this.uppy.upload();
  }

  async sign(request) {
    const { item, file } = this.items.get(request.key);
    const headers = { 'X-CSRFToken': token() };
    if (request.method === 'POST') {
      const whole = file.size <= HASHED_WHOLE ? hex(await digest(await file.arrayBuffer())) : '';
      return { url: item.complete_url, headers: { ...headers, 'X-Device-Sha256': whole } };
    }
    if (request.method === 'DELETE') return { url: item.abort_url, headers };
    const json = request.partNumber === undefined ? { action: 'list' } : await this.describe(item, file, request.partNumber);
    const answer = await send(item.sign_url, { json });
    if (!answer.ok) throw new Error(`sign ${answer.status}`);
    return answer.json();
  }

  async describe(item, file, number) {
    const part = await file.slice((number - 1) * item.part_size, number * item.part_size).arrayBuffer();
    return { action: 'part', part_number: number, size: part.byteLength, sha256: base64(await digest(part)) };
  }

  watch(id) {
    const row = this.rows.get(id);
    row.bar.value = 1;
    row.say(this.words.checking);
    this.poll(row);
  }

  async poll(row) {
    const answer = await fetch(row.item.state_url, { headers: { Accept: 'application/json' } }).catch(() => null);
    if (answer && answer.ok) {
      const { state, label } = await answer.json();
      if (state !== 'receiving') {
        row.done(label, state === 'sealed' ? 'ok' : 'bad');
        return this.tell();
      }
      row.say(label);
    }
    setTimeout(() => this.poll(row), 1500);
  }

  fail(id, _error) {
    const row = this.rows.get(id);
    row.say(this.words.failed, 'bad');
    row.again(() => this.uppy.retryUpload(id), this.words.again);
    this.tell();
  }

  tell() {
    const rows = [...this.list.children];
    const done = rows.filter((row) => row.dataset.state === 'ok').length;
    this.status.textContent = `${done} / ${rows.length} ${this.words.doneOf}`;
  }

  addRow(name) {
    const row = document.createElement('li');
    row.className = 'up-row';
    const title = Object.assign(document.createElement('span'), { className: 'name', textContent: name, dir: 'auto' });
    const buttons = Object.assign(document.createElement('span'), { className: 'btns' });
    const bar = Object.assign(document.createElement('progress'), { max: 1, value: 0 });
    bar.setAttribute('aria-label', `${this.words.progressOf} ${name}`);
    const what = Object.assign(document.createElement('span'), { className: 'what' });
    row.append(title, buttons, bar, what);
    this.list.append(row);
    const say = (words, state = '') => { what.textContent = words; row.dataset.state = state; };
    const button = (words, act) => {
      const made = Object.assign(document.createElement('button'), { type: 'button', className: 'btn s', textContent: words });
      made.addEventListener('click', act);
      buttons.replaceChildren(made);
      return made;
    };
    return {
      bar, say, quarter: 0,
      done: (words, state) => { bar.remove(); buttons.replaceChildren(); say(words, state); },
      again: (act, words) => button(words, () => { buttons.replaceChildren(); act(); }),
      pausable: (act, pause, resume) => {
        const made = button(pause, () => { const paused = act(); made.textContent = paused ? resume : pause; });
      },
    };
  }
}

// The same file chosen again for the same account finds its upload again, so the key is made from what names it.
async function onceKey(text) {
  const bytes = new Uint8Array(await digest(new TextEncoder().encode(text))).slice(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x80;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const text16 = hex(bytes.buffer);
  return `${text16.slice(0, 8)}-${text16.slice(8, 12)}-${text16.slice(12, 16)}-${text16.slice(16, 20)}-${text16.slice(20)}`;
}

// A batch: files chosen together, declared to the server before they are sent, followed until each is here or not.
import { send } from './request.js';
import { cheapKey, keyOf, onceKey } from './upload-files.js';

const LARGEST = 50 * 2 ** 30;
const SLICE = 100; // lines declared at a time
const ASKED = 200; // files of which the state is asked at a time
const POLL = 1500;

export class Batch {
  constructor(words, rows) {
    this.words = words;
    this.rows = rows;
    rows.forEach((row, at) => { row.number = at + 1; });
  }

  // The same choice after a reload is the same batch: its key is made from the names, sizes and times of all files.
  async open() {
    const { batchUrl, accountId } = this.words;
    const keys = this.rows.map((row) => cheapKey(row.file, row.path)).sort();
    const json = {
      files: this.rows.length, size: this.rows.reduce((sum, row) => sum + row.file.size, 0),
      once_key: await keyOf([batchUrl, accountId, ...keys].join('\n')), account_id: accountId || null,
    };
    // Numbers go by the same order each time, so that a line of the manifest is the same file again.
    [...this.rows].sort((a, b) => (cheapKey(a.file, a.path) < cheapKey(b.file, b.path) ? -1 : 1)).forEach((row, at) => { row.number = at + 1; });
    Object.assign(this, await post(batchUrl, json));
  }

  // Declares all lines, a slice at a time, and hands out each file that can be sent.
  async* declared() {
    for (let at = 0; at < this.rows.length; at += SLICE) {
      const slice = this.rows.slice(at, at + SLICE);
      for (const row of slice) await this.name(row);
      await post(this.files_url, { files: slice.map(({ number, file, path, onceKey: once_key }) => ({ number, name: file.name, path, size: file.size, once_key })) });
      for (const row of slice) if (row.state === 'starting' && !row.queued) yield row;
    }
  }

  async name(row) {
    const { startUrl, accountId, refused, unreadable } = this.words;
    const place = `${startUrl}|${accountId}`;
    try {
      row.onceKey ??= await onceKey(place, row.file, row.path);
      if (row.file.size === 0 || row.file.size > LARGEST) row.refused(refused);
    } catch {
      row.onceKey = await keyOf(`${place}|${cheapKey(row.file, row.path)}`);
      row.refused(unreadable);
    }
  }

  get checking() {
    return this.rows.filter((row) => row.state === 'checking');
  }

  get unfinished() {
    return this.rows.some((row) => ['starting', 'sending', 'paused', 'failed'].includes(row.state));
  }

  // Asks how the files that are being checked stand, until none is.
  async watch() {
    if (this.watching) return;
    this.watching = true;
    while (this.checking.length) {
      await this.ask(this.checking.slice(0, ASKED)).catch(() => null);
      await new Promise((resolve) => { setTimeout(resolve, POLL); });
    }
    this.watching = false;
  }

  async ask(rows) {
    const byNumber = new Map(rows.map((row) => [row.number, row]));
    const answer = await fetch(`${this.state_url}?numbers=${[...byNumber.keys()].join(',')}`, { headers: { Accept: 'application/json' } });
    if (!answer.ok) return;
    const told = await answer.json();
    for (const line of told.lines) {
      const row = byNumber.get(line.number);
      if (line.state === 'receiving') row.checking(line.label);
      else row.settled(line);
    }
    this.rows[0].list.result(this, told);
  }

  alive() {
    if (this.unfinished) send(this.keep_url).catch(() => null);
  }
}

async function post(url, json) {
  const answer = await send(url, { json });
  if (!answer.ok) throw Object.assign(new Error('refused'), { status: answer.status });
  return answer.status === 204 ? null : answer.json();
}

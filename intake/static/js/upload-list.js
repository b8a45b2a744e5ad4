// Draws the files of an uploader in three groups, and says in one line how many are where: the counts add up to the
// files chosen. Of thousands of files only the first of each group are drawn. All words come from the uploader's data
// attributes, pictures from its <template data-icons>.
import { Row, make, readableSize } from './upload-row.js';

const GROUPS = ['needs', 'way', 'received'];
const DRAWN = 50; // rows of a group drawn at first, and more at a time
const PIECES = 60; // more files than this are summed in the bar
const ORDER = ['ok', 'go', 'st', 'to', 'no'];
const SVG = 'http://www.w3.org/2000/svg';

export class UploadList {
  constructor(place, { pauseAll }) {
    this.words = place.dataset;
    this.icons = place.querySelector('template[data-icons]');
    this.status = place.querySelector('[data-uploader-status]');
    this.rows = [];
    this.bar = document.createElementNS(SVG, 'svg');
    for (const [name, value] of [['class', 'tally'], ['viewBox', '0 0 640 8'], ['preserveAspectRatio', 'none'], ['aria-hidden', 'true']]) {
      this.bar.setAttribute(name, value);
    }
    this.batch = make('div', 'batch');
    this.batch.hidden = true;
    const anchor = place.querySelector('[data-uploader-list]');
    this.groups = Object.fromEntries(GROUPS.map((name) => [name, this.group(name)]));
    anchor.replaceWith(this.batch, ...Object.values(this.groups).map((group) => group.section));
    this.all = make('p', 'sum');
    this.results = make('p', 'results');
    this.batch.append(this.status, this.pauseButton(pauseAll), this.bar, this.all, this.results);
  }

  get sending() {
    return this.rows.some((row) => ['starting', 'sending', 'paused'].includes(row.state));
  }

  pauseButton(pauseAll) {
    const button = Object.assign(make('button', 'btn s', this.words.pauseAll), { type: 'button', hidden: true });
    let paused = false;
    button.addEventListener('click', () => {
      paused = !paused;
      button.textContent = paused ? this.words.resumeAll : this.words.pauseAll;
      pauseAll(paused);
    });
    this.pause = button;
    return button;
  }

  group(name) {
    const section = make('section', 'grp');
    const heading = make('h3', 'bh', this.words[name] ?? '');
    const count = heading.appendChild(make('span'));
    const list = make('ul', 'card up');
    const more = Object.assign(make('button', 'btn s more', this.words.more), { type: 'button', hidden: true });
    section.append(heading, list, more);
    section.hidden = true;
    const group = { section, list, count, more, rows: new Set(), drawn: DRAWN };
    more.addEventListener('click', () => { group.drawn += DRAWN; this.soon(); });
    return group;
  }

  icon(name) {
    const found = this.icons?.content.querySelector(`[data-icon="${name}"] svg`);
    return found ? found.cloneNode(true) : make('span');
  }

  add(file, path) {
    const row = new Row(this, file, path);
    this.rows.push(row);
    row.starting();
    return row;
  }

  move(row, from, to) {
    if (from !== to) {
      this.groups[from]?.rows.delete(row);
      this.groups[to].rows.add(row);
    }
    this.soon();
  }

  // A thousand changes are drawn once.
  soon() {
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = null;
      this.draw();
    });
  }

  draw() {
    for (const group of Object.values(this.groups)) {
      const first = [...group.rows].slice(0, group.drawn);
      const kept = new Set(first.map((row) => row.draw()));
      for (const node of [...group.list.children]) if (!kept.has(node)) node.remove();
      first.forEach((row, at) => { if (group.list.children[at] !== row.node) group.list.insertBefore(row.node, group.list.children[at] ?? null); });
      group.section.hidden = group.rows.size === 0;
      group.count.textContent = ` ${group.rows.size}`;
      group.more.hidden = group.rows.size <= group.drawn;
    }
    this.count();
  }

  // Said politely, and only when a count changed: a listener hears no percentages.
  count() {
    const at = {};
    for (const row of this.rows) at[row.state] = (at[row.state] ?? 0) + 1;
    const of = (...states) => states.reduce((sum, state) => sum + (at[state] ?? 0), 0);
    const rest = [['countSending', of('sending', 'starting', 'hashing')], ['countPaused', of('paused')], ['countChecking', of('checking')],
      ['countHeld', of('quarantined')], ['countFailed', of('failed', 'refused')]];
    const said = rest.filter(([name, number]) => number && this.words[name]).map(([name, number]) => `${number} ${this.words[name]}`);
    const words = `${of('sealed')} / ${this.rows.length} ${this.words.doneOf}. ${said.join(', ')}`;
    if (this.status.textContent !== words) this.status.textContent = words;
    this.batch.hidden = this.rows.length === 0;
    this.pause.hidden = !of('sending', 'paused') || this.rows.length < 2;
    this.bar.replaceChildren(...this.pieces());
    this.progress();
  }

  // Bytes of all files: what was sent, of what was chosen.
  progress() {
    const all = this.rows.reduce((sum, row) => sum + row.file.size, 0);
    const sent = this.rows.reduce((sum, row) => sum + row.bytes, 0);
    const words = this.sending && all ? `${Math.floor((sent / all) * 100)}% · ${readableSize(sent)} / ${readableSize(all)}` : '';
    if (this.all.textContent !== words) this.all.textContent = words;
  }

  pieces() {
    if (this.rows.length <= PIECES) {
      const step = 640 / this.rows.length;
      return this.rows.map((row, at) => piece(row.piece, at * step, Math.max(1, step - 4)));
    }
    let x = 0;
    return ORDER.map((name) => {
      const width = (this.rows.filter((row) => row.piece === name).length / this.rows.length) * 640;
      x += width;
      return piece(name, x - width, width);
    });
  }

  // The server's own count of a batch, and the way to its list.
  result(batch, told) {
    const going = batch.rows.some((row) => ['starting', 'sending', 'paused', 'hashing', 'checking'].includes(row.state));
    this.results.hidden = going;
    if (going) return;
    batch.line ??= this.results.appendChild(make('a', 'link'));
    batch.line.href = batch.page_url;
    batch.line.textContent = told.words;
  }
}

function piece(name, x, width) {
  const rect = document.createElementNS(SVG, 'rect');
  rect.setAttribute('class', name);
  for (const [key, value] of [['x', x], ['width', width], ['height', 8], ['rx', 2]]) rect.setAttribute(key, value);
  return rect;
}

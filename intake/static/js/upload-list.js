// Draws the files of an uploader in three groups, and says in one line how many are where: the counts add up to the
// files chosen. All words come from the uploader's data attributes, pictures from its <template data-icons>.
const GROUPS = ['needs', 'way', 'received'];
// State of a row -> group, look (class of the state line), piece of the bar, picture.
const STATES = {
  starting: ['way', 'idle', 'to', 'clock'],
  sending: ['way', 'go', 'go', 'out'],
  paused: ['way', 'wait', 'st', 'pause'],
  failed: ['needs', 'bad', 'no', 'warn'],
  checking: ['received', 'wait', 'go', 'clock'],
  sealed: ['received', 'ok', 'ok', 'shield'],
  quarantined: ['received', 'wait', 'st', 'box'],
  refused: ['needs', 'bad', 'no', 'warn'],
};
const KINDS = { image: 'image', video: 'video', audio: 'audio' };
const SVG = 'http://www.w3.org/2000/svg';

const make = (tag, className = '', text = '') => Object.assign(document.createElement(tag), { className, textContent: text });

export class UploadList {
  constructor(place) {
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
    this.batch.append(this.status, this.bar);
  }

  get sending() {
    return this.rows.some((row) => ['starting', 'sending', 'paused'].includes(row.state));
  }

  group(name) {
    const section = make('section', 'grp');
    const heading = make('h3', 'bh', this.words[name] ?? '');
    const count = heading.appendChild(make('span'));
    const list = make('ul', 'card up');
    section.append(heading, list);
    section.hidden = true;
    return { section, list, count };
  }

  icon(name) {
    const found = this.icons?.content.querySelector(`[data-icon="${name}"] svg`);
    return found ? found.cloneNode(true) : make('span');
  }

  add(file) {
    const row = new Row(this, file);
    this.rows.push(row);
    row.starting();
    return row;
  }

  remove(row) {
    this.rows = this.rows.filter((other) => other !== row);
    row.node.remove();
    this.count();
  }

  // Said politely, and only when a count changed: a listener hears no percentages.
  count() {
    const of = (...states) => this.rows.filter((row) => states.includes(row.state)).length;
    for (const { section, list, count } of Object.values(this.groups)) {
      section.hidden = list.children.length === 0;
      count.textContent = ` ${list.children.length}`;
    }
    this.batch.hidden = this.rows.length === 0;
    const rest = [['countSending', of('sending', 'starting')], ['countPaused', of('paused')], ['countChecking', of('checking')],
      ['countHeld', of('quarantined')], ['countFailed', of('failed', 'refused')]];
    const said = rest.filter(([name, number]) => number && this.words[name]).map(([name, number]) => `${number} ${this.words[name]}`);
    const words = `${of('sealed')} / ${this.rows.length} ${this.words.doneOf}. ${said.join(', ')}`;
    if (this.status.textContent !== words) this.status.textContent = words;
    this.bar.replaceChildren(...this.rows.map((row, at) => piece(row, at, this.rows.length)));
  }
}

function piece(row, at, all) {
  const rect = document.createElementNS(SVG, 'rect');
  const step = 640 / all;
  rect.setAttribute('class', STATES[row.state][2]);
  for (const [name, value] of [['x', at * step], ['width', Math.max(1, step - 4)], ['height', 8], ['rx', 2]]) rect.setAttribute(name, value);
  return rect;
}

export function readableSize(bytes) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  const step = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const style = { style: 'unit', unit: units[step], maximumFractionDigits: step > 1 ? 1 : 0 };
  return new Intl.NumberFormat(document.documentElement.lang, style).format(bytes / 1000 ** step);
}

class Row {
  constructor(list, file) {
    this.list = list;
    this.file = file;
    this.state = 'starting';
    this.node = make('li');
    const thumb = make('span', 'th');
    thumb.append(list.icon(KINDS[file.type.split('/')[0]] ?? 'doc'));
    const head = make('div', 'hd');
    const name = make('p', 'nm');
    name.append(make('bdi', '', file.name));
    head.append(name, make('p', 'sz', readableSize(file.size)));
    this.line = make('p', 'v');
    this.bar = Object.assign(document.createElement('progress'), { max: 1, value: 0 });
    this.bar.setAttribute('aria-label', `${list.words.progressOf} ${file.name}`);
    this.more = make('p', 'ex');
    const body = make('div', 'bd');
    body.append(this.line, this.bar, this.more);
    this.buttons = make('div', 'ac');
    this.node.append(thumb, head, body, this.buttons);
  }

  show(state, words, more = '') {
    const [group, look, , picture] = STATES[state] ?? STATES.failed;
    this.line.className = `v ${look}`;
    this.line.replaceChildren(this.list.icon(picture), make('span', '', words));
    this.more.textContent = more;
    this.bar.hidden = !['sending', 'paused'].includes(state);
    this.bar.classList.toggle('held', state === 'paused');
    if (this.state === state && this.node.parentNode) return;
    this.state = state in STATES ? state : 'failed';
    const target = this.list.groups[group].list;
    if (this.node.parentNode !== target) target.append(this.node);
    this.list.count();
  }

  button(words, act) {
    const made = Object.assign(make('button', 'btn s', words), { type: 'button' });
    made.append(make('span', 'vh', `: ${this.file.name}`));
    made.addEventListener('click', act);
    this.buttons.replaceChildren(made);
  }

  starting() { this.buttons.replaceChildren(); this.show('starting', this.list.words.starting); }

  sent(bytes, all) {
    if (this.state === 'checking' || this.state === 'paused') return;
    this.bar.value = all ? bytes / all : 0;
    const { sending } = this.list.words;
    this.show('sending', `${sending} ${Math.floor(this.bar.value * 100)}%`, `${readableSize(bytes)} / ${readableSize(all ?? this.file.size)}`);
  }

  pausable(act) {
    const { pause, resume, sending } = this.list.words;
    const toggle = () => {
      const paused = act();
      this.show(paused ? 'paused' : 'sending', paused ? this.list.words.paused ?? pause : sending);
      this.button(paused ? resume : pause, toggle);
      this.buttons.firstChild.focus();
    };
    this.button(pause, toggle);
  }

  checking(label) { this.buttons.replaceChildren(); this.show('checking', label ?? this.list.words.checking); }

  settled({ state, label, detail, sha256 }) {
    this.buttons.replaceChildren();
    this.show(state in STATES ? state : 'refused', label, detail ?? '');
    if (!sha256) return;
    const hash = make('code', '', ` sha256 ${sha256.slice(0, 4)}…${sha256.slice(-4)}`);
    this.node.querySelector('.sz').append(hash);
  }

  failed(words, again) {
    this.show('failed', words);
    this.button(this.list.words.again, () => { this.starting(); again(); });
  }

  // Gives way to the row that shows the same file already.
  remove(shown) {
    this.list.remove(this);
    shown.node.scrollIntoView({ block: 'nearest' });
    shown.buttons.querySelector('button')?.focus();
  }
}

// One file of an uploader: what it is called, how it stands, and what can be done about it.
// State of a row -> group, look (class of the state line), piece of the bar, picture.
const STATES = {
  starting: ['way', 'idle', 'to', 'clock'],
  sending: ['way', 'go', 'go', 'out'],
  paused: ['way', 'wait', 'st', 'pause'],
  hashing: ['way', 'go', 'go', 'clock'],
  failed: ['needs', 'bad', 'no', 'warn'],
  checking: ['received', 'wait', 'go', 'clock'],
  sealed: ['received', 'ok', 'ok', 'shield'],
  quarantined: ['received', 'wait', 'st', 'box'],
  refused: ['needs', 'bad', 'no', 'warn'],
};
const KINDS = { image: 'image', video: 'video', audio: 'audio' };

export const make = (tag, className = '', text = '') => Object.assign(document.createElement(tag), { className, textContent: text });

export function readableSize(bytes) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  const step = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const style = { style: 'unit', unit: units[step], maximumFractionDigits: step > 1 ? 1 : 0 };
  return new Intl.NumberFormat(document.documentElement.lang, style).format(bytes / 1000 ** step);
}

export class Row {
  constructor(list, file, path) {
    this.list = list;
    this.file = file;
    this.path = path ?? '';
    this.bytes = 0;
    this.acts = [];
  }

  get piece() { return STATES[this.state][2]; }

  // The row as it is drawn; made when it is first to be seen.
  draw() {
    if (!this.node) this.build();
    if (this.changed) this.fill();
    return this.node;
  }

  build() {
    this.node = make('li');
    const thumb = make('span', 'th');
    thumb.append(this.list.icon(KINDS[this.file.type.split('/')[0]] ?? 'doc'));
    const head = make('div', 'hd');
    const name = make('p', 'nm');
    name.append(make('bdi', '', this.file.name));
    this.size = make('p', 'sz', readableSize(this.file.size));
    head.append(name, this.size);
    this.line = make('p', 'v');
    this.bar = Object.assign(document.createElement('progress'), { max: 1, value: 0 });
    this.bar.setAttribute('aria-label', `${this.list.words.progressOf} ${this.file.name}`);
    this.more = make('p', 'ex');
    const body = make('div', 'bd');
    body.append(this.line, this.bar, this.more);
    this.buttons = make('div', 'ac');
    this.node.append(thumb, head, body, this.buttons);
  }

  fill() {
    this.changed = false;
    const [, look, , picture] = STATES[this.state];
    this.line.className = `v ${look}`;
    this.line.replaceChildren(this.list.icon(picture), make('span', '', this.words));
    this.more.textContent = this.detail;
    if (this.signIn) this.more.append(' ', Object.assign(make('a', 'link', this.list.words.signIn), { href: this.list.words.signInUrl }));
    this.bar.hidden = !['sending', 'paused'].includes(this.state);
    this.bar.value = this.file.size ? this.bytes / this.file.size : 0;
    this.bar.classList.toggle('held', this.state === 'paused');
    if (this.sum && !this.hash) {
      this.hash = make('code', '', ` sha256 ${this.sum.slice(0, 4)}…${this.sum.slice(-4)}`);
      this.size.append(this.hash);
    }
    this.fillButtons();
  }

  fillButtons() {
    const said = this.acts.map(([words]) => words).join('|');
    if (said === this.said) return;
    this.said = said;
    const focused = this.buttons.contains(document.activeElement);
    this.buttons.replaceChildren(...this.acts.map(([words, act]) => {
      const button = Object.assign(make('button', 'btn s', words), { type: 'button' });
      button.append(make('span', 'vh', `: ${this.file.name}`));
      button.addEventListener('click', act);
      return button;
    }));
    if (focused) this.buttons.firstChild?.focus();
  }

  show(state, words, detail = '', acts = []) {
    const from = STATES[this.state]?.[0];
    this.state = state in STATES ? state : 'failed';
    Object.assign(this, { words, detail, acts, changed: true });
    this.list.move(this, from, STATES[this.state][0]);
  }

  starting() { this.signIn = false; this.show('starting', this.list.words.starting); }

  sent(bytes, all) {
    if (['checking', 'paused', 'hashing', 'failed'].includes(this.state)) return;
    this.bytes = bytes;
    this.tries = 0;
    const { sending } = this.list.words;
    const done = all ? Math.floor((bytes / all) * 100) : 0;
    this.show('sending', `${sending} ${done}%`, `${readableSize(bytes)} / ${readableSize(all ?? this.file.size)}`, this.pausing());
  }

  pausable(act) {
    this.act = act;
    this.show('sending', this.list.words.sending, '', this.pausing());
  }

  pausing() {
    const { pause, resume } = this.list.words;
    return [[this.state === 'paused' ? resume : pause, () => this.toggle(this.state !== 'paused')]];
  }

  toggle(paused) {
    this.act(paused);
    this.state = paused ? 'paused' : 'sending';
    this.show(this.state, paused ? this.list.words.paused : this.list.words.sending, '', this.pausing());
    // The state was set first for the button's words; the row is in the same group either way.
  }

  hashing() {
    this.bytes = this.file.size;
    this.show('hashing', this.list.words.hashing);
  }

  checking(label) {
    this.bytes = this.file.size;
    this.show('checking', label ?? this.list.words.checking);
  }

  settled({ state, label, detail, sha256 }) {
    this.sum = sha256;
    this.show(state === 'failed' ? 'refused' : state, label, detail ?? '');
  }

  refused(words) { this.show('refused', words); }

  failed(words, again, signIn = false) {
    this.signIn = signIn;
    this.show('failed', words, '', [[this.list.words.again, again]]);
  }

  // Shows which row the file that was chosen again has already.
  point() {
    this.list.soon();
    requestAnimationFrame(() => requestAnimationFrame(() => {
      this.node?.scrollIntoView({ block: 'nearest' });
      this.node?.querySelector('button')?.focus();
    }));
  }
}

// SHA-256 (FIPS 180-4) as a stream, because WebCrypto only hashes what lies in memory as a whole.
const PRIMES = [];
for (let n = 2; PRIMES.length < 64; n += 1) if (PRIMES.every((prime) => n % prime)) PRIMES.push(n);
const fraction = (value) => Math.floor((value - Math.floor(value)) * 2 ** 32) | 0;
const K = Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)));
const START = PRIMES.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));

export class Sha256 {
  constructor() {
    this.state = Int32Array.from(START);
    this.rest = new Uint8Array(64);
    this.words = new Int32Array(64);
    this.filled = 0;
    this.length = 0;
  }

  update(bytes) {
    this.length += bytes.length;
    let at = 0;
    if (this.filled) {
      at = Math.min(64 - this.filled, bytes.length);
      this.rest.set(bytes.subarray(0, at), this.filled);
      this.filled += at;
      if (this.filled < 64) return this;
      this.compress(this.rest, 0, 1);
      this.filled = 0;
    }
    const blocks = (bytes.length - at) >>> 6; // whole blocks are read where they lie
    this.compress(bytes, at, blocks);
    at += blocks * 64;
    this.rest.set(bytes.subarray(at), 0);
    this.filled = bytes.length - at;
    return this;
  }

  hex() {
    const end = new Uint8Array(this.filled < 56 ? 64 : 128);
    end.set(this.rest.subarray(0, this.filled));
    end[this.filled] = 0x80;
    const view = new DataView(end.buffer);
    view.setUint32(end.length - 8, Math.floor(this.length / 2 ** 29));
    view.setUint32(end.length - 4, (this.length << 3) >>> 0);
    this.compress(end, 0, end.length / 64);
    return [...this.state].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  compress(bytes, from, blocks) {
    const { state, words: w } = this;
    let [s0, s1, s2, s3, s4, s5, s6, s7] = state;
    for (let at = from, end = from + blocks * 64; at < end; at += 64) {
      for (let i = 0, j = at; i < 16; i += 1, j += 4) w[i] = (bytes[j] << 24) | (bytes[j + 1] << 16) | (bytes[j + 2] << 8) | bytes[j + 3];
      for (let i = 16; i < 64; i += 1) {
        const x = w[i - 15];
        const y = w[i - 2];
        w[i] = (w[i - 16] + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)) + w[i - 7]
          + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10))) | 0;
      }
      let a = s0;
      let b = s1;
      let c = s2;
      let d = s3;
      let e = s4;
      let f = s5;
      let g = s6;
      let h = s7;
      for (let i = 0; i < 64; i += 1) {
        const t = (h + (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7)))
          + (g ^ (e & (f ^ g))) + K[i] + w[i]) | 0;
        const u = ((((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10)))
          + ((a & b) | (c & (a | b)))) | 0;
        h = g;
        g = f;
        f = e;
        e = (d + t) | 0;
        d = c;
        c = b;
        b = a;
        a = (t + u) | 0;
      }
      s0 = (s0 + a) | 0;
      s1 = (s1 + b) | 0;
      s2 = (s2 + c) | 0;
      s3 = (s3 + d) | 0;
      s4 = (s4 + e) | 0;
      s5 = (s5 + f) | 0;
      s6 = (s6 + g) | 0;
      s7 = (s7 + h) | 0;
    }
    state.set([s0, s1, s2, s3, s4, s5, s6, s7]);
  }
}

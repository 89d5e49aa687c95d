/** SHA-1 as FIPS 180-4 writes it, so that the keys are proved by something other than what makes them. */
export function sha1(message: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil((message.length + 9) / 64) * 64);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, message.length * 8);
  const state = new Uint32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
  for (let block = 0; block < padded.length; block += 64) addBlock(state, view, block);
  const digest = new DataView(new ArrayBuffer(20));
  state.forEach((word, index) => digest.setUint32(index * 4, word));
  return new Uint8Array(digest.buffer);
}

function addBlock(state: Uint32Array, view: DataView, block: number): void {
  const words = new Uint32Array(80);
  const word = (index: number): number => words[index] ?? 0;
  for (let t = 0; t < 16; t += 1) words[t] = view.getUint32(block + t * 4);
  for (let t = 16; t < 80; t += 1) words[t] = rotate(word(t - 3) ^ word(t - 8) ^ word(t - 14) ^ word(t - 16), 1);
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = state;
  for (let t = 0; t < 80; t += 1) {
    const [mix, constant] = round(t, b, c, d);
    const next = (rotate(a, 5) + mix + e + constant + word(t)) >>> 0;
    [e, d, c, b, a] = [d, c, rotate(b, 30), a, next];
  }
  [a, b, c, d, e].forEach((value, index) => {
    state[index] = (state[index] ?? 0) + value;
  });
}

function round(t: number, b: number, c: number, d: number): readonly [number, number] {
  if (t < 20) return [(b & c) | (~b & d), 0x5a827999];
  if (t < 40) return [b ^ c ^ d, 0x6ed9eba1];
  return t < 60 ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc] : [b ^ c ^ d, 0xca62c1d6];
}

const rotate = (value: number, by: number): number => ((value << by) | (value >>> (32 - by))) >>> 0;

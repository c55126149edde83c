// One promise of the documentation about external PostgreSQL, by its number, and what shows that it holds.
const promises = new Map();

// text: the promise, in a few words. verdict: "kept", or what it was replaced by and why. shown: what the test does.
// test: throws when the promise does not hold. container: instead, the titles in test/container that show it.
export function promise(number, { text, verdict = "kept", shown, test, container }) {
  if (promises.has(number)) throw new Error(`promise ${number} is there twice`);
  promises.set(number, { number, text, verdict, shown, test, container });
}

export const allPromises = () => [...promises.values()].sort((left, right) => left.number - right.number);

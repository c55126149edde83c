// Waiting for a condition with a deadline: the only kind of waiting in these tests. A fixed sleep is either
// too long or, on a busy machine, too short.
import { setTimeout as pause } from "node:timers/promises";

// Calls `condition` until it returns something truthy and returns that; throws once `deadline` milliseconds
// are over, with the condition's last error, if it had one, as the cause. `what` completes the sentence
// "waited … ms for".
export async function until(what, condition, { deadline = 10_000, every = 10 } = {}) {
  const begin = performance.now();
  let cause;
  for (;;) {
    try {
      const result = await condition();
      if (result) return result;
    } catch (error) {
      cause = error;
    }
    if (performance.now() - begin > deadline) throw new Error(`waited ${deadline} ms for ${what}`, { cause });
    await pause(every);
  }
}

import type { ChildService } from "../../lake/testbed/childService";
import { sendAll, type SentEvent } from "./tableClient";

/**
 * Sends with many writers and kills the service at a random moment. What was acknowledged is noted.
 */
export async function killAtRandom(
  service: ChildService,
  url: string,
  events: SentEvent[],
  acknowledged: SentEvent[],
  writers: number,
  random: () => number,
): Promise<void> {
  const before = acknowledged.length;
  // A broken connection is what a kill looks like from outside.
  const sending = sendAll(url, events, acknowledged, writers).catch(() => undefined);
  // By progress, not by the clock: the same on a slow machine.
  const until = before + 20 + Math.floor(random() * 1_500);
  while (acknowledged.length < until && acknowledged.length < before + events.length) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await new Promise((resolve) => setTimeout(resolve, random() * 150));
  await service.end("SIGKILL");
  await sending;
}

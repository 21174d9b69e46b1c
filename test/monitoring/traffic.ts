/**
 * Sends what a healthy run never does, so that series of refusals exist.
 *
 * @param addresses of the run's services by name
 */
export async function sendOddEvents(addresses: ReadonlyMap<string, string>): Promise<void> {
  const table = addresses.get("inference-table");
  if (table === undefined) throw new Error("the run has no inference table");
  const answer = await fetch(table, { method: "POST", body: "no CloudEvent" });
  if (answer.status !== 400) {
    throw new Error(`the inference table answered ${answer.status} to what is no CloudEvent`);
  }
}

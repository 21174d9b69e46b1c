import { drawnKill, killedOnce } from "./interrupted";
import { preparing } from "./prepareBed";

const seed = 2026;
const kills = Number(process.env.MLP_KILLS ?? 200);

describe(`${kills} updates killed on their way`, function () {
  this.timeout(6 * 3_600_000);
  before(preparing("pulumi"));

  it("nothing is made twice and no state needs hand work", async () => {
    let pending = 0;
    for (let run = 1; run <= kills; run++) {
      const kill = drawnKill(seed, run);
      const what = `kill ${run} (${kill.replaces ? "replacing" : "first"}, ${kill.point} changes)`;
      try {
        const open = await killedOnce(kill);
        pending += open;
        console.log(`      ${what}: ${open} operations were pending, ${pending} so far`);
      } catch (error) {
        throw new Error(`${what} of seed ${seed}`, { cause: error });
      }
    }
  });
});

import { changesOfUp, killedOnce, seeded } from "./interrupted";

const kills = Number(process.env.MLP_KILLS ?? 200);

describe(`${kills} updates killed on their way`, function () {
  this.timeout(6 * 3_600_000);

  it("nothing is made twice and no state needs hand work", async () => {
    const draw = seeded(2026);
    let pending = 0;
    for (let run = 1; run <= kills; run++) {
      pending += await killedOnce(1 + draw(changesOfUp));
      if (run % 20 === 0 || run === kills) {
        console.log(`      ${run} kills, ${pending} operations were pending`);
      }
    }
  });
});
